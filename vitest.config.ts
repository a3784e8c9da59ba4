import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Many tests wait for time to pass (leases, expiry, time-outs) and not for the processor.
    maxWorkers: 2,
  },
});
