/** The calls of the element, over Connect with JSON. Wire types stop here. */
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { type Challenge, ChallengeState, Channel, CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import type { ServerClock } from "./clock.ts";
import type { ChallengeInfo, ChannelName, Kind, Verification } from "./machine.ts";

export type Connection = {
  /** Where the service is; the page's own origin by default. */
  readonly endpoint: string;
  /** A publishable browser key; none in development mode. */
  readonly key: string;
  readonly interceptors: readonly Interceptor[];
};

export type SendAsk = {
  readonly recipient: { readonly kind: Kind; readonly value: string };
  readonly channels: readonly ChannelName[];
  readonly purpose: string;
  readonly binding: Readonly<Record<string, string>>;
  readonly locale: string;
  readonly templateVariables: Readonly<Record<string, string>>;
  /** Domain that an SMS binds its code to. */
  readonly webOrigin: string;
  readonly captchaToken: string;
  readonly idempotencyKey: string;
};

export type ResendAsk = { readonly challengeId: string; readonly channel: ChannelName; readonly idempotencyKey: string };
export type VerifyAsk = Pick<SendAsk, "purpose" | "binding"> & {
  readonly challengeId: string;
  readonly code: string;
  readonly requestId: string;
};

export type Service = {
  send(ask: SendAsk): Promise<ChallengeInfo>;
  resend(ask: ResendAsk): Promise<ChallengeInfo>;
  verify(ask: VerifyAsk): Promise<Verification>;
  look(challengeId: string): Promise<ChallengeInfo>;
};

/** The service answers within 15 s of its own. */
const timeoutMs = 20_000;

export function createService({ endpoint, key, interceptors }: Connection, clock: ServerClock, signal: AbortSignal): Service {
  const baseUrl = new URL(endpoint || "/", document.baseURI).href.replace(/\/+$/, "");
  const transport = createConnectTransport({ baseUrl, interceptors: [...interceptors, authorize(key), observe(clock)] });
  const client = createClient(CodeService, transport);
  const options = { signal, timeoutMs };
  const read = ({ challenge }: { readonly challenge?: Challenge | undefined }) => readChallenge(challenge, clock);
  return {
    async send({ recipient: { kind, value }, channels, webOrigin, ...ask }) {
      const recipient = { kind: { case: kind === "phone" ? ("phoneNumber" as const) : ("emailAddress" as const), value } };
      const autofill = webOrigin ? { autofill: { webOrigin } } : {};
      return read(await client.sendCode({ ...ask, ...autofill, recipient, channels: channels.map(wireChannel) }, options));
    },
    async resend({ channel, ...ask }) {
      return read(await client.resendCode({ ...ask, channel: wireChannel(channel) }, options));
    },
    async verify(ask) {
      const { challengeId, channel, purpose, verifyTime, proofToken } = await client.verifyCode(ask, options);
      const verifiedAt = new Date(verifyTime ? timestampMs(verifyTime) : clock.now());
      return { challengeId, channel: channelName(channel), purpose, verifiedAt, proofToken };
    },
    async look(challengeId) {
      return read(await client.getChallenge({ challengeId }, options));
    },
  };
}

const authorize =
  (key: string): Interceptor =>
  (next) =>
  (request) => {
    if (key) request.header.set("authorization", `Bearer ${key}`);
    return next(request);
  };

/** `Date` has whole seconds and is a moment old: the server's time is that or later. */
const observe =
  (clock: ServerClock): Interceptor =>
  (next) =>
  async (request) => {
    try {
      const response = await next(request);
      clock.observe(Date.parse(response.header.get("date") ?? ""));
      return response;
    } catch (thrown) {
      clock.observe(Date.parse(ConnectError.from(thrown).metadata.get("date") ?? ""));
      throw thrown;
    }
  };

/** Its own times tell the server's too, where a page of another origin may not see `Date`. */
function readChallenge(challenge: Challenge | undefined, clock: ServerClock): ChallengeInfo {
  if (!challenge) throw new ConnectError("an answer without a challenge");
  const { createTime, expireTime, resendTime, deliveries } = challenge;
  for (const each of [createTime, ...deliveries.map(({ updateTime }) => updateTime)]) if (each) clock.observe(timestampMs(each));
  return {
    id: challenge.challengeId,
    state: states[challenge.state] ?? "gone",
    channel: channelName(challenge.channel),
    maskedRecipient: challenge.maskedRecipient,
    expiresAt: expireTime ? timestampMs(expireTime) : Number.POSITIVE_INFINITY,
    resendAt: resendTime ? timestampMs(resendTime) : 0,
    codeLength: challenge.codeLength,
    attemptsRemaining: challenge.attemptsRemaining,
    sendsRemaining: challenge.sendsRemaining,
  };
}

const states: Readonly<Partial<Record<ChallengeState, ChallengeInfo["state"]>>> = {
  [ChallengeState.PENDING]: "pending",
  [ChallengeState.VERIFIED]: "used",
  [ChallengeState.EXPIRED]: "expired",
  [ChallengeState.CANCELED]: "canceled",
  [ChallengeState.EXHAUSTED]: "exhausted",
};

const wireChannels: Readonly<Record<ChannelName, Channel>> = {
  sms: Channel.SMS,
  voice: Channel.VOICE,
  whatsapp: Channel.WHATSAPP,
  email: Channel.EMAIL,
  other: Channel.UNSPECIFIED,
};
const wireChannel = (name: ChannelName): Channel => wireChannels[name];

function channelName(channel: Channel): ChannelName {
  const [name] = Object.entries(wireChannels).find(([, each]) => each === channel) ?? [];
  return (name as ChannelName | undefined) ?? "other";
}
