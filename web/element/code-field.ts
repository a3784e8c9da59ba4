import { type Alphabet, extractCode } from "./code-text.ts";
import { h } from "./dom.ts";

export type CodeField = {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  value(): string;
  enter(text: string): void;
  clear(): void;
};

export type CodeFieldOptions = {
  readonly length: number;
  readonly alphabet: Alphabet;
  /** Every change by hand, paste or the browser. */
  readonly onChange: (code: string) => void;
};

/**
 * One input, so that autofill, paste and screen readers find what they know; the boxes behind it are for the eye only and show what
 * it holds. It takes more than the code has, since a whole message may be pasted.
 */
export function createCodeField({ length, alphabet, onChange }: CodeFieldOptions): CodeField {
  const boxes = Array.from({ length }, () => h("span", { class: "box", part: "box" }));
  const input = h("input", {
    id: "code",
    part: "code-input",
    class: "code-input",
    type: "text",
    inputmode: alphabet === "digits" ? "numeric" : "text",
    autocomplete: "one-time-code",
    autocapitalize: alphabet === "digits" ? "none" : "characters",
    autocorrect: "off",
    spellcheck: "false",
    dir: "ltr",
    required: true,
    "aria-describedby": "sent problem",
  });
  const element = h(
    "div",
    { class: "code", part: "code", dir: "ltr" },
    h("span", { class: "boxes", "aria-hidden": "true" }, ...boxes),
    input,
  );
  element.style.setProperty("--length", String(length));

  const draw = (): void => {
    const { value } = input;
    const focused = input.matches(":focus");
    boxes.forEach((box, index) => {
      box.textContent = value[index] ?? "";
      box.classList.toggle("filled", index < value.length);
      box.classList.toggle("next", focused && !input.readOnly && index === Math.min(value.length, length - 1));
    });
  };
  let held = "";
  const take = (text: string): void => {
    const code = extractCode(text, length, alphabet);
    if (input.value !== code) input.value = code;
    draw();
    if (code === held) return;
    held = code;
    onChange(code);
  };
  const toEnd = (): void => input.setSelectionRange(input.value.length, input.value.length);
  input.addEventListener("input", () => take(input.value));
  input.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text");
    if (!text) return;
    event.preventDefault();
    if (!input.readOnly) take(joined(input, text, length, alphabet));
  });
  for (const type of ["focus", "blur"]) input.addEventListener(type, draw);
  // The boxes have no place for a caret in the middle.
  for (const type of ["focus", "click", "keyup"]) input.addEventListener(type, toEnd);
  draw();
  return {
    element,
    input,
    value: () => input.value,
    enter: take,
    clear() {
      held = "";
      input.value = "";
      draw();
    },
  };
}

/** A whole code replaces what was there; a part of one is added to it. */
function joined(input: HTMLInputElement, text: string, length: number, alphabet: Alphabet): string {
  const whole = extractCode(text, length, alphabet);
  const replacesAll = whole.length === length || input.selectionStart !== input.selectionEnd;
  return replacesAll ? text : input.value + whole;
}
