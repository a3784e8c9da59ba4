import { onTestFinished } from "vitest";
import { countryOf } from "../../src/channels/phone-number.ts";
import { createRandom } from "../../src/otp/random.ts";
import { createCarriers } from "../../src/providers/create-carriers.ts";
import { providerConfig } from "../../src/providers/create-provider.ts";
import { application, createFixture } from "../otp/fixture.ts";
import { account, startTwilioServer } from "./twilio-server.ts";

type Options = {
  /** Where the accounts are reached, when that is not their own server. */
  readonly main?: object;
  readonly spare?: object;
  readonly circuitBreaker?: { readonly failures: number; readonly openMs: number };
};

/** Two accounts, each at a server of its own, as the application would have them for text messages, and the rules before them. */
export async function startTwoAccounts({ main = {}, spare = {}, circuitBreaker = { failures: 5, openMs: 30_000 } }: Options = {}) {
  const servers = { main: await startTwilioServer(), spare: await startTwilioServer() };
  const configOf = (baseUrl: string, more: object) =>
    providerConfig.parse({
      kind: "twilio",
      accountSid: account.sid,
      authToken: account.token,
      from: "+15005550006",
      baseUrl,
      timeoutSeconds: 1,
      ...more,
    });
  const changes: string[] = [];
  const carriers = await createCarriers(
    {
      providers: { main: configOf(servers.main.baseUrl, main), spare: configOf(servers.spare.baseUrl, spare) },
      channels: { sms: [{ providers: [{ name: "main" }, { name: "spare" }] }] },
      circuitBreaker,
    },
    {
      inbox: { name: "inbox", send: async () => ({ outcome: "accepted" }) },
      random: createRandom(),
      now: () => Date.now(),
      countryOf,
      isSettled: async () => true,
      onCircuitChange: ({ provider, country, state }) => void changes.push(`${provider} ${country} ${state}`),
    },
  );
  const carrier = carriers.byChannel.get("sms");
  if (!carrier) throw new Error("nobody carries sms");
  const fixture = createFixture({ application, carrier });
  onTestFinished(async () => {
    await carriers.close();
    await Promise.all([servers.main.stop(), servers.spare.stop()]);
  });
  return {
    ...fixture,
    servers,
    changes,
    carriers,
    /** How often each number was written to, at either account. */
    received() {
      const counts = new Map<string, number>();
      for (const { fields } of [...servers.main.requests, ...servers.spare.requests])
        counts.set(fields.To ?? "", (counts.get(fields.To ?? "") ?? 0) + 1);
      return counts;
    },
  };
}
