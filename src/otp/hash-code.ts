import type { OtpDeps } from "./deps.ts";
import type { ChallengeRef } from "./ledger.ts";
import type { Call } from "./types.ts";

/** The keyed hashes of a code, the signing key's first; stretched before where the application wants it. */
export async function hashCode(
  deps: OtpDeps,
  ref: ChallengeRef,
  context: string,
  code: string,
  call: Call,
): Promise<readonly [string, ...string[]]> {
  const stretched = call.caller.application.code.hash === "scrypt" ? await deps.stretch(code, ref.ledger + ref.nonce, call.signal) : code;
  return deps.keyring.hashCode(ref, context, stretched);
}
