import type { OtpDeps } from "./deps.ts";
import type { ChallengeRef } from "./ledger.ts";
import type { Call } from "./types.ts";

/** The keyed hashes of a code, the signing key's first. */
export async function hashCode(
  deps: OtpDeps,
  ref: ChallengeRef,
  context: string,
  code: string,
  call: Call,
): Promise<readonly [string, ...string[]]> {
  return deps.keyring.hashCode(ref, context, await stretchCode(deps, ref, code, call));
}

/** The code as it is hashed: expensive to try where the application wants it. */
export const stretchCode = async (deps: OtpDeps, ref: ChallengeRef, code: string, call: Call): Promise<string> =>
  call.caller.application.code.hash === "scrypt" ? deps.stretch(code, ref.ledger + ref.nonce, call.signal) : code;
