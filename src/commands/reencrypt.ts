import { openStore } from "../assemble/open-store.ts";
import { openVault } from "../assemble/open-vault.ts";
import type { Config } from "../config/config.ts";
import { pause } from "../otp/pause.ts";
import { createRandom } from "../otp/random.ts";
import { type Reencryption, reencryptSecrets } from "../otp/reencrypt-secrets.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import { createLineWriter } from "../telemetry/line-writer.ts";
import { createLog } from "../telemetry/log.ts";
import { type CommandIo, exitCodes } from "./command.ts";
import { loadConfiguration } from "./load-configuration.ts";
import { createProgressView } from "./progress-view.ts";

type Keys = NonNullable<Config["authenticatorKeys"]>;
type Options = { readonly json: boolean; readonly maxPerSecond: number };

/** Safe to stop at any moment, and to run beside the service: each secret is replaced only while it is the one that was read. */
export async function runReencrypt(options: Options, io: CommandIo): Promise<number> {
  const config = await loadConfiguration(io);
  if (typeof config === "number") return config;
  const { authenticatorKeys: keys } = config;
  if (keys) return reencrypt(config, keys, { ...options, io });
  return io.fail("secrets.authenticatorKeys is missing: there is no key to put secrets under.");
}

async function reencrypt(config: Config, keys: Keys, { io, json, maxPerSecond }: Options & { readonly io: CommandIo }): Promise<number> {
  const newestKey = keys[0]?.id ?? "";
  const random = createRandom();
  await using parts = new AsyncDisposableStack();
  const log = createLog({ level: "warn", writer: createLineWriter({ fd: 2 }) });
  parts.defer(() => log.close());
  const store = await (await openStore(config)).opened;
  parts.defer(() => store.close());
  const vault = await openVault(keys, { random, logger: log.logger });
  parts.defer(() => vault.close());
  const signal = io.interrupted?.() ?? new AbortController().signal;
  const view = createProgressView(io);
  try {
    const done = await reencryptSecrets({
      store,
      vault,
      newestKey,
      maxPerSecond,
      pause: (ms) => pause(ms, signal),
      signal,
      onProgress: view.show,
    });
    view.end();
    report(done, keys, { io, json });
    return done.left.size + done.unreadable + done.damaged === 0 ? exitCodes.done : exitCodes.failed;
  } catch (error) {
    view.end();
    if (signal.aborted) {
      io.fail("Stopped. What was re-encrypted stays so; run it again for the rest.");
      return exitCodes.interrupted;
    }
    if (!(error instanceof StoreUnavailable)) throw error;
    const why = error.cause instanceof Error ? error.cause.message : String(error.cause);
    return io.fail(`Stopped: ${error.message}: ${why}. What was re-encrypted stays so; run it again for the rest.`);
  }
}

function report(done: Reencryption, keys: Keys, { io, json }: { readonly io: CommandIo; readonly json: boolean }): void {
  const [newest, ...older] = keys.map(({ id }) => id);
  const { moved, unreadable, damaged, examples } = done;
  const left = Object.fromEntries(done.left);
  const removable = older.filter((id) => !done.left.has(id) && damaged === 0);
  if (json) {
    io.stdout(`${JSON.stringify({ newest, moved, left, unreadable, damaged, examples, removable })}\n`);
    return;
  }
  io.stdout(`${secrets(moved)} re-encrypted under ${newest}.\n`);
  for (const id of removable)
    io.stdout(
      `No secret is under ${id} any more: once every process runs with ${newest} first, it may be removed from secrets.authenticatorKeys.\n`,
    );
  for (const [id, count] of done.left) io.stdout(`${secrets(count)} still under ${id}: ${adviceOn(id, keys)}\n`);
  if (unreadable > 0)
    io.stdout(`${secrets(unreadable)} could not be read: altered, moved from another record, or their key is not configured.\n`);
  if (damaged > 0) io.stdout(`${damaged} records could not be read at all; no key may be removed before they are repaired or erased.\n`);
  for (const example of examples) io.stderr(`not readable: ${example}\n`);
}

const adviceOn = (id: string, keys: Keys): string =>
  keys.some((key) => key.id === id)
    ? "do not remove it. Where a process still runs with it first, restart that one, and run this again."
    : "it is not configured. Add it again, or have these authenticators enrolled anew.";

const secrets = (count: number): string => `${count} ${count === 1 ? "secret" : "secrets"}`;
