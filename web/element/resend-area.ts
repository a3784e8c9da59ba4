import { h, setText } from "./dom.ts";
import { countdown, fill } from "./format.ts";
import type { ChannelName, CodeState } from "./machine.ts";
import { kindOf } from "./machine.ts";
import { createLink } from "./parts.ts";
import type { ViewContext } from "./view.ts";

/** The ways to another message, and how long until the service sends one. */
export function createResendArea({ texts, channels, clock, actions, announce }: ViewContext) {
  const line = h("p", { class: "wait", part: "wait", id: "wait" });
  const ways = h("div", { class: "ways" });
  const element = h("div", { class: "resend", part: "resend" }, line, ways);
  let state: CodeState | undefined;
  let waited = false;

  const offer = ({ challenge }: CodeState): void => {
    const own = challenge.channel;
    const others = channels.filter((channel) => channel !== own && kindOf(channel) === kindOf(own));
    const way = (channel: ChannelName, label: string) => createLink(label, () => actions.resend(channel));
    ways.replaceChildren(way(own, texts.again), ...others.map((channel) => way(channel, texts.byChannel[channel])));
  };
  const tick = (): void => {
    if (!state) return;
    const { challenge, busy } = state;
    const leftMs = challenge.resendAt - clock.now();
    const isSpent = challenge.sendsRemaining === 0;
    ways.hidden = isSpent;
    for (const each of ways.querySelectorAll("button")) each.disabled = leftMs > 0 || busy !== undefined;
    if (isSpent) setText(line, texts.noMore);
    else setText(line, leftMs > 0 ? fill(texts.wait, { time: countdown(leftMs) }) : texts.missing);
    // Once, when the wait is over, and not at every second of it.
    if (waited && leftMs <= 0 && !isSpent) announce(texts.ready);
    waited = leftMs > 0;
  };
  return {
    element,
    tick,
    update(next: CodeState): void {
      if (state?.challenge.channel !== next.challenge.channel) offer(next);
      state = next;
      tick();
    },
  };
}
