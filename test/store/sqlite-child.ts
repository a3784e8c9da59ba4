/** A process of its own with a store on a given file, for tests that kill it, starve it or race it. One JSON per line. */
import { once } from "node:events";
import type { ChallengeRef } from "../../src/otp/ledger.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { guessing, limitsWith, newRef, opening, resending } from "./requests.ts";

export type Acknowledged = { readonly ref: ChallengeRef; readonly attempts: number; readonly state: "open" | "verified" };

const [mode = "", path = "", argument = "null"] = process.argv.slice(2);
const store = await openSqliteStore({ path });
const modes: Readonly<Record<string, () => Promise<void>>> = { load, race, forget: () => store.ping() };

/** Sends and verifies until it is killed or its store fails, and tells each answer it got. */
async function load(): Promise<void> {
  const recipients = Array.from({ length: 8 }, async () => {
    for (;;) await guessTwice(store, newRef());
  });
  await Promise.all(recipients).catch((error: Error) => tell({ failed: error.name, cause: String(error.cause) }));
  await store.close();
}

async function guessTwice(on: LedgerStore, ref: ChallengeRef): Promise<void> {
  await on.open(opening(ref));
  tell({ ref, attempts: 0, state: "open" } satisfies Acknowledged);
  await on.verify(guessing(ref, "wrong"));
  tell({ ref, attempts: 1, state: "open" } satisfies Acknowledged);
  await on.verify(guessing(ref, "right"));
  tell({ ref, attempts: 2, state: "verified" } satisfies Acknowledged);
}

export type Racing = { readonly ref: ChallengeRef; readonly call: keyof typeof calls; readonly insteadOf?: string };

const calls = {
  right: ({ ref }: Racing) => store.verify(guessing(ref, "right")),
  claim: ({ ref }: Racing) =>
    store.verify(
      guessing(ref, "", { claim: { authenticator: "a1", position: 9, drift: 0 }, limits: limitsWith({ guessesPerChallenge: 500 }) }),
    ),
  fallback: ({ ref, insteadOf = "" }: Racing) => store.resend(resending(ref, { insteadOf, message: { channel: "voice" } })),
  charge: ({ ref: { ledger, application } }: Racing) => store.charge({ ledger, application, limits: limitsWith({ failuresInRow: 10 }) }),
};

/** A hundred of the same call at once, as soon as it is told to go. */
async function race(): Promise<void> {
  const racing = JSON.parse(argument) as Racing;
  tell({ ready: true });
  await once(process.stdin, "data");
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => calls[racing.call](racing)));
  tell({ outcomes: outcomes.map((outcome) => outcome.status) });
  await store.close();
  process.stdin.destroy();
}

function tell(what: unknown): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

await modes[mode]?.();
