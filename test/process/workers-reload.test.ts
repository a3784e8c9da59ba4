import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { outcome, verify } from "./calls.ts";
import { newKey } from "./production-config.ts";
import { patient } from "./rotation-kit.ts";
import { connectTo, newFolder, newSqlite, startService } from "./service.ts";
import { countOf, killWorker, readTotal, timeout, workersConfig } from "./workers-kit.ts";

it("all take a new configuration, and none a broken one, also one that is started while it is broken", { timeout: 120_000 }, async () => {
  const [first, second] = [newKey(), newKey()];
  const file = join(newFolder(), "countersign.yaml");
  const write = (text: string): void => writeFileSync(file, text, { mode: 0o600 });
  const config = workersConfig({ twilio: { baseUrl: "http://127.0.0.1:9" } }, first, 3);
  const withKey = ({ hash }: ReturnType<typeof newKey>): string => {
    const applications = config.applications.map((application) => ({ ...application, keys: [{ id: "only", hash }] }));
    return stringify({ ...config, applications, reload: { watch: false } });
  };
  write(withKey(first));
  const service = await startService({ store: newSqlite().url, env: { ...patient, COUNTERSIGN_CONFIG: file } });
  const metrics = String(service.log().find(({ event }) => event === "started")?.metrics);
  const asks = async (text: string, event: string): Promise<void> => {
    write(text);
    const before = countOf(service, event);
    service.child.kill("SIGHUP");
    await expect.poll(() => countOf(service, event), { timeout }).toBe(before + 1);
  };
  /** On connections of their own, more than there are workers. */
  const answersTo = async ({ key }: ReturnType<typeof newKey>): Promise<string[]> => {
    const wires = Array.from({ length: 9 }, () => connectTo(service, key).gRPC);
    const answers = await Promise.all(wires.map((wire) => wire.send(verify("A".repeat(36), "000000"))));
    return [...new Set(answers.map(outcome))];
  };
  const [known] = await answersTo(first);
  expect(await answersTo(second)).not.toContain(known);

  await asks(withKey(second), "configuration_reloaded");
  expect(await answersTo(second)).toEqual([known]);
  expect(await answersTo(first)).not.toContain(known);

  await asks("applications: [", "configuration_refused");
  expect(await answersTo(second)).toEqual([known]);
  // It gets what the others have, and not what the file says.
  await killWorker(service, 2);
  expect(await answersTo(second)).toEqual([known]);
  expect(await readTotal(metrics, "countersign_configuration_last_reload_successful")).toBe(0);
  expect(await readTotal(metrics, "countersign_configuration_reloads_total")).toBe(2);

  await asks(withKey(first), "configuration_reloaded");
  expect(await answersTo(first)).toEqual([known]);
  expect(await answersTo(second)).not.toContain(known);
  expect(countOf(service, "worker_differs")).toBe(0);
});
