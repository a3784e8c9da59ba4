import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { limitChallenges } from "../../src/assemble/limit-challenges.ts";
import { type ChallengeAsk, createCaptchaRoute } from "../../src/http/captcha-challenge.ts";
import { type HttpListener, listenHttp } from "../../src/http/listen-http.ts";

const asked: ChallengeAsk[] = [];
/** A client of its own for every test but one. */
let client = 0;
const findAddress = (_peer: unknown, header: (name: string) => string | undefined): string => header("x-client") ?? `203.0.113.${client}`;
let listener: HttpListener;
let base: string;

beforeAll(async () => {
  const answerCaptcha = createCaptchaRoute(async (ask) => {
    asked.push(ask);
    return ["", "work"].includes(ask.captcha) ? { parameters: {}, signature: "s" } : undefined;
  }, limitChallenges(findAddress));
  listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    setting: "listen.http",
    rpc: () => false,
    routes: () => ({ isReady: () => true, answerCaptcha }),
    origins: () => new Set(["https://app.example.com"]),
    onError: (cause) => {
      throw cause;
    },
  });
  base = `http://127.0.0.1:${listener.address.port}/captcha/challenge`;
});
beforeEach(() => {
  client += 1;
  asked.length = 0;
});
afterAll(() => listener.close(1000));

test("a page gets a challenge for its purpose, and no cache keeps it", async () => {
  const answer = await fetch(`${base}?action=login&captcha=work`, { headers: { origin: "https://app.example.com" } });
  expect([answer.status, await answer.json()]).toEqual([200, { parameters: {}, signature: "s" }]);
  expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(asked).toEqual([{ captcha: "work", action: "login", origin: "https://app.example.com" }]);
});

test.for<[what: string, headers: Record<string, string>, origin: string]>([
  ["the origin", { origin: "https://a.example:8443" }, "https://a.example:8443"],
  ["the origin before the referrer", { origin: "https://a.example", referer: "https://b.example/x" }, "https://a.example"],
  ["the referrer's, where browsers name no origin", { referer: "https://b.example:8443/login?next=/" }, "https://b.example:8443"],
  ["nobody's, of a page without one", { referer: "data:text/html,x" }, ""],
  ["nobody's, of no referrer that could be read", { referer: "nonsense" }, ""],
  ["nobody's, of one that is too long", { origin: `https://${"a".repeat(300)}.example` }, ""],
  ["nobody's", {}, ""],
])("the page is %s", async ([, headers, origin]) => {
  expect((await fetch(`${base}?action=login`, { headers })).status).toBe(200);
  expect(asked).toEqual([{ captcha: "", action: "login", origin }]);
});

test.each(["", "?action=", "?action=Log%20in", `?action=${"a".repeat(65)}`])("without a purpose there is none: %s", async (query) => {
  const answer = await fetch(base + query);
  expect([answer.status, await answer.json()]).toEqual([
    400,
    { error: "write the purpose of the code that will be asked for, such as ?action=login" },
  ]);
  expect(asked).toEqual([]);
});

test("a captcha that there is not is not found", async () => {
  const answer = await fetch(`${base}?action=login&captcha=other`);
  expect([answer.status, await answer.json()]).toEqual([404, { error: "there is no captcha of kind proof_of_work with this name" }]);
});

test("one client gets 20 at once, and then one a second; others do not notice", async () => {
  const ask = (from: string) => fetch(`${base}?action=login`, { headers: { "x-client": from } });
  const answers: Response[] = [];
  for (let i = 0; i < 25; i++) answers.push(await ask(`2001:db8::${i}`));
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(3);
  expect(asked).toHaveLength(25 - refused.length);
  expect(refused[0]?.headers.get("retry-after")).toBe("1");
  expect((await ask("2001:db8:0:1::1")).status).toBe(200);
  await setTimeout(1_050);
  expect((await ask("2001:db8::77")).status).toBe(200);
});

test("it is read by GET", async () => {
  expect((await fetch(`${base}?action=login`, { method: "POST" })).status).toBe(405);
});
