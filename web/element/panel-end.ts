/** The steps without a field: nothing to type, one thing to do at most. */
import { h, setText } from "./dom.ts";
import { explain } from "./explain.ts";
import type { Kind, State } from "./machine.ts";
import { createLink, createMainButton, createProblem } from "./parts.ts";
import type { Panel, ViewContext } from "./view.ts";

export function createRestoringPanel({ texts }: ViewContext): Panel {
  const element = h("p", { class: "panel quiet", part: "message", "aria-busy": "true" }, texts.loading);
  return { element, update: () => undefined, focus: () => undefined };
}

export function createOverPanel(context: ViewContext): Panel<Extract<State, { step: "over" }>> {
  const { texts, actions } = context;
  const title = h("p", { class: "title", part: "title", tabindex: "-1" });
  const button = createMainButton(texts.newCode, texts.sending);
  const problem = createProblem(title);
  let kind: Kind = "phone";
  let busy = false;
  const change = createLink("", () => actions.startOver(kind));
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!busy) actions.sendNew();
  };
  const element = h("form", { class: "panel", part: "form", submit }, title, problem.element, button.element, change);
  return {
    element,
    update(state) {
      kind = state.kind;
      busy = state.busy;
      setText(title, texts.over[state.why]);
      setText(change, texts.change[kind]);
      // The title has said it, unless there is more to say: until when, or what went wrong since.
      const isSaid = state.failure === undefined || saidByTitle.has(state.failure.reason);
      const text = isSaid || !state.failure ? "" : explain(state.failure, { kind }, context);
      problem.show(text);
      title.removeAttribute("aria-invalid");
      context.announce(title.textContent ?? "");
      button.show(busy);
    },
    focus: () => title.focus(),
  };
}

const saidByTitle: ReadonlySet<string> = new Set([
  "CODE_EXPIRED",
  "CODE_ALREADY_USED",
  "CHALLENGE_CANCELED",
  "CHALLENGE_NOT_FOUND",
  "CODE_MISMATCH",
]);

export function createDonePanel({ texts, announce }: ViewContext): Panel {
  const title = h("p", { class: "title", part: "title", tabindex: "-1" }, texts.done);
  const element = h("div", { class: "panel done", part: "done" }, h("span", { class: "tick", part: "tick", "aria-hidden": "true" }), title);
  return { element, update: () => announce(texts.done), focus: () => title.focus() };
}
