/** The calls of the element, each in the words of several tools. */
import { h } from "../element/dom.ts";
import { highlight } from "./highlight.ts";
import { byId } from "./page.ts";
import type { Call } from "./record-calls.ts";
import { curl, grpcurl, type Places, typescript } from "./snippets.ts";

type View = { readonly id: string; readonly name: string; show(call: Call, places: Places): HTMLElement[] };

const views: readonly View[] = [
  {
    id: "json",
    name: "JSON",
    show: ({ request, answer, ok, ms }) => [
      titled(`Request`, JSON.stringify(request, null, 2)),
      titled(`${ok ? "Answer" : "Error"} · ${ms} ms`, JSON.stringify(answer, shortened, 2)),
    ],
  },
  { id: "curl", name: "curl", show: (call, places) => [snippet(curl(call, places))] },
  { id: "grpcurl", name: "grpcurl", show: (call, places) => [snippet(grpcurl(call, places))] },
  { id: "typescript", name: "TypeScript", show: (call, places) => [snippet(typescript(call, places))] },
];

export function createCalls(places: () => Places): { add(call: Call): void } {
  const [list, tabs, body] = [byId("call-list"), byId("tabs"), byId("call-body")];
  let [view] = views;
  let shown: Call | undefined;
  const draw = (): void => {
    if (!shown || !view) return;
    byId("calls-empty").hidden = true;
    byId("call").hidden = false;
    body.setAttribute("aria-labelledby", `tab-${view.id}`);
    body.replaceChildren(...view.show(shown, places()));
  };
  const chooseView = (chosen: View): void => {
    view = chosen;
    for (const tab of tabs.querySelectorAll("button")) {
      const isChosen = tab.id === `tab-${chosen.id}`;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    draw();
  };
  for (const each of views) {
    const tab = { role: "tab", type: "button", id: `tab-${each.id}`, "aria-controls": "call-body", click: () => chooseView(each) };
    tabs.append(h("button", tab, each.name));
  }
  tabs.addEventListener("keydown", (event) => moveTab(tabs, event));
  chooseView(views[0] as View);

  const choose = (call: Call, button: HTMLElement): void => {
    shown = call;
    for (const each of list.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
    draw();
  };
  return {
    add(call) {
      const label = [h("span", {}, call.method), h("span", { class: call.ok ? "good" : "bad" }, call.outcome)];
      const button = h("button", { type: "button", click: () => choose(call, button) }, ...label);
      list.append(h("li", {}, button));
      while (list.children.length > 12) list.firstElementChild?.remove();
      choose(call, button);
      list.scrollLeft = list.scrollWidth;
    },
  };
}

/** The arrow keys walk along tabs (ARIA Authoring Practices, "Tabs"). */
function moveTab(tabs: HTMLElement, { key, target }: KeyboardEvent): void {
  const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
  const all = [...tabs.querySelectorAll("button")];
  const at = all.indexOf(target as HTMLButtonElement);
  if (step === 0 || at < 0) return;
  const next = all[(at + step + all.length) % all.length];
  next?.click();
  next?.focus();
}

/** Images as text are nothing to look at; proofs are, and are shorter. */
const longest = 1_000;
const shortened = (_: string, value: unknown): unknown =>
  typeof value === "string" && value.length > longest ? `${value.slice(0, 60)}… (${value.length} characters)` : value;

const titled = (title: string, json: string): HTMLElement =>
  h("div", {}, h("h3", {}, title), h("pre", { tabindex: "0" }, ...highlight(json)));

function snippet(text: string): HTMLElement {
  const copy = h("button", { class: "copy", type: "button" }, "Copy");
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(text).then(
      () => (copy.textContent = "Copied"),
      () => (copy.textContent = "Not allowed"),
    );
  });
  return h("div", { class: "snippet" }, copy, h("pre", { tabindex: "0" }, ...highlight(text)));
}
