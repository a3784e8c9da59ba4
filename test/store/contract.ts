import { afterAll, beforeAll, describe } from "vitest";
import type { LedgerStore } from "../../src/otp/ports.ts";
import { cancelContract } from "./contract-cancel.ts";
import { deliveryContract } from "./contract-delivery.ts";
import { hostileContract } from "./contract-hostile.ts";
import { modelContract } from "./contract-model.ts";
import { openContract } from "./contract-open.ts";
import { repeatContract } from "./contract-repeat.ts";
import { resendContract } from "./contract-resend.ts";
import { verifyContract } from "./contract-verify.ts";

export type OpenedStore = { readonly store: LedgerStore; close(): Promise<void> };

/** Hands out the store under test, once it is open. */
export type GetStore = () => LedgerStore;

/**
 * What every ledger store must do, outcome by outcome: the rules of `otp/ledger-rules.ts` under a real clock, on a real database.
 * Every test has recipients of its own, so they run side by side.
 */
export function ledgerContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`ledger contract: ${name}`, () => {
    let opened: OpenedStore;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());
    const store: GetStore = () => opened.store;
    openContract(store);
    repeatContract(store);
    resendContract(store);
    verifyContract(store);
    cancelContract(store);
    deliveryContract(store);
    hostileContract(store);
    modelContract(store);
  });
}
