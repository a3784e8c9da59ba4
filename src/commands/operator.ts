import { openStore } from "../assemble/open-store.ts";
import { parseRecipient } from "../channels/recipient.ts";
import { type AdminUseCases, createAdminUseCases } from "../otp/admin-use-cases.ts";
import { createKeyring } from "../otp/keyring.ts";
import { createRandom } from "../otp/random.ts";
import type { Result } from "../otp/refusal.ts";
import type { Call } from "../otp/types.ts";
import { createEvents } from "../telemetry/events.ts";
import { createLineWriter } from "../telemetry/line-writer.ts";
import { createLog } from "../telemetry/log.ts";
import { type CommandIo, exitCodes, UsageError } from "./command.ts";
import { loadConfiguration } from "./load-configuration.ts";

/** What an operator's command may do: the acts of `AdminService`, on the store that the configuration names, without a service. */
export type Operator = { readonly acts: AdminUseCases; readonly call: Call };

/** Runs one act and prints what came of it, as lines or with --json; every act is in the audit log, which goes to stderr. */
export async function operate<T>(
  applicationId: string,
  io: CommandIo,
  act: (operator: Operator) => Promise<Result<T>>,
  print: (value: T) => string,
): Promise<number> {
  const config = await loadConfiguration(io);
  if (typeof config === "number") return config;
  const application = config.applications.find(({ id }) => id === applicationId);
  if (!application)
    throw new UsageError(
      `There is no application ${JSON.stringify(applicationId)}: ${config.applications.map(({ id }) => id).join(", ")}.`,
    );
  const log = createLog({ level: "info", writer: createLineWriter({ fd: 2 }) });
  const store = await (await openStore(config)).opened;
  try {
    const random = createRandom();
    const keyring = createKeyring(config.secrets, random);
    const events = createEvents(log.logger);
    const placeKey = (...parts: readonly string[]) => keyring.digest("place", ...parts);
    const acts = createAdminUseCases(
      { keyring, parseRecipient, ledgers: store, events },
      { traffic: store, placeKey, changed: async () => {}, events },
    );
    const call: Call = {
      caller: { application, kind: "service", rights: ["admin"], keyId: "command" },
      signal: new AbortController().signal,
    };
    const result = await act({ acts, call });
    if (!result.ok) return io.fail(result.refusal.message);
    io.stdout(print(result.value));
    return exitCodes.done;
  } finally {
    await store.close();
    await log.close();
  }
}
