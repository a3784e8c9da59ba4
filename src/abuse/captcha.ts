import type { Captcha, CaptchaUse, SendAsk, SendGuard } from "../otp/guard-ports.ts";
import type { Refusal } from "../otp/refusal.ts";

export type CaptchaDeps = {
  /** By the names applications use them by. */
  readonly captchas: ReadonlyMap<string, Captcha>;
  /** Told when a vendor could not say, and what was made of it. */
  onUnavailable(event: { readonly application: string; readonly name: string; readonly outcome: "closed" | "open" }): void;
};

/** `none`: there was no answer, or the application has no captcha. */
export type CaptchaResult = "none" | "passed" | "refused";

/**
 * Asks for a captcha where the application's own setting does. `passCaptcha` is for a limit that asks for one: an answer is good once,
 * so that whoever asks again about the same send is told what came of it the first time.
 */
export function createCaptchaCheck(
  deps: CaptchaDeps,
): SendGuard & { passCaptcha(ask: SendAsk, signal: AbortSignal): Promise<CaptchaResult> } {
  const results = new WeakMap<SendAsk, Promise<CaptchaResult>>();
  const passCaptcha = (ask: SendAsk, signal: AbortSignal): Promise<CaptchaResult> => {
    const result = results.get(ask) ?? checkCaptcha(deps, ask, signal);
    results.set(ask, result);
    return result;
  };
  return {
    passCaptcha,
    async admit(ask, signal) {
      if (!isRequired(ask) || (await passCaptcha(ask, signal)) === "passed") return { outcome: "admitted" };
      return { outcome: "refused", refusal: requireCaptcha(deps, ask) };
    },
  };
}

/** What a caller is told that has to solve a captcha first, by this check or by a limit. */
export function requireCaptcha({ captchas }: Pick<CaptchaDeps, "captchas">, { caller }: SendAsk): Refusal {
  const { captcha } = caller.application;
  const kind = captcha && captchas.get(captcha.use)?.kind;
  const message = "solve a captcha for this purpose, and send its answer as captcha_token; an answer is good once";
  return { reason: "CAPTCHA_REQUIRED", message, metadata: { captcha: kind ?? "none" } };
}

/** A resend has no field for an answer, and follows a send that was asked for one. */
function isRequired({ caller, occasion }: SendAsk): boolean {
  const { captcha } = caller.application;
  if (!captcha || occasion !== "send") return false;
  return captcha.require === "always" || (captcha.require === "browser" && caller.kind === "browser");
}

async function checkCaptcha(deps: CaptchaDeps, ask: SendAsk, signal: AbortSignal): Promise<CaptchaResult> {
  const { id, captcha: terms } = ask.caller.application;
  if (!terms || ask.captchaToken === "") return "none";
  const captcha = deps.captchas.get(terms.use);
  if (!captcha) throw new TypeError(`no captcha has the name ${terms.use}`);
  const use = useOf(ask, terms.hostnames);
  if (!use) return "refused";
  const verdict = await captcha.check(ask.captchaToken, use, signal);
  if (verdict !== "unavailable") return verdict;
  deps.onUnavailable({ application: id, name: terms.use, outcome: terms.onFailure });
  return terms.onFailure === "open" ? "passed" : "refused";
}

/** Undefined for a page that is not among those of the application. */
function useOf({ client, purpose }: SendAsk, hostnames: readonly string[]): CaptchaUse | undefined {
  const { origin = "", ipAddress } = client;
  const host = URL.parse(origin)?.hostname;
  if (host !== undefined && hostnames.length > 0 && !hostnames.includes(host)) return undefined;
  return { origin, hostnames: host === undefined ? hostnames : [host], action: purpose, ipAddress };
}
