/** Users with authenticator apps, tokens and recovery codes, who come and go. */
import { randomBytes } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { authenticatorFormat } from "../src/channels/authenticator-format.ts";
import type { Act, Play } from "./play.ts";

export const authenticatorActs: readonly Act[] = [
  { name: "use an app", weight: 4, play: useApp },
  { name: "use a token", weight: 4, play: useToken },
  // Each takes some twenty slow hashes, and only two are made at once.
  { name: "use a recovery code", weight: 0.25, play: useRecoveryCode },
];

const users = 400;
let next = 0;
/** Each of them once, before the first comes again: nobody is played twice at a time. */
const newSubject = (): string => `user-${next++ % users}`;

async function useApp(play: Play): Promise<void> {
  const subject = newSubject();
  const enrolled = await play.call("shop", "EnrolTotp", { subject, name: "App" }, ["OK"]);
  if (enrolled.outcome !== "OK") return;
  const { authenticator, secret } = enrolled.response.enrolment as { authenticator: { authenticatorId: string }; secret: string };
  const { authenticatorId } = authenticator;
  const bytes = authenticatorFormat.readBase32(secret);
  if (!bytes) return play.unexpected("EnrolTotp: a secret that is no Base32");
  const step = Math.floor(Date.now() / 30_000);
  const code = (at: number) => authenticatorFormat.codeAt("totp", { algorithm: "sha1", digits: 6 }, bytes, at);
  // Within one step of now; the second code is the next one, because none is accepted twice.
  await play.call("shop", "ConfirmTotp", { subject, authenticatorId, code: code(step) }, ["OK"]);
  await useCode(play, { subject, channel: "CHANNEL_TOTP", code: code(step + 1) });
  await remove(play, subject, authenticatorId);
}

async function useToken(play: Play): Promise<void> {
  const subject = newSubject();
  const secret = randomBytes(20);
  const token = { name: "Token", channel: "CHANNEL_HOTP", secret: authenticatorFormat.writeBase32(secret), counter: "7" };
  const { outcome, response } = await play.call("shop", "ImportAuthenticators", { subject, authenticators: [token] }, ["OK"]);
  if (outcome !== "OK") return;
  const [{ authenticatorId }] = response.authenticators as [{ authenticatorId: string }];
  const code = authenticatorFormat.codeAt("hotp", { algorithm: "sha1", digits: 6 }, secret, 9);
  await useCode(play, { subject, channel: "CHANNEL_HOTP", code });
  await play.call("shop", "ListAuthenticators", { subject }, ["OK"]);
  await remove(play, subject, authenticatorId);
}

async function useRecoveryCode(play: Play): Promise<void> {
  const subject = newSubject();
  const { outcome, response } = await play.call("shop", "GenerateRecoveryCodes", { subject }, ["OK"]);
  if (outcome !== "OK") return;
  const [code = ""] = response.codes as string[];
  await useCode(play, { subject, channel: "CHANNEL_RECOVERY_CODE", code });
  await remove(play, subject, (response.authenticator as { authenticatorId: string }).authenticatorId);
}

type Use = { readonly subject: string; readonly channel: string; readonly code: string };

async function useCode(play: Play, { subject, channel, code }: Use): Promise<void> {
  const request: JsonObject = { recipient: { subject }, channels: [channel] };
  const { outcome, response } = await play.call("shop", "SendCode", request, ["OK"]);
  if (outcome !== "OK") return;
  const { challengeId } = response.challenge as { challengeId: string };
  await play.call("shop", "VerifyCode", { challengeId, code }, ["OK"]);
  await play.call("shop", "VerifyCode", { challengeId, code }, ["CODE_ALREADY_USED"]);
}

const remove = async (play: Play, subject: string, authenticatorId: string): Promise<void> => {
  await play.call("shop", "DeleteAuthenticator", { subject, authenticatorId }, ["OK"]);
};
