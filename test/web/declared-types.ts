/** Does not compile when the types that are given away say another thing than the source. */
import type * as Declared from "../../web/countersign-code.d.ts";
import type { CountersignCode } from "../../web/element/countersign-code.ts";
import type { CountersignEvents } from "../../web/element/tell.ts";

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
/** Own words are given away in a looser form, and callbacks of the browser not at all. */
type Own<E> = Omit<E, keyof HTMLElement | "texts" | "connectedCallback" | "disconnectedCallback" | "attributeChangedCallback">;

export const elementsAreTheSame: Same<Own<Declared.CountersignCode>, Own<CountersignCode>> = true;
export const eventsAreTheSame: Same<Declared.CountersignEvents, CountersignEvents> = true;
