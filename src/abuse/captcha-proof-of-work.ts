import type { Challenge, Solution } from "altcha-lib";
import type { Captcha, CaptchaUse } from "../otp/guard-ports.ts";
import { type OnceDeps, spend } from "./captcha-once.ts";

export type ProofOfWorkSettings = {
  /** Keys that a solver tries on average, half as many at least and half as many more at most. */
  readonly difficulty: number;
  /** Iterations of PBKDF2 for each of them. */
  readonly cost: number;
  readonly ttlMs: number;
};

/** What the page is that solves, as far as it says, and what for. */
export type WorkFor = { readonly origin: string; readonly action: string };

export type ProofOfWork = Captcha & { createChallenge(work: WorkFor): Promise<object> };

const algorithm = "PBKDF2/SHA-256";

/**
 * A captcha without a vendor, in the format of ALTCHA 2 (https://altcha.org/docs/v2/proof-of-work): the solver looks for the number
 * whose derived key was signed. Nothing is remembered of a challenge until it is solved: the signature says that it is ours, for
 * which page and purpose, and until when. Making one takes one derivation, checking an answer none.
 */
export function createProofOfWork(name: string, settings: ProofOfWorkSettings, deps: OnceDeps): ProofOfWork {
  const hmac = {
    hmacSignatureSecret: deps.digest("captcha challenge", name),
    hmacKeySignatureSecret: deps.digest("captcha key", name),
  };
  return {
    kind: "proof_of_work",
    async createChallenge({ origin, action }) {
      const { createChallenge, deriveKey } = await loadLibrary();
      return createChallenge({
        algorithm,
        cost: settings.cost,
        counter: pickCounter(deps, settings.difficulty),
        expiresAt: Math.floor((deps.now() + settings.ttlMs) / 1000),
        data: { origin, action },
        deriveKey,
        ...hmac,
      });
    },
    async check(token, use) {
      const answer = parseAnswer(token);
      if (!answer) return "refused";
      const { verifySolution, deriveKey } = await loadLibrary();
      const { verified } = await verifySolution({ ...answer, deriveKey, ...hmac });
      // From here on the parameters are known to be our own.
      const { nonce, expiresAt = 0, data } = answer.challenge.parameters;
      if (!verified || !isFor(data, use)) return "refused";
      return (await spend(deps, { id: nonce, expiresAt: expiresAt * 1000 })) ? "passed" : "refused";
    },
  };
}

/** Takes some 40 ms, which a start need not wait for. */
async function loadLibrary() {
  const [{ createChallenge, verifySolution }, { deriveKey }] = await Promise.all([
    import("altcha-lib"),
    import("altcha-lib/algorithms/pbkdf2"),
  ]);
  return { createChallenge, verifySolution, deriveKey };
}

function pickCounter({ random }: OnceDeps, difficulty: number): number {
  const least = Math.ceil(difficulty / 2);
  return least + (Buffer.from(random(6)).readUIntBE(0, 6) % difficulty);
}

function isFor(data: Challenge["parameters"]["data"], { origin, hostnames, action }: CaptchaUse): boolean {
  const solvedAt = String(data?.origin ?? "");
  if (data?.action !== action || (origin !== "" && solvedAt !== origin)) return false;
  return hostnames.length === 0 || hostnames.includes(URL.parse(solvedAt)?.hostname ?? "");
}

/** As ALTCHA's widget writes it: JSON in Base64. The shapes the library takes for granted are looked at here. */
function parseAnswer(token: string): { readonly challenge: Challenge; readonly solution: Solution } | undefined {
  const { challenge, solution } = asObject(parseJson(token));
  const { parameters, signature } = asObject(challenge);
  const { algorithm: named, expiresAt, nonce } = asObject(parameters);
  if (typeof signature !== "string" || named !== algorithm || typeof expiresAt !== "number" || typeof nonce !== "string") return undefined;
  return { challenge: challenge as Challenge, solution: solution as Solution };
}

function parseJson(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
