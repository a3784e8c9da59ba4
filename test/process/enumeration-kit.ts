/** Telling recipients apart by what a caller sees of them. */
import { randomInt } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const origin = "https://app.example.com";

/** A vendor of messages and one of facts about numbers, over a network. What a number gets follows from how it begins. */
export async function startVendors(of: { readonly refused: string; readonly swapped: string }) {
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request)).toString();
    const answer = (status: number, value: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (request.url === "/lookup") {
      await sleep(randomInt(8, 20));
      const isSwapped = body.includes(of.swapped);
      return answer(200, { sim_swapped_at: isSwapped ? new Date().toISOString() : null });
    }
    // Numbers that nobody has are refused before anything is looked up.
    if (new URLSearchParams(body).get("To")?.startsWith(of.refused)) return answer(400, { code: 21_211, message: "invalid", status: 400 });
    await sleep(randomInt(20, 60));
    return answer(201, { sid: `SM${"0".repeat(32)}`, status: "queued" });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export type Seen = {
  readonly status: number;
  readonly headers: string;
  /** What every answer differs in is left out: moments, ids, digits of numbers. */
  readonly body: string;
  readonly ms: number;
  readonly challengeId: string;
};

export type Caller = (method: string, request: object) => Promise<Seen>;

export const callerOf =
  (base: string, key: string): Caller =>
  async (method, request) => {
    const startedAt = performance.now();
    const answer = await fetch(`http://${base}/countersign.v1.CodeService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}`, origin },
      body: JSON.stringify(request),
    });
    const text = await answer.text();
    const ms = performance.now() - startedAt;
    const [, challengeId = ""] = /"challengeId":"([^"]+)"/.exec(text) ?? [];
    return { status: answer.status, headers: maskHeaders(answer.headers), body: mask(text), ms, challengeId };
  };

/** The length of a body follows from what was masked in it. */
const maskHeaders = (headers: Headers): string =>
  [...headers].map(([name, value]) => (["date", "content-length"].includes(name) ? name : `${name}: ${value}`)).join("\n");

const mask = (text: string): string =>
  text
    .replace(/"challengeId":"[^"]{36}"/g, '"challengeId":"…"')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, "T")
    .replace(/\+49(•+)\d{3}/g, "+49$1ddd");

/** What can be seen of one number, by every method. */
export type Look = Readonly<Record<"SendCode" | "GetChallenge" | "ResendCode" | "VerifyCode", Seen>>;

export async function lookAt(call: Caller, phoneNumber: string): Promise<Look> {
  const sent = await call("SendCode", { recipient: { phoneNumber }, purpose: "login" });
  const { challengeId } = sent;
  const resent = await call("ResendCode", { challengeId });
  const verified = await call("VerifyCode", { challengeId, code: "000000", purpose: "login" });
  return { SendCode: sent, ResendCode: resent, VerifyCode: verified, GetChallenge: await call("GetChallenge", { challengeId }) };
}

/** The first message of WatchChallenge, and whether there is another one soon. */
export async function watch(base: string, key: string, challengeId: string): Promise<string> {
  const message = Buffer.from(JSON.stringify({ challengeId }));
  const envelope = Buffer.alloc(5);
  envelope.writeUInt32BE(message.length, 1);
  const answer = await fetch(`http://${base}/countersign.v1.CodeService/WatchChallenge`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", authorization: `Bearer ${key}`, origin },
    body: Buffer.concat([envelope, message]),
  });
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  const next = await Promise.race([reader?.read(), sleep(300)]);
  await reader?.cancel();
  const chunks = [first, next].flatMap((each) => (each?.value ? [each.value] : []));
  // The envelopes' flags and lengths: control characters, and what is no UTF-8.
  return mask([...Buffer.concat(chunks).toString()].filter((each) => each >= " " && each !== "\ufffd").join(""));
}

/** Every difference between kinds of recipients that a caller could go by, in words; none where it cannot tell them apart. */
export function tellApart(looks: Readonly<Record<string, readonly Look[] | undefined>>): string[] {
  const kinds = Object.keys(looks);
  const methods = ["SendCode", "ResendCode", "VerifyCode", "GetChallenge"] as const;
  return methods.flatMap((method) =>
    kinds.flatMap((one, index) =>
      kinds.slice(index + 1).flatMap((other) => {
        const [a, b] = [one, other].map((kind) => (looks[kind] ?? []).map((look) => look[method])) as [Seen[], Seen[]];
        return compare(a, b).map((what) => `${method} of ${one} and ${other}: ${what}`);
      }),
    ),
  );
}

function compare(a: readonly Seen[], b: readonly Seen[]): string[] {
  const differs = (what: "status" | "headers" | "body"): string[] => {
    const all = [a, b].map((seen) => [...new Set(seen.map((each) => each[what]))].sort().join("\n"));
    return all[0] === all[1] ? [] : [`${what}\n${all.join("\n")}`];
  };
  const distance = kolmogorovSmirnov(
    a.map(({ ms }) => ms),
    b.map(({ ms }) => ms),
  );
  const times = distance > criticalDistance(a.length, b.length) ? [`times, by ${distance.toFixed(2)}`] : [];
  return [...differs("status"), ...differs("headers"), ...differs("body"), ...times];
}

/** The greatest distance between two empirical distributions. */
export function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  const below = (sample: readonly number[], at: number): number => sample.filter((value) => value <= at).length / sample.length;
  return Math.max(...[...a, ...b].map((at) => Math.abs(below(a, at) - below(b, at))));
}

/** One of ten thousand pairs of samples of the same distribution is further apart. */
const alpha = 1e-4;
const criticalDistance = (n: number, m: number): number => Math.sqrt(-Math.log(alpha / 2) / 2) * Math.sqrt((n + m) / (n * m));
