import { afterAll, beforeAll, describe } from "vitest";
import type { LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import type { ChallengeRef } from "../../src/otp/ledger.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { cancelContract } from "./contract-cancel.ts";
import { deliveryContract } from "./contract-delivery.ts";
import { fallbackContract } from "./contract-fallback.ts";
import { hostileContract } from "./contract-hostile.ts";
import { modelContract } from "./contract-model.ts";
import { openContract } from "./contract-open.ts";
import { receiptsContract } from "./contract-receipts.ts";
import { repeatContract } from "./contract-repeat.ts";
import { resendContract } from "./contract-resend.ts";
import { unsentContract } from "./contract-unsent.ts";
import { verifyContract } from "./contract-verify.ts";

/** Puts authenticators into a ledger, which it makes where it is missing, behind the store's back. */
export type Plant = (
  ledger: Pick<ChallengeRef, "ledger" | "application">,
  authenticators: Readonly<Record<string, LedgerAuthenticator>>,
) => Promise<void>;

export type OpenedStore = { readonly store: LedgerStore; readonly plant: Plant; close(): Promise<void> };

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
    const plant: Plant = (ledger, authenticators) => opened.plant(ledger, authenticators);
    openContract(store);
    repeatContract(store);
    resendContract(store);
    verifyContract(store);
    cancelContract(store);
    deliveryContract(store);
    receiptsContract(store);
    fallbackContract(store);
    unsentContract(store, plant);
    hostileContract(store, plant);
    modelContract(store, plant);
  });
}
