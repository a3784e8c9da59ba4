/** Pieces that several panels have. */
import { h, setText } from "./dom.ts";

/** Read aloud as soon as it has a text, and tied to the field it is about. */
export type Problem = { readonly element: HTMLElement; show(text: string): void };

export function createProblem(field: HTMLElement): Problem {
  const element = h("p", { id: "problem", class: "problem", part: "error", role: "alert" });
  return {
    element,
    show(text) {
      setText(element, text);
      if (text) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    },
  };
}

export type Button = { readonly element: HTMLButtonElement; show(busy: boolean): void };

/** Busy it stays where it is and keeps the focus, but does nothing. */
export function createMainButton(label: string, busyLabel: string): Button {
  const text = h("span", {}, label);
  const element = h(
    "button",
    { class: "main", part: "button", type: "submit" },
    h("span", { class: "spinner", "aria-hidden": "true" }),
    text,
  );
  return {
    element,
    show(busy) {
      setText(text, busy ? busyLabel : label);
      element.classList.toggle("busy", busy);
      if (busy) element.setAttribute("aria-disabled", "true");
      else element.removeAttribute("aria-disabled");
    },
  };
}

export const createLink = (label: string, onClick: () => void): HTMLButtonElement =>
  h("button", { class: "link", part: "link", type: "button", click: onClick }, label);
