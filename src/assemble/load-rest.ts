import { phoneLibrary } from "../channels/phone-library.ts";
import { circuitLibrary } from "../providers/circuit-library.ts";

/** What every call needs and a start does not, so that the first caller does not wait for it. What cannot be loaded ends the process. */
export function loadRest(): void {
  phoneLibrary();
  circuitLibrary();
  // Node loads all of its `fetch` for the first of them.
  new Headers();
}
