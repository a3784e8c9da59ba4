/** Authenticators of users, and the codes that they show, for tests of whole processes. */
import { randomBytes } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { authenticatorFormat } from "../../src/channels/authenticator-format.ts";
import { mustSucceed } from "../rpc/cases.ts";
import type { Sent, WireClient } from "../rpc/wire-clients.ts";
import { challengeIdOf } from "./calls.ts";

export const newUser = (): string => `user-${randomBytes(9).toString("base64url")}`;

type Answer = JsonObject & { readonly code?: string; readonly details?: unknown };

/** A call of `AuthenticatorService` as JSON; throws when it is refused. */
export async function authenticatorCall({ http }: { readonly http: string }, method: string, request: JsonObject): Promise<JsonObject> {
  const response = await fetch(`http://${http}/countersign.v1.AuthenticatorService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
  const answer = (await response.json()) as Answer;
  if (!response.ok) throw new Error(`${method}: ${JSON.stringify(answer)}`);
  return answer;
}

/** A secret that is known beforehand, as a token's is. */
export type Token = { readonly subject: string; readonly secret: Buffer; readonly base32: string; readonly authenticatorId: string };

export async function importToken(
  service: { readonly http: string },
  kind: "totp" | "hotp",
  { subject = newUser(), ...more }: JsonObject & { readonly subject?: string } = {},
): Promise<Token> {
  const secret = randomBytes(20);
  const base32 = authenticatorFormat.writeBase32(secret);
  const authenticators = [{ name: "Token", channel: `CHANNEL_${kind.toUpperCase()}`, secret: base32, ...more }];
  const answer = await authenticatorCall(service, "ImportAuthenticators", { subject, authenticators });
  const [{ authenticatorId }] = answer.authenticators as [{ authenticatorId: string }];
  return { subject, secret, base32, authenticatorId };
}

export async function recoveryCodes(service: { readonly http: string }, subject: string): Promise<[string, ...string[]]> {
  return (await authenticatorCall(service, "GenerateRecoveryCodes", { subject })).codes as [string, ...string[]];
}

export const codeAt = (kind: "totp" | "hotp", { secret }: Pick<Token, "secret">, position: number): string =>
  authenticatorFormat.codeAt(kind, { algorithm: "sha1", digits: 6 }, secret, position);

export const stepNow = (): number => Math.floor(Date.now() / 30_000);

export const askFor = (subject: string, ...channels: string[]): Sent => ({
  method: "SendCode",
  request: { recipient: { subject }, channels: channels.map((channel) => `CHANNEL_${channel}`) },
});

/** Opens a challenge and gives its id. */
export const openFor = async (wire: WireClient, subject: string, ...channels: string[]): Promise<string> =>
  challengeIdOf(await mustSucceed(wire, askFor(subject, ...channels)));
