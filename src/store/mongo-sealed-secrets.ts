import type { SealedSecretStore } from "../otp/authenticator-ports.ts";
import type { Ledger } from "../otp/ledger.ts";
import { secretsOf } from "../otp/sealed-secrets.ts";
import type { Ledgers } from "./mongo-connection.ts";
import { fieldName, type LedgerReturned, ledgerOf } from "./mongo-document.ts";

type Run = <T>(key: string, operation: (ledgers: Ledgers) => Promise<T>) => Promise<T>;
type Read = <T>(operation: (ledgers: Ledgers) => Promise<T>) => Promise<T>;
type Found = { readonly _id: string; readonly application: string } & Pick<LedgerReturned, "at" | "authenticators">;

/**
 * Goes through all ledgers in the order of `_id`, whose index every shard has. An index of who has authenticators would cost every
 * service at every write what it saves an operator once a year; and a page is of ledgers, not of secrets found, so that no query runs
 * long where few have any. Of a ledger without authenticators no more than its id is sent.
 */
export const createSealedSecrets = (run: Run, read: Read): SealedSecretStore => ({
  async listSecrets({ after, limit, except }) {
    const projection = { application: 1, authenticators: 1, at: "$$NOW" };
    const page = { _id: { $gt: after } };
    const found = await read((ledgers) => ledgers.find<Found>(page, { projection }).sort({ _id: 1 }).limit(limit).toArray());
    const secrets = found.flatMap((record) => secretsOf(authenticatorsOf(record), { ledger: record._id, except, now: Number(record.at) }));
    const last = found.at(-1);
    return { secrets, damaged: [], ...(last && { next: last._id }) };
  },
  async replaceSecret({ ledger, application, authenticator, sealed, by }) {
    const path = `authenticators.${fieldName(authenticator)}.secret`;
    const filter = { _id: ledger, application, [path]: { $eq: sealed } };
    const { matchedCount } = await run(ledger, (ledgers) => ledgers.updateOne(filter, { $set: { [path]: by } }));
    return matchedCount === 1;
  },
});

const authenticatorsOf = (found: Found): Ledger => ledgerOf({ ...found, failures: [], failuresInRow: 0 }, found);
