/** The page's side: one panel per step, made when the step begins, changed while it lasts. */
import type { ServerClock } from "./clock.ts";
import type { Alphabet } from "./code-text.ts";
import { h, setText } from "./dom.ts";
import type { ChannelName, Kind, State } from "./machine.ts";
import { createCodePanel } from "./panel-code.ts";
import { createDonePanel, createOverPanel, createRestoringPanel } from "./panel-end.ts";
import { createRecipientPanel } from "./panel-recipient.ts";
import type { Texts } from "./texts.ts";

export type Actions = {
  send(kind: Kind, value: string): void;
  sendNew(): void;
  resend(channel: ChannelName): void;
  verify(code: string): void;
  startOver(kind: Kind): void;
  /** The time of the challenge is over. */
  expire(): void;
};

export type ViewContext = {
  readonly actions: Actions;
  readonly texts: Texts;
  readonly locale: string;
  readonly direction: "ltr" | "rtl";
  readonly alphabet: Alphabet;
  readonly channels: readonly ChannelName[];
  readonly country: string;
  readonly recipient: string;
  readonly clock: ServerClock;
  /** Says something to whoever does not see it. */
  readonly announce: (text: string) => void;
};

export type Panel<S extends State = State> = {
  readonly element: HTMLElement;
  update(state: S): void;
  /** Once a second, while times are shown. */
  tick?(): void;
  focus(): void;
  close?(): void;
  /** Puts a code in as if it was typed. */
  enterCode?(text: string): void;
};

export type View = {
  render(state: State): void;
  tick(): void;
  enterCode(text: string): void;
  close(): void;
};

export function createView(root: ShadowRoot, context: Omit<ViewContext, "announce">): View {
  const status = h("p", { class: "unseen", role: "status", "aria-live": "polite" });
  const frame = h("div", { class: "frame", part: "frame", dir: context.direction, lang: context.locale }, status);
  root.replaceChildren(frame);
  const whole: ViewContext = { ...context, announce: (text) => setText(status, text) };
  let step: State["step"] | undefined;
  let panel: Panel | undefined;
  return {
    render(state) {
      if (state.step !== step) {
        const focused = root.activeElement !== null;
        panel?.close?.();
        panel?.element.remove();
        step = state.step;
        panel = createPanel(state, whole);
        frame.prepend(panel.element);
        panel.update(state);
        // Only where the person was already here: a page that restores a challenge is not scrolled to it.
        if (focused) panel.focus();
      } else panel?.update(state);
    },
    tick: () => panel?.tick?.(),
    enterCode: (text) => panel?.enterCode?.(text),
    close: () => panel?.close?.(),
  };
}

function createPanel({ step }: State, context: ViewContext): Panel {
  const panels: Readonly<Record<State["step"], () => Panel<never>>> = {
    restoring: () => createRestoringPanel(context),
    recipient: () => createRecipientPanel(context),
    code: () => createCodePanel(context),
    over: () => createOverPanel(context),
    done: () => createDonePanel(context),
  };
  return panels[step]() as Panel;
}
