import { h } from "../element/dom.ts";

type Mail = { readonly challengeId: string; readonly sentAt: string; readonly subject: string };

/** Emails are laid out for wider screens than the phone of the page. */
const scale = 0.8;
const mostPixels = 420;

/** The email as it was sent, in a frame in which nothing runs (`sandbox` without scripts, and a policy of its own). */
export function createMail({ challengeId, sentAt, subject }: Mail): HTMLElement {
  const frame = h("iframe", {
    title: `Email: ${subject}`,
    sandbox: "allow-same-origin",
    referrerpolicy: "no-referrer",
    src: `/dev/inbox/email?${new URLSearchParams({ challengeId, sentAt })}`,
  });
  const place = h("div", { class: "mail-frame" }, frame);
  frame.addEventListener("load", () => {
    const height = frame.contentDocument?.body.scrollHeight;
    if (height) place.style.blockSize = `${Math.min(height * scale, mostPixels)}px`;
  });
  return place;
}
