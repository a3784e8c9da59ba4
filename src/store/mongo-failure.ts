import { MongoBulkWriteError, MongoError, MongoServerError, MongoWriteConcernError } from "mongodb";
import { StoreUnavailable } from "../otp/refusal.ts";

/**
 * Server errors that say "not now" or "not me" instead of "not that": shutting down, stepping down, no primary, out of time.
 * https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
 */
const passing = new Set([
  1, // InternalError: what FerretDB says when the PostgreSQL behind it does not answer
  6, // HostUnreachable
  7, // HostNotFound
  13, // Unauthorized
  18, // AuthenticationFailed
  50, // MaxTimeMSExpired
  64, // WriteConcernTimeout
  89, // NetworkTimeout
  91, // ShutdownInProgress
  133, // FailedToSatisfyReadPreference
  189, // PrimarySteppedDown
  202, // NetworkInterfaceExceededTimeLimit
  262, // ExceededTimeLimit
  290, // TransactionExceededLifetimeLimitSeconds
  317, // ConnectionPoolExpired
  9001, // SocketException
  10107, // NotWritablePrimary
  11600, // InterruptedAtShutdown
  11602, // InterruptedDueToReplStateChange
  13388, // StaleConfig
  13435, // NotPrimaryNoSecondaryOk
  13436, // NotPrimaryOrSecondary
  14031, // OutOfDiskSpace
]);

/** `StoreUnavailable` for whatever means that the store did not answer, or could not make a write durable. */
export function storeFailure(error: unknown): unknown {
  if (error instanceof StoreUnavailable || !isUnavailable(error)) return error;
  const { code, message } = error as { code?: unknown; message?: string };
  const todo = advice[Number(code)];
  return new StoreUnavailable(todo === undefined ? error : new Error(`${message}: ${todo}`, { cause: error }));
}

/** For the operator, who reads it in the log. */
const notPrimary =
  "the server takes no writes; see whether the replica set has a primary (rs.status()), and whether store.url names all members";
const notAllowed = "grant the user of store.url the role readWrite on its database";
const advice: Readonly<Record<number, string>> = {
  13: notAllowed,
  18: "look at user, password and authSource in store.url",
  189: notPrimary,
  10107: notPrimary,
  13435: notPrimary,
  14031: "the disk of the database is full; make room there",
};

/** A bulk write wraps whatever it met, a lost connection too, as if the server had said it. */
function isUnavailable(error: unknown): boolean {
  if (isBrokenConnection(error)) return true;
  if (!(error instanceof MongoError)) return false;
  if (error instanceof MongoWriteConcernError) return true;
  if (error instanceof MongoBulkWriteError)
    return isNotDurable(error) || isUnavailable(error.errorResponse) || passing.has(Number(error.code));
  if (isDuplicateKey(error)) return false;
  if (error instanceof MongoServerError) return passing.has(Number(error.code)) || error.hasErrorLabel("RetryableWriteError");
  return unreachable.has(error.name);
}

/** The writes that were done may be taken back. Where others could not be done, the driver tells of those, and of this in the result only. */
export const isNotDurable = ({ err, result }: MongoBulkWriteError): boolean =>
  err !== undefined || result.getWriteConcernError() !== undefined;

/** ECONNRESET, EPIPE, ERR_STREAM_DESTROYED: the driver lets a write to a connection that was just lost through as Node put it. */
const isBrokenConnection = (error: unknown): boolean =>
  error instanceof Error && "code" in error && /^(E[A-Z]+|ERR_(STREAM|SOCKET)_[A-Z_]+)$/.test(String(error.code));

const unreachable = new Set([
  "MongoNetworkError",
  "MongoNetworkTimeoutError",
  "MongoOperationTimeoutError",
  "MongoPoolClearedError",
  "MongoPoolClosedError",
  "MongoServerSelectionError",
  "MongoStalePrimaryError",
  "MongoWaitQueueTimeoutError",
  "MongoNotConnectedError",
  "MongoTopologyClosedError",
  "MongoServerClosedError",
  "MongoClientClosedError",
]);

/**
 * Two upserts that make the same record at once can meet in the index; nothing was written by the one that is told so. DocumentDB
 * says so in the words of PostgreSQL, under varying codes.
 */
export const isDuplicateKey = (error: unknown): boolean =>
  error instanceof MongoServerError && (error.code === 11000 || /duplicate key value/.test(error.message));

/** The same, of one of the writes of a bulk write. */
export const isDuplicateKeyWrite = ({ code, errmsg = "" }: { readonly code: number; readonly errmsg?: string | undefined }): boolean =>
  code === 11000 || /duplicate key value/.test(errmsg);
