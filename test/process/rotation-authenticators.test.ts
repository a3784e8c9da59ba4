import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { codeAt, importToken, openFor, type Token } from "./authenticators-kit.ts";
import { outcome, verify } from "./calls.ts";
import { stores } from "./databases.ts";
import { sampleConfig } from "./production-config.ts";
import { countOf, patient, startRotating } from "./rotation-kit.ts";
import { newKey } from "./secrets-kit.ts";
import { launch, newFolder, type Service } from "./service.ts";

// Services that start, and many calls, beside all the other tests.
vi.setConfig({ testTimeout: 180_000 });

describe.each(stores)("keys of authenticators' secrets, under load: $name", ({ newUrl }) => {
  it("a second one, promoted, everything re-encrypted, and the old one dropped: every right code is accepted", async () => {
    const twilio = await startTwilioServer();
    const sample = sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, []);
    await twilio.stop();
    const [old, fresh] = [newKey("old"), newKey("new")];
    const withKeys = (...authenticatorKeys: object[]) => ({ ...sample, secrets: { ...sample.secrets, authenticatorKeys } });
    const store = newUrl();
    const rotating = await startRotating({ config: withKeys(old), store, key: "" });
    const service = rotating.services[0] as Service;
    const tokens = await Promise.all(Array.from({ length: 4 }, () => importToken(service, "hotp")));
    const users = useAll(service, tokens);
    await users.until(8);
    for (const keys of [
      [old, fresh],
      [fresh, old],
    ]) {
      await rotating.reload(withKeys(...keys));
      await users.until(8);
    }
    const file = join(newFolder(), "countersign.yaml");
    writeFileSync(file, stringify(withKeys(fresh, old)), { mode: 0o600 });
    const command = launch({ store, env: { ...patient, COUNTERSIGN_CONFIG: file } }, ["reencrypt", "--json"]);
    expect(await command.exited, command.stderr()).toMatchObject({ code: 0 });
    expect(JSON.parse(command.stdout())).toMatchObject({ newest: "new", unreadable: 0, removable: ["old"] });
    await users.until(8);
    await rotating.reload(withKeys(fresh));
    await users.until(8);
    await users.stop();
    expect(countOf(service, "authenticator_unreadable")).toBe(0);
  });
});

/** Verifies codes of all of them until it is stopped; one that is refused ends it. */
function useAll({ gRPC, JSON: json }: Service, tokens: readonly Token[]) {
  const refusals: string[] = [];
  let [used, isStopped] = [0, false];
  const use = async (token: Token): Promise<void> => {
    for (let counter = 0; !isStopped && refusals.length === 0; counter++) {
      const [ask, answer] = counter % 2 === 0 ? [gRPC, json] : [json, gRPC];
      const got = outcome(await answer.send(verify(await openFor(ask, token.subject, "HOTP"), codeAt("hotp", token, counter))));
      if (got === "OK") used += 1;
      else refusals.push(got);
      await sleep(20);
    }
  };
  const done = Promise.all(tokens.map((token) => use(token).catch((error: unknown) => refusals.push(String(error)))));
  return {
    async until(count: number): Promise<void> {
      const goal = used + count;
      await expect.poll(() => refusals.length > 0 || used >= goal, { timeout: 60_000 }).toBe(true);
      expect(refusals).toEqual([]);
    },
    async stop(): Promise<void> {
      isStopped = true;
      await done;
      expect(refusals).toEqual([]);
    },
  };
}
