import { afterEach, expect, test, vi } from "vitest";
import { prepareAll } from "./prepared.ts";

afterEach(() => vi.unstubAllEnvs());

const missing = { cobol: { probe: ["no-such-compiler", "--version"] as const, prepare: () => Promise.reject(new Error("never asked")) } };

test("an example whose toolchain is missing is left out, loudly", async () => {
  vi.stubEnv("COUNTERSIGN_REQUIRE_EXAMPLES", "");
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  expect(await prepareAll(missing)).toEqual([{ name: "cobol", example: missing.cobol, folder: undefined }]);
  expect(written.mock.calls.join("")).toContain("!!! the cobol example is NOT TESTED");
  written.mockRestore();
});

test("with COUNTERSIGN_REQUIRE_EXAMPLES=1 it is an error", async () => {
  vi.stubEnv("COUNTERSIGN_REQUIRE_EXAMPLES", "1");
  await expect(prepareAll(missing)).rejects.toThrow("the cobol example is NOT TESTED");
});

test("an example that cannot be made is an error, whatever is required", async () => {
  vi.stubEnv("COUNTERSIGN_REQUIRE_EXAMPLES", "");
  const broken = {
    node: { probe: [process.execPath, "--version"] as const, prepare: () => Promise.reject(new Error("does not compile")) },
  };
  await expect(prepareAll(broken)).rejects.toThrow("does not compile");
});
