import type { RandomBytes } from "../otp/code.ts";
import type { Captcha } from "../otp/guard-ports.ts";
import type { RedemptionStore } from "../otp/store-ports.ts";

export type OnceDeps = {
  readonly redemptions: RedemptionStore;
  /** A keyed digest, so that the store holds no answers. */
  digest(...parts: readonly string[]): string;
  readonly random: RandomBytes;
  /** Milliseconds since 1970. */
  now(): number;
};

/** Longer than any vendor's answer is good for. */
const rememberMs = 24 * 3_600_000;

/**
 * A vendor's captcha whose answers are good once, whatever the vendor says of the second time: of all replicas that are given an
 * answer at once, the one that writes first has it.
 */
export function acceptOnce(name: string, captcha: Captcha, deps: OnceDeps): Captcha {
  return {
    kind: captcha.kind,
    async check(token, use, signal) {
      const verdict = await captcha.check(token, use, signal);
      if (verdict !== "passed") return verdict;
      const spent = await spend(deps, { id: deps.digest("captcha", name, token), expiresAt: deps.now() + rememberMs });
      return spent ? "passed" : "refused";
    },
  };
}

/** Takes something that is good once; true for whoever takes it first, in time by the store's clock. */
export async function spend(
  { redemptions, random }: Pick<OnceDeps, "redemptions" | "random">,
  { id, expiresAt }: { readonly id: string; readonly expiresAt: number },
): Promise<boolean> {
  const by = Buffer.from(random(18)).toString("base64url");
  const { status } = await redemptions.redeem({ id: `captcha:${id}`, by, expiresAt });
  return status === "redeemed";
}
