/** The development inbox as a phone shows it. */
import { h } from "../element/dom.ts";
import { createMail } from "./mail.ts";
import { byId, shortTimeOf } from "./page.ts";
import { createSpeaker } from "./speaker.ts";

export type Message = {
  readonly channel: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly code: string;
  readonly challengeId: string;
  readonly sentAt: string;
  readonly html?: string;
  readonly speech?: { readonly before: string; readonly after: string; readonly locale: string };
};

const pollMs = 1_000;

/** `onCode` is called with a code that was clicked. Answers with what fetches at once. */
export function createInbox(onCode: (code: string) => void): { refresh(): Promise<void> } {
  const list = byId("messages");
  const shown = new Set<string>();
  const speaker = createSpeaker();
  const toEnd = (): void => {
    list.scrollTop = list.scrollHeight;
  };
  const refresh = async (): Promise<void> => {
    const response = await fetch("/playground/inbox.json");
    const messages = ((await response.json()) as Message[]).reverse();
    for (const message of messages) {
      const name = `${message.challengeId} ${message.sentAt}`;
      if (shown.has(name)) continue;
      shown.add(name);
      list.append(showMessage(message, onCode, speaker));
      byId("lock-screen").hidden = true;
      toEnd();
    }
  };
  // Emails grow when they are loaded.
  list.addEventListener("load", toEnd, { capture: true });
  const quietly = (): Promise<void> => refresh().catch(() => undefined);
  const poll = (): void => {
    if (document.visibilityState === "visible") void quietly();
  };
  setInterval(poll, pollMs);
  showClock();
  poll();
  return { refresh: quietly };
}

type Speaker = ReturnType<typeof createSpeaker>;

function showMessage(message: Message, onCode: (code: string) => void, speaker: Speaker): HTMLElement {
  const heading = h(
    "p",
    { class: "from" },
    h("span", {}, titles[message.channel] ?? message.channel),
    h("time", {}, shortTimeOf(Date.parse(message.sentAt))),
  );
  return h(
    "li",
    { class: `message ${message.channel}`, "data-challenge": message.challengeId },
    heading,
    ...bodyOf(message, onCode, speaker),
  );
}

const titles: Readonly<Record<string, string>> = { sms: "Message", voice: "Phone call", email: "Mail", whatsapp: "WhatsApp" };

function bodyOf(message: Message, onCode: (code: string) => void, speaker: Speaker): HTMLElement[] {
  const code = h("button", { class: "code", type: "button", "aria-label": `Fill in ${message.code}`, click: () => onCode(message.code) });
  code.textContent = message.code;
  if (message.speech) {
    const { before, after, locale } = message.speech;
    const transcript = h("p", { lang: locale, dir: "auto" }, `“${before} `, code, ` ${after}”`);
    return [transcript, ...speaker.controls(message.speech, message.code)];
  }
  if (message.html !== undefined) {
    return [h("p", { class: "subject", dir: "auto" }, message.subject), createMail(message), h("p", { class: "below" }, "Fill in ", code)];
  }
  const [before = "", ...after] = message.text.split(message.code);
  return [h("p", { class: "bubble", dir: "auto" }, before, code, after.join(message.code))];
}

function showClock(): void {
  const draw = (): void => {
    const now = Date.now();
    byId("device-time").textContent = shortTimeOf(now);
    byId("device-clock").textContent = shortTimeOf(now);
    byId("device-date").textContent = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" }).format(now);
  };
  draw();
  setInterval(draw, 10_000);
}
