import { randomBytes } from "node:crypto";
import { cancelChallenge } from "../../src/otp/cancel-challenge.ts";
import type { SendCodeRequest, VerifyCodeRequest } from "../../src/otp/challenge.ts";
import { withDecoys } from "../../src/otp/decoy-ledgers.ts";
import type { OtpDeps } from "../../src/otp/deps.ts";
import { getChallenge } from "../../src/otp/get-challenge.ts";
import { createKeyring } from "../../src/otp/keyring.ts";
import type { Carrier, ChannelRoute, Events, Message, Outcome, SendResult } from "../../src/otp/ports.ts";
import { resendCode } from "../../src/otp/resend-code.ts";
import { sendCode } from "../../src/otp/send-code.ts";
import { createStretch } from "../../src/otp/stretch.ts";
import { createPretence } from "../../src/otp/substitute-carriers.ts";
import type { Application, Call, Channel } from "../../src/otp/types.ts";
import { rights } from "../../src/otp/types.ts";
import { verifyCode } from "../../src/otp/verify-code.ts";
import { createCarrier } from "../../src/providers/create-carrier.ts";
import { guardProvider } from "../../src/providers/guard-provider.ts";
import { createMemoryLedgers } from "./memory-ledgers.ts";

export const minute = 60_000;
export const hour = 60 * minute;

export const application: Application = {
  id: "shop",
  displayName: "Shop",
  purposes: ["login", "payment"],
  defaultPurpose: "login",
  defaultLocale: "en",
  channels: ["sms", "voice", "email"],
  code: { length: 6, alphabet: "digits", lifetimeMs: 5 * minute, keepPrevious: false, hash: "hmac" },
  limits: {
    guessesPerChallenge: 5,
    sendsPerChallenge: 5,
    cooldownsMs: [30_000, 60_000, 120_000],
    failureWindows: [
      { windowMs: hour, max: 10 },
      { windowMs: 24 * hour, max: 20 },
    ],
    failuresInRow: 50,
    sendWindows: [
      { windowMs: 10 * minute, max: 5 },
      { windowMs: hour, max: 10 },
      { windowMs: 24 * hour, max: 20 },
    ],
  },
  recipients: { ignorePlusTag: false },
  autofill: { androidAppHashes: [], webOrigins: ["example.com"] },
};

type Options = {
  application?: Application;
  codeKeys?: { id: string; secret: Uint8Array }[];
  carry?: (message: Message, provider: string) => SendResult | Promise<SendResult>;
  providers?: string[];
  /** Instead of those: whoever really carries. */
  carrier?: Carrier;
};

/** A whole inside: rules, a ledger whose clock the test turns, and providers that keep what they were given. */
export function createFixture(options: Options = {}) {
  const clock = { now: 1_800_000_000_000 };
  const { store, ledgers } = createMemoryLedgers(clock);
  const sent: (Message & { provider: string })[] = [];
  const outcomes: (Outcome & { event: string })[] = [];
  const carry = options.carry ?? (() => ({ outcome: "accepted" as const, reference: "r1" }));
  const provide = (name: string) => ({
    name,
    async send(message: Message) {
      sent.push({ ...message, provider: name });
      return carry(message, name);
    },
  });
  const names = options.providers ?? ["first"];
  const guarded = names.map((name) => guardProvider(provide(name), { failures: 1000, openMs: 1000, onChange: () => {} }));
  const carrier =
    options.carrier ??
    createCarrier([{ providers: names.map((name) => ({ name })) }], {
      providers: new Map(guarded.map((each) => [each.name, each])),
      random: randomBytes,
      countryOf: () => undefined,
    });
  const route = (channel: Channel, reaches: "phone" | "email"): ChannelRoute => ({
    channel,
    reaches: [reaches],
    check: () => [],
    compose: ({ recipient, code, locale, lifetimeMs }) => ({
      channel,
      to: recipient.value,
      code,
      text: `${code} for ${lifetimeMs} ms`,
      locale,
    }),
    carrier,
  });
  const note = (event: string) => (outcome: Outcome) => void outcomes.push({ event, ...outcome });
  const events: Events = {
    codeSent: note("sent"),
    codeResent: note("resent"),
    codeFellBack: note("fell back"),
    sendSuppressed: () => {},
    codeVerified: note("verified"),
    challengeCanceled: note("canceled"),
    proofRedeemed: note("redeemed"),
    adminActed: () => {},
    messageHandled: () => {},
    checkUnavailable: () => {},
    circuitChanged: () => {},
    receiptTaken: () => {},
    receiptRefused: () => {},
    deliveryNotRecorded: () => {},
  };
  const codeKeys = options.codeKeys ?? [{ id: "k1", secret: Buffer.alloc(32, 2) }];
  const keyring = createKeyring({ ledgerKey: Buffer.alloc(32, 1), codeKeys }, randomBytes);
  const deps: OtpDeps = {
    ledgers: withDecoys(store, keyring),
    keyring,
    stretch: createStretch(),
    random: randomBytes,
    parseRecipient: (recipient) =>
      recipient.value.includes("!")
        ? { ok: false, violation: { field: "recipient.phone_number", description: "no exclamation marks" } }
        : { ok: true, recipient, key: recipient.value.toLowerCase() },
    routes: new Map([route("sms", "phone"), route("voice", "phone"), route("email", "email")].map((each) => [each.channel, each])),
    pretence: createPretence(randomBytes),
    events,
    maxDeadlineMs: 15_000,
  };
  const call: Call = {
    caller: { application: options.application ?? application, kind: "service", rights, keyId: "" },
    signal: new AbortController().signal,
  };
  return {
    clock,
    ledgers,
    sent,
    outcomes,
    deps,
    call,
    /** The code of the last message, and one that is wrong. */
    right: () => sent.at(-1)?.code ?? "",
    wrong: () => String((Number(sent.at(-1)?.code) + 1) % 1_000_000).padStart(6, "0"),
    send: (request: Partial<SendCodeRequest> = {}, as = call) => sendCode(deps, { ...emptySend, ...request }, as),
    resend: (challengeId: string, more: { channel?: Channel; idempotencyKey?: string } = {}, as = call) =>
      resendCode(deps, { challengeId, channel: more.channel, idempotencyKey: more.idempotencyKey ?? "" }, as),
    verify: (challengeId: string, code: string, more: Partial<VerifyCodeRequest> = {}, as = call) =>
      verifyCode(deps, { challengeId, code, purpose: "", binding: {}, requestId: "", ...more }, as),
    cancel: (challengeId: string, as = call) => cancelChallenge(deps, { challengeId }, as),
    get: (challengeId: string, as = call) => getChallenge(deps, { challengeId }, as),
  };
}

export const emptySend: SendCodeRequest = {
  recipient: { kind: "phone", value: "+4915112345678" },
  channels: [],
  purpose: "",
  binding: {},
  locale: "",
  templateVariables: {},
  autofill: { androidAppHash: "", webOrigin: "" },
  client: { ipAddress: "", deviceId: "", userAgent: "" },
  idempotencyKey: "",
  captchaToken: "",
  automaticFallback: false,
  subject: "",
};

/** The value of a result that must be OK. */
export async function ok<T>(
  result: Promise<{ ok: true; value: T } | { ok: false; refusal: { reason: string; message: string } }>,
): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(`refused: ${settled.refusal.reason}: ${settled.refusal.message}`);
  return settled.value;
}

/** The refusal of a result that must be one. */
export async function no<R>(result: Promise<{ ok: true; value: unknown } | { ok: false; refusal: R }>): Promise<R> {
  const settled = await result;
  if (settled.ok) throw new Error(`expected a refusal, got ${JSON.stringify(settled.value)}`);
  return settled.refusal;
}
