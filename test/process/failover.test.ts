import { afterAll, beforeAll, expect, it } from "vitest";
import { account, startTwilioServer } from "../providers/twilio-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { challengeIdOf, newPhone, sendTo, verify } from "./calls.ts";
import { newKey, newSecret } from "./production-config.ts";
import { newSqlite, type Service, startService } from "./service.ts";

const caller = newKey();
let main: Awaited<ReturnType<typeof startTwilioServer>>;
let spare: Awaited<ReturnType<typeof startTwilioServer>>;
let service: Service;

beforeAll(async () => {
  [main, spare] = await Promise.all([startTwilioServer(), startTwilioServer()]);
  const twilio = { kind: "twilio", accountSid: account.sid, authToken: account.token, from: "+15005550006" };
  service = await startService({
    key: caller.key,
    config: {
      store: { url: newSqlite().url },
      secrets: { ledgerKey: newSecret(), codeKeys: [{ id: "a", secret: newSecret() }] },
      applications: [
        {
          id: "shop",
          displayName: "Shop",
          purposes: ["login"],
          channels: ["sms"],
          policy: { countries: ["DE", "AT"] },
          keys: [{ id: "k", hash: caller.hash }],
        },
      ],
      providers: { main: { ...twilio, baseUrl: main.baseUrl }, spare: { ...twilio, baseUrl: spare.baseUrl } },
      channels: { sms: [{ to: { countries: ["AT"] }, providers: ["spare"] }, { providers: ["main", "spare"] }] },
      circuitBreaker: { failures: 3, openSeconds: 3600 },
    },
  });
});
afterAll(() => Promise.all([main.stop(), spare.stop()]));

const deliveriesOf = (response: object) => (response as { challenge: { deliveries: unknown[] } }).challenge.deliveries;
const lines = (event: string) => service.log().filter((line) => line.event === event);

it("a rule sends a country's messages another way", async () => {
  const response = await mustSucceed(service.gRPC, sendTo("+436641234567"));
  expect(deliveriesOf(response)).toMatchObject([{ provider: "spare", state: "DELIVERY_STATE_ACCEPTED" }]);
  expect(main.requests).toHaveLength(0);
});

it("a code gets there by the second provider when the first refuses, one line tells of each try, and one of the circuit", async () => {
  main.state.behaviour = { kind: "refuse", status: 429, code: 20429 };
  for (const wire of service.wires) {
    spare.requests.length = 0;
    const response = await mustSucceed(wire, sendTo(newPhone()));
    expect(deliveriesOf(response)).toMatchObject([{ provider: "spare", state: "DELIVERY_STATE_ACCEPTED" }]);
    const code = /\d{6}/.exec(spare.requests[0]?.fields.Body ?? "")?.[0] ?? "";
    await mustSucceed(wire, verify(challengeIdOf(response), code));
  }
  expect(main.requests).toHaveLength(3);
  const tries = () => lines("message_handled").map(({ provider, outcome }) => `${provider} ${outcome}`);
  const both = ["main retryable", "spare accepted"];
  await expect.poll(tries).toEqual(["spare accepted", ...both, ...both, ...both, "spare accepted"]);
  await expect.poll(() => lines("circuit_opened")).toMatchObject([{ level: "warn", provider: "main", country: "DE" }]);
});
