import type { AuthenticatorKey } from "../config/config.ts";
import type { RandomBytes } from "../otp/code.ts";
import { type ClosableVault, createEnvelopeVault } from "../otp/envelope-vault.ts";
import { createLocalVault, joinVaults } from "../otp/secret-vault.ts";
import type { AwsKmsConfig } from "../providers/aws-kms-config.ts";
import type { Logger } from "../telemetry/log.ts";
import { reportKeyServiceLoss } from "../telemetry/store-loss.ts";
import type { ShareParts } from "./shared-parts.ts";

type Deps = {
  readonly random: RandomBytes;
  readonly logger: Logger;
  /** Data keys in memory are kept while the configuration changes: the key service may be away just then. */
  readonly share?: ShareParts;
};

/** More than a year of ten replicas' data keys: only where nearly all of them are in use would one be asked for twice an hour. */
const maxDataKeys = 4_000;

/** Where secrets are kept: under the first key, and readable under each. A key service that is away keeps nothing from starting. */
export async function openVault(authenticatorKeys: readonly AuthenticatorKey[], deps: Deps): Promise<ClosableVault> {
  const opened = await Promise.all(authenticatorKeys.map(async (key) => [key.id, await openOne(key, deps)] as const));
  return {
    ...joinVaults(new Map(opened)),
    close() {
      for (const [, vault] of opened) vault.close();
    },
  };
}

async function openOne({ id, secret, awsKms }: AuthenticatorKey, deps: Deps): Promise<ClosableVault> {
  if (!awsKms) return { ...createLocalVault([{ id, secret }], deps.random), close: () => {} };
  const open = (): Promise<ClosableVault> => openEnvelope(id, awsKms, deps);
  return deps.share ? deps.share({ id, awsKms }, open) : open();
}

async function openEnvelope(id: string, awsKms: AwsKmsConfig, { random, logger }: Deps): Promise<ClosableVault> {
  const { createAwsKms } = await import("../providers/aws-kms.ts");
  const kms = await createAwsKms(awsKms);
  const keys = { max: maxDataKeys, keepMs: awsKms.cacheSeconds * 1000 };
  const vault = createEnvelopeVault({ id, service: reportKeyServiceLoss(kms, id, logger), random, keys });
  return {
    ...vault,
    close() {
      vault.close();
      kms.close();
    },
  };
}
