import { h } from "./dom.ts";
import type { RecipientField } from "./panel-recipient.ts";
import type { ViewContext } from "./view.ts";

type Phone = typeof import("./phone.ts");

/** A native list of countries beside the number: every phone and screen reader knows what to do with it. */
export function createPhoneField({ texts, locale, country }: ViewContext): RecipientField {
  const select = h("select", { id: "country", part: "country", autocomplete: "tel-country-code", "aria-label": texts.country });
  const shown = h("span", { class: "shown", "aria-hidden": "true", dir: "ltr" });
  const input = h("input", {
    id: "recipient",
    part: "input",
    type: "tel",
    inputmode: "tel",
    autocomplete: "tel",
    dir: "ltr",
    maxlength: 64,
    required: true,
    "aria-describedby": "problem",
  });
  const picker = h("span", { class: "country" }, shown, select);
  const element = h("div", { class: "phone", dir: "ltr" }, picker, input);
  let phone: Phone | undefined;

  const showCountry = (code: string): void => {
    if (code) select.value = code;
    const [option] = select.selectedOptions;
    shown.textContent = option ? `${option.value} ${option.dataset.calling ?? ""}` : "";
  };
  const format = (): void => {
    if (!phone) return;
    const { text, country: own } = phone.formatNumber(input.value, select.value);
    replaceKeepingCaret(input, text);
    if (own) showCountry(own);
  };
  const loaded = (module: Phone): void => {
    phone = module;
    const options = phone
      .listCountries(locale)
      .map(({ code, name, callingCode }) => h("option", { value: code, "data-calling": callingCode }, `${name} (${callingCode})`));
    select.replaceChildren(...options);
    showCountry(options.some(({ value }) => value === country) ? country : "US");
    format();
  };
  // Without it numbers are typed with + and taken as they are.
  import("./phone.ts").then(loaded, () => picker.remove());

  input.addEventListener("input", format);
  select.addEventListener("change", () => {
    showCountry(select.value);
    // The number of another country begins anew with that country's code.
    if (input.value.trim().startsWith("+")) input.value = "";
    format();
    input.focus();
  });
  const read = (): string | undefined => {
    const typed = input.value.trim();
    if (phone) return phone.formatNumber(typed, select.value).e164;
    return typed || undefined;
  };
  return { element, input, read };
}

/** The caret stays behind the same digit, however many spaces were put before it. */
function replaceKeepingCaret(input: HTMLInputElement, text: string): void {
  if (input.value === text) return;
  const caret = input.selectionStart ?? input.value.length;
  const before = significant(input.value.slice(0, caret));
  const atEnd = caret === input.value.length;
  input.value = text;
  let position = 0;
  while (position < text.length && significant(text.slice(0, position)) < before) position++;
  if (atEnd) position = text.length;
  if (input.matches(":focus")) input.setSelectionRange(position, position);
}

const significant = (text: string): number => text.replace(/[^+\d]/g, "").length;
