import type { Application, Recipient } from "./types.ts";

/**
 * The fixed code of a recipient that exists for reviewers and tests only. Recipients are listed one by one and compared whole, in
 * canonical form: no pattern can come to include a person.
 */
export const sandboxCode = ({ sandbox }: Application, { value }: Recipient): string | undefined => sandbox?.get(value);
