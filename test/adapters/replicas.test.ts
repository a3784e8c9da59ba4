import { beforeAll, describe, expect, test } from "vitest";
import { inbox, newPhone } from "../process/calls.ts";
import { stores } from "../process/databases.ts";
import { type Service, startService } from "../process/service.ts";
import { authToken, codeFor, secret, startAdapter, verifyService } from "./adapter.ts";

let service: Service;

beforeAll(async () => {
  service = await startService();
});

describe.each(stores)("several replicas on $name", ({ newUrl }) => {
  test("requests at once meet one challenge: one SID, one message; checks and resends work on either", async () => {
    const env = { ADAPTER_STORE_URL: newUrl(), ADAPTER_SECRET: secret };
    const [one, two] = await Promise.all([startAdapter(service, env), startAdapter(service, env)]);
    const [first, second] = [verifyService(one), verifyService(two)];
    for (let round = 0; round < 5; round++) {
      const to = newPhone();
      const started = await Promise.all(
        [first, second, first, second].map((each) => each.verifications.create({ to, channel: "sms" }).catch((error: unknown) => error)),
      );
      // Whoever comes when the first has been answered asks for a second message, too soon.
      const sids = started.flatMap((each) => (each as { sid?: string }).sid ?? []);
      expect(new Set(sids).size).toBe(1);
      const refused = started.filter((each) => each instanceof Error);
      expect(refused.map((each) => (each as unknown as { code: number }).code)).toEqual(refused.map(() => 60203));
      expect(await inbox(service, to)).toHaveLength(1);
      const code = await codeFor(service, to);
      const checks = await Promise.all([first, second].map((each) => each.verificationChecks.create({ to, code }).catch(() => undefined)));
      expect(checks.filter((each) => each?.valid)).toHaveLength(1);
    }
  });

  test("a restart forgets nothing, and says nothing of recipients and codes", async () => {
    const env = { ADAPTER_STORE_URL: newUrl(), ADAPTER_SECRET: secret };
    const before = await startAdapter(service, env);
    const to = newPhone();
    const { sid } = await verifyService(before).verifications.create({ to, channel: "sms" });
    const code = await codeFor(service, to);
    expect(await before.stop()).toBe(0);
    const after = await startAdapter(service, env);
    const checked = await verifyService(after).verificationChecks.create({ to, code });
    expect(checked).toMatchObject({ sid, status: "approved" });
    await after.stop();
    const logs = before.stdout() + after.stdout();
    expect(logs).toContain('"event":"answered"');
    for (const secretText of [to, code, authToken, sid]) expect(logs).not.toContain(secretText);
  });
});
