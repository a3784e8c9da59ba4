import type { VerificationRecord } from "./records.ts";

export type RecordStore = {
  get(key: string): Promise<VerificationRecord | undefined>;
  /** Writes `next` (or removes the record) if its version is still `expected`; undefined: if there is none. False: somebody was faster. */
  swap(key: string, expected: string | undefined, next: VerificationRecord | undefined): Promise<boolean>;
  close(): Promise<void>;
};

/**
 * Longer than the service remembers a challenge (its lifetime of at most 10 minutes and an hour): a record that went while its
 * challenge was pending would be a verification that nobody can check.
 */
export const keptMs = 2 * 60 * 60 * 1_000;
