import { h } from "../element/dom.ts";

type Speech = { readonly before: string; readonly after: string; readonly locale: string };

/** Says what the call says, where the browser can speak. */
export function createSpeaker() {
  return {
    controls({ before, after, locale }: Speech, code: string): HTMLElement[] {
      if (!("speechSynthesis" in globalThis)) return [];
      const play = (): void => {
        // Digit by digit, as the call does.
        const utterance = new SpeechSynthesisUtterance(`${before} ${[...code].join(", ")}. ${after}`);
        utterance.lang = locale;
        utterance.rate = 0.9;
        speechSynthesis.cancel();
        speechSynthesis.speak(utterance);
      };
      const wave = h("span", { class: "wave", "aria-hidden": "true" });
      return [
        h("div", { class: "player" }, h("button", { class: "play", type: "button", "aria-label": "Play the call", click: play }), wave),
      ];
    },
  };
}
