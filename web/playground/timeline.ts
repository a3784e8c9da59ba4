/** Follows one challenge at a time, as the service streams it. */
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { type Challenge, ChallengeState, CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { h } from "../element/dom.ts";
import { countdown } from "../element/format.ts";
import { type Change, describeChanges } from "./changes.ts";
import { byId, timeOf } from "./page.ts";

export type Timeline = { follow(challengeId: string): void };

export function createTimeline(): Timeline {
  const client = createClient(CodeService, createConnectTransport({ baseUrl: location.origin }));
  const list = byId("timeline");
  const life = createLife();
  let followed = "";
  let stop = new AbortController();
  const show = ({ text, tone }: Change): void => {
    byId("timeline-empty").hidden = true;
    list.append(h("li", { class: tone }, h("span", {}, text), h("time", {}, timeOf(Date.now()))));
    list.scrollTop = list.scrollHeight;
  };
  return {
    follow(challengeId) {
      if (challengeId === followed) return;
      followed = challengeId;
      stop.abort();
      stop = new AbortController();
      list.replaceChildren();
      const { signal } = stop;
      const watch = async (): Promise<void> => {
        let before: Challenge | undefined;
        for await (const { challenge } of client.watchChallenge({ challengeId }, { signal })) {
          if (!challenge) continue;
          for (const change of describeChanges(before, challenge)) show(change);
          life.show(challenge);
          before = challenge;
        }
      };
      watch().catch(() => {
        if (!signal.aborted) show({ text: "The stream ended; reload to follow the challenge again", tone: "bad" });
      });
    },
  };
}

/** How much of the challenge's time is left. */
function createLife() {
  const place = byId("life");
  const left = place.firstElementChild as HTMLElement;
  let shown: Challenge | undefined;
  const draw = (): void => {
    if (!shown?.createTime || !shown.expireTime) return;
    const [from, to] = [timestampMs(shown.createTime), timestampMs(shown.expireTime)];
    const leftMs = Math.max(0, to - Date.now());
    const isOpen = shown.state === ChallengeState.PENDING && leftMs > 0;
    place.hidden = !isOpen;
    left.style.setProperty("--left", String(Math.min(1, leftMs / (to - from))));
    left.textContent = `expires in ${countdown(leftMs)}`;
  };
  setInterval(draw, 1_000);
  return {
    show(challenge: Challenge): void {
      shown = challenge;
      draw();
    },
  };
}
