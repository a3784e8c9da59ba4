import { type Child, h } from "./dom.ts";
import { explain } from "./explain.ts";
import { localFailure, notSent } from "./failure.ts";
import type { Kind, State } from "./machine.ts";
import { createMainButton, createProblem } from "./parts.ts";
import { createPhoneField } from "./phone-field.ts";
import { kindsOf } from "./settings.ts";
import type { Panel, ViewContext } from "./view.ts";

type RecipientState = Extract<State, { step: "recipient" }>;

/** A field of one kind of recipient. `read` gives undefined for what cannot be one. */
export type RecipientField = { readonly element: HTMLElement; readonly input: HTMLInputElement; read(): string | undefined };

export function createRecipientPanel(context: ViewContext): Panel<RecipientState> {
  const { texts, actions, recipient } = context;
  const kinds = kindsOf(context.channels);
  let kind: Kind = kinds[0] ?? "phone";
  let busy = false;
  const fields: Readonly<Record<Kind, RecipientField>> = { phone: createPhoneField(context), email: createEmailField(context) };
  fields[recipient.includes("@") ? "email" : "phone"].input.value = recipient;

  const slot = h("div", { class: "field" });
  const button = createMainButton(texts.send, texts.sending);
  let problem = createProblem(fields[kind].input);
  const showKind = (chosen: Kind): void => {
    kind = chosen;
    const { element, input } = fields[kind];
    problem = createProblem(input);
    slot.replaceChildren(h("label", { for: "recipient", part: "label" }, texts.fields[kind]), element, problem.element);
  };
  const choice = kinds.length > 1 ? createChoice(context, kinds, showKind) : undefined;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (busy) return;
    const value = fields[kind].read();
    if (value === undefined) {
      problem.show(explain(localFailure(notSent, "recipient"), { kind }, context));
      fields[kind].input.focus();
    } else actions.send(kind, value);
  };
  const element = h(
    "form",
    { class: "panel", part: "form", novalidate: true, submit },
    ...(choice ? [choice.element] : []),
    slot,
    button.element,
  );
  let shown: Kind | undefined;
  return {
    element,
    update(state) {
      busy = state.busy;
      if (shown !== state.kind) {
        shown = state.kind;
        choice?.choose(state.kind);
        showKind(state.kind);
      }
      button.show(busy);
      fields[kind].input.readOnly = busy;
      problem.show(state.failure ? explain(state.failure, { kind }, context) : "");
      if (state.failure) fields[kind].input.focus();
    },
    focus: () => fields[kind].input.focus(),
  };
}

function createEmailField({ recipient }: ViewContext): RecipientField {
  const input = h("input", {
    id: "recipient",
    part: "input",
    type: "email",
    inputmode: "email",
    autocomplete: "email",
    autocapitalize: "none",
    spellcheck: "false",
    dir: "ltr",
    maxlength: 254,
    required: true,
    "aria-describedby": "problem",
  });
  if (recipient.includes("@")) input.value = recipient;
  return { element: input, input, read: () => (/^[^@\s]+@[^@\s]+$/.test(input.value.trim()) ? input.value.trim() : undefined) };
}

function createChoice({ texts }: ViewContext, kinds: readonly Kind[], show: (kind: Kind) => void) {
  const radios = kinds.map((kind) => {
    const radio = h("input", { type: "radio", name: "kind", value: kind, id: `kind-${kind}`, change: () => show(kind) });
    return { kind, radio };
  });
  const choices = radios.flatMap(({ kind, radio }): Child[] => [radio, h("label", { for: radio.id, part: "choice" }, texts.kinds[kind])]);
  const element = h("fieldset", { class: "choice", part: "choices" }, h("legend", { class: "unseen" }, texts.kindQuestion), ...choices);
  const choose = (kind: Kind): void => {
    for (const each of radios) each.radio.checked = each.kind === kind;
  };
  return { element, choose };
}
