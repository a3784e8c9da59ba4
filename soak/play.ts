import type { JsonObject } from "@bufbuild/protobuf";
import type { Dice } from "../simulate/random.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Answer, Terms, Wire } from "./wires.ts";

export type Caller = "shop" | "bank" | "page" | "crowd";

/** What the parts of the load play with. */
export type Play = {
  readonly dice: Dice;
  readonly mailbox: Mailbox;
  readonly addresses: { readonly grpc: string; readonly http: string };
  /**
   * One call, when its turn has come, over any wire that the caller may use. An answer other than the expected ones is told in the end,
   * and is a reason to say that the service did not pass.
   */
  call(caller: Caller, method: string, request: JsonObject, expected: readonly string[], terms?: Terms & On): Promise<Answer>;
  /** Waits for the next turn; for what is no call of a method. */
  turn(): Promise<void>;
  keyOf(caller: Caller): string;
  /** Something that must not be. */
  unexpected(what: string): void;
  /** Somebody whom nobody else plays with, until given back. */
  withPerson<T>(play: (person: Person) => Promise<T>): Promise<T>;
  /** Plays it when so much time has passed, if the load goes on for that long. */
  later(afterMs: number, act: () => Promise<void>): void;
};

export type On = { readonly on?: Wire };

export type Person = { readonly phoneNumber: string; readonly emailAddress: string; readonly ipAddress: string; readonly deviceId: string };

export type Act = { readonly name: string; readonly weight: number; readonly play: (play: Play) => Promise<void> };

/** A vendor's bad minute is part of the load. */
export const sent = ["OK", "DELIVERY_FAILED"];

export type Opened = { readonly challengeId: string; readonly code: string };

type Sending = { readonly channels?: readonly string[]; readonly more?: JsonObject; readonly terms?: Terms };

/** Sends a code and reads it, as the recipient would; nothing where the message did not come. */
export async function open(play: Play, caller: Caller, person: Person, { channels = [], more = {}, terms }: Sending = {}) {
  const isMail = channels.includes("CHANNEL_EMAIL");
  const to = isMail ? person.emailAddress : person.phoneNumber;
  // A message that came late, after nobody waited for it any more, is not taken for this one.
  play.mailbox.take(to);
  const recipient: JsonObject = isMail ? { emailAddress: to } : { phoneNumber: to };
  // A page may not say whom it acts for.
  const client: JsonObject = caller === "page" ? {} : { client: { ipAddress: person.ipAddress, deviceId: person.deviceId } };
  const request: JsonObject = { recipient, channels: [...channels], ...client, ...more };
  const { outcome, response } = await play.call(caller, "SendCode", request, sent, terms);
  const code = play.mailbox.take(to);
  if (outcome !== "OK" || !code) return undefined;
  return { challengeId: (response.challenge as { challengeId: string }).challengeId, code } satisfies Opened;
}

/** Another code of the same alphabet. */
export const wrong = (code: string): string => code.slice(0, -1) + (code.endsWith("2") ? "3" : "2");
