import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DatabaseSize, openDatabaseSize } from "./database-size.ts";
import { createLoad, type Load } from "./load.ts";
import { type MailServer, startMailServer } from "./mail-server.ts";
import { createMailbox } from "./mailbox.ts";
import type { Options } from "./options.ts";
import { createReceiptSender, type ReceiptSender, type Told } from "./receipts.ts";
import { type SoakedService, startService } from "./service.ts";
import { makeConfig, makeSecrets } from "./service-config.ts";
import { startVendorServer, type VendorServer } from "./vendors.ts";

export type Stage = {
  readonly service: SoakedService;
  readonly load: Load;
  readonly vendors: VendorServer;
  readonly mail: MailServer;
  readonly receipts: ReceiptSender;
  readonly database: DatabaseSize;
  /** The configuration of that turn, which differs from those before and after it. */
  configOf(turn: number): object;
};

/** The service, and around it everything that a load needs; put away with the parts. */
export async function setStage(options: Options, parts: AsyncDisposableStack): Promise<Stage> {
  const { rate, parallel, preload } = options;
  const folder = await mkdtemp(join(tmpdir(), "countersign-soak-"));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const [secrets, mailbox] = [makeSecrets(), createMailbox()];
  let tell = (_told: Told): void => undefined;
  const vendors = await startVendorServer(mailbox, (told) => tell(told));
  parts.defer(() => vendors.stop());
  const mail = await startMailServer(mailbox);
  parts.defer(() => mail.stop());
  const store = options.url ?? `sqlite:${join(folder, "soak.db")}`;
  const database = openDatabaseSize(store);
  parts.defer(() => database.close());
  const configOf = (turn: number) => makeConfig(secrets, { url: vendors.url, smtpPort: mail.port, smtpCa: mail.ca }, turn);
  const service = await startService({ folder, store, config: configOf(0), preload });
  parts.defer(async () => void (await service.stop()));
  const load = createLoad({ addresses: service.addresses, keys: secrets.keys, mailbox, rate, parallel });
  parts.defer(() => load.close());
  const receipts = createReceiptSender({ secrets, http: () => service.addresses.http, onUnexpected: load.recorder.unexpected });
  parts.defer(() => receipts.stop());
  tell = receipts.tell;
  return { service, load, vendors, mail, receipts, database, configOf };
}
