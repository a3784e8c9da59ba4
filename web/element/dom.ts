type Listener = (event: Event) => void;
type Props = Readonly<Record<string, string | number | boolean | undefined | Listener>>;
export type Child = Node | string;

/** Makes an element without any text being parsed as HTML. Functions become listeners; `true` is an empty attribute, `false` none. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** A text in which `{to}` stands for something that reads left to right in every language. */
export function withIsolated(text: string, to: string): Child[] {
  const [before = "", after = ""] = text.split("{to}");
  return [before, h("bdi", { dir: "ltr", part: "recipient" }, to), after];
}

/** Sets a text only when it changes: a live region would be read again. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
