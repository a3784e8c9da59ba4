import type { Countersign } from "./countersign.ts";
import type { Crypt, Owner } from "./records.ts";
import type { RecordStore } from "./store-port.ts";

/** What every route works with. */
export type ServiceDeps = {
  readonly store: RecordStore;
  readonly crypt: Crypt;
  readonly countersign: Countersign;
  readonly now: () => number;
};

/** One request of an account to one of its Verify services. */
export type Call = ServiceDeps & {
  readonly owner: Owner;
  /** The Countersign key of the Verify service. */
  readonly key: string;
  readonly path: string;
  readonly baseUrl: string;
};
