import { type CodeField, createCodeField } from "./code-field.ts";
import { h, setText, withIsolated } from "./dom.ts";
import { explain } from "./explain.ts";
import { plural } from "./format.ts";
import type { ChallengeInfo, CodeState } from "./machine.ts";
import { kindOf } from "./machine.ts";
import { createLink, createMainButton, createProblem } from "./parts.ts";
import { createResendArea } from "./resend-area.ts";
import type { Panel, ViewContext } from "./view.ts";
import { readSms } from "./web-otp.ts";

export function createCodePanel(context: ViewContext): Panel<CodeState> {
  const { texts, actions, alphabet, locale, announce, clock } = context;
  const closed = new AbortController();
  const sent = h("p", { id: "sent", class: "sent", part: "message" });
  const label = h("label", { for: "code", part: "label" });
  const button = createMainButton(texts.verify, texts.verifying);
  const resend = createResendArea(context);
  const change = createLink("", () => state && actions.startOver(kindOf(state.challenge.channel)));
  let state: CodeState | undefined;
  let field: CodeField | undefined;
  let problem = createProblem(label);
  let reading = false;

  const changed = (code: string): void => {
    if (state?.busy || !field) return;
    problem.show("");
    if (code.length === state?.challenge.codeLength) actions.verify(code);
  };
  const fieldPlace = h("div", { class: "field" });
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!state?.busy && field) actions.verify(field.value());
  };
  const element = h(
    "form",
    { class: "panel", part: "form", novalidate: true, submit },
    sent,
    fieldPlace,
    button.element,
    resend.element,
    change,
  );

  const makeField = ({ codeLength }: ChallengeInfo): CodeField => {
    const made = createCodeField({ length: codeLength, alphabet, onChange: changed });
    problem = createProblem(made.input);
    setText(label, plural(texts.codeLabel[alphabet], codeLength, locale));
    fieldPlace.replaceChildren(label, made.element, problem.element);
    return made;
  };
  const readFromSms = async ({ channel }: ChallengeInfo): Promise<void> => {
    if (channel !== "sms" || reading) return;
    reading = true;
    const code = await readSms(closed.signal);
    reading = false;
    if (code !== undefined) field?.enter(code);
  };
  const showSent = (next: CodeState): void => {
    const { channel, maskedRecipient } = next.challenge;
    sent.replaceChildren(...withIsolated(texts.sent[channel], maskedRecipient));
    setText(change, texts.change[kindOf(channel)]);
    if (next.messages > 0) announce(sent.textContent ?? "");
    field?.clear();
    void readFromSms(next.challenge);
  };
  const showOutcome = (before: CodeState | undefined, { busy, failure, challenge }: CodeState, input: CodeField): void => {
    if (failure && failure !== before?.failure) {
      problem.show(explain(failure, { kind: kindOf(challenge.channel), codeLength: challenge.codeLength }, context));
      if (costAGuess.has(failure.reason)) input.clear();
      input.input.focus();
    } else if (busy) problem.show("");
  };
  return {
    element,
    update(next) {
      const before = state;
      state = next;
      field ??= makeField(next.challenge);
      if (before?.messages !== next.messages || before.challenge.channel !== next.challenge.channel) showSent(next);
      field.input.readOnly = next.busy === "verify";
      element.setAttribute("aria-busy", String(next.busy !== undefined));
      button.show(next.busy === "verify");
      showOutcome(before, next, field);
      if (before?.busy === "resend" && !next.busy) field.input.focus();
      resend.update(next);
    },
    tick() {
      if (!state) return;
      resend.tick();
      if (!state.busy && clock.now() >= state.challenge.expiresAt) actions.expire();
    },
    focus: () => field?.input.focus(),
    enterCode: (text) => field?.enter(text),
    close: () => closed.abort(),
  };
}

/** What was typed is worth nothing any more; after anything else it may be sent again. */
const costAGuess: ReadonlySet<string> = new Set(["CODE_MISMATCH", "BINDING_MISMATCH"]);
