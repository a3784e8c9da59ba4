import { openStore } from "../assemble/open-store.ts";
import type { Config } from "../config/config.ts";
import { parseChallengeId } from "../otp/challenge-id.ts";
import { isDecoy, recordOf } from "../otp/decoy.ts";
import { createKeyring, type Keyring } from "../otp/keyring.ts";
import type { ChallengeRef } from "../otp/ledger.ts";
import { remembered } from "../otp/ledger-limits.ts";
import { maskRecipient } from "../otp/mask.ts";
import { createRandom } from "../otp/random.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import { unsealSend } from "../otp/sealed-send.ts";
import type { Store } from "../otp/store-ports.ts";
import { type ChallengeTrace, traceChallenge } from "../otp/trace-challenge.ts";
import { createEvents } from "../telemetry/events.ts";
import { createLineWriter } from "../telemetry/line-writer.ts";
import { createLog } from "../telemetry/log.ts";
import { type CommandIo, exitCodes, UsageError } from "./command.ts";
import { loadConfiguration } from "./load-configuration.ts";
import { findingOf } from "./trace-finding.ts";
import { traceText } from "./trace-text.ts";

type Wanted = { readonly challengeId: string; readonly application?: string | undefined; readonly json: boolean };

/** Reads, and changes nothing; who was looked at is in the audit log, which goes to stderr. */
export async function runTrace({ challengeId, application, json }: Wanted, io: CommandIo): Promise<number> {
  const named = parseChallengeId(challengeId, "");
  // Not repeated: whoever mixes up two fields has put a code here.
  if (!named) throw new UsageError("CHALLENGE_ID has 36 characters of A-Z a-z 0-9 _ -, as SendCode answers it.");
  const config = await loadConfiguration(io);
  if (typeof config === "number") return config;
  const ids = config.applications.map(({ id }) => id);
  if (application !== undefined && !ids.includes(application))
    throw new UsageError(`There is no application ${JSON.stringify(application)}: ${ids.join(", ")}.`);
  const log = createLog({ level: "info", writer: createLineWriter({ fd: 2 }) });
  const store = await (await openStore(config)).opened;
  try {
    const trace = await findTrace({ config, store, keyring: createKeyring(config.secrets, createRandom()) }, named);
    if (!trace || (application !== undefined && trace.application !== application)) return io.fail(notFound);
    const { maskedRecipient: on = "unknown" } = trace;
    createEvents(log.logger).adminActed({
      act: "trace_challenge",
      application: trace.application,
      keyId: "command",
      on,
      reason: "OK",
    });
    const finding = findingOf(trace);
    io.stdout(json ? `${JSON.stringify({ finding, ...trace })}\n` : traceText(trace, finding));
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return io.fail("The store cannot be reached; try again later.");
  } finally {
    await store.close();
    await log.close();
  }
}

const notFound =
  "There is no such challenge: it never was, is another application's, was erased, or has been over for an hour and is forgotten.";

type Sources = { readonly config: Config; readonly store: Store; readonly keyring: Keyring };

async function findTrace({ config, store, keyring }: Sources, named: ChallengeRef): Promise<ChallengeTrace | undefined> {
  const decoy = isDecoy(keyring, named);
  const found = await store.inspect(recordOf(keyring, named));
  const challenge = found && remembered(found.ledger, named.nonce, found.now);
  if (!challenge) return undefined;
  const { ledger, now } = found;
  const ref = { ...named, application: ledger.application };
  const limits = config.applications.find(({ id }) => id === ledger.application)?.limits;
  if (!limits) return undefined;
  const maskedRecipient = maskedIn(keyring, ref, challenge.sealed);
  return traceChallenge({
    ref,
    decoy,
    ledger,
    now,
    limits,
    ...(maskedRecipient !== undefined && { maskedRecipient }),
    ...(decoy && { ofRecipient: (await store.inspect(ref.ledger))?.ledger }),
  });
}

/** What it is sealed under may be a key that has been retired since. */
function maskedIn(keyring: Keyring, ref: ChallengeRef, sealed: string): string | undefined {
  try {
    return maskRecipient(unsealSend(keyring, ref, sealed).recipient);
  } catch {
    return undefined;
  }
}
