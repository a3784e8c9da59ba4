/** What strangers, broken clients and impatient people do. */

import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@bufbuild/protobuf";
import type { Act, Play } from "./play.ts";
import { brokenOff, connectOutcome, post, type Wire } from "./wires.ts";

export const createOddActs = (wires: readonly [Wire, ...Wire[]]): readonly Act[] => [
  { name: "invalid input", weight: 6, play: sendInvalid },
  { name: "no JSON, too large, unknown", weight: 4, play: sendBroken },
  { name: "unknown key", weight: 2, play: sendUnknownKey },
  { name: "break off a call", weight: 3, play: (play) => breakOff(play, wires) },
  { name: "connect and say nothing sensible", weight: 3, play: babble },
  { name: "connect, ping, leave", weight: 2, play: pingAndLeave },
  { name: "health and public keys", weight: 3, play: lookAround },
];

const invalid: readonly [method: string, request: JsonObject, expected: string][] = [
  ["SendCode", { recipient: { phoneNumber: "+49 (0) none" } }, "INVALID_ARGUMENT"],
  ["SendCode", {}, "INVALID_ARGUMENT"],
  ["SendCode", { recipient: { phoneNumber: "+4915112345678" }, purpose: "no such purpose" }, "INVALID_ARGUMENT"],
  ["SendCode", { recipient: { emailAddress: "a@b@c" }, channels: ["CHANNEL_EMAIL"] }, "INVALID_ARGUMENT"],
  ["VerifyCode", { challengeId: "nonsense", code: "123456" }, "INVALID_ARGUMENT"],
  ["GetChallenge", { challengeId: "" }, "INVALID_ARGUMENT"],
  ["RedeemProof", { proofToken: "a.b.c" }, "PROOF_INVALID"],
  ["DeleteAuthenticator", { subject: "nobody", authenticatorId: "AAAAAAAAAAAAAAAA" }, "AUTHENTICATOR_NOT_FOUND"],
];

async function sendInvalid(play: Play): Promise<void> {
  const [method, request, expected] = invalid[play.dice.whole(invalid.length)] as (typeof invalid)[number];
  await play.call("shop", method, request, [expected, "CHALLENGE_NOT_FOUND"]);
}

const broken: readonly [Broken, ...Broken[]] = [
  ["{no json", "SendCode", ["INVALID_ARGUMENT"]],
  [`{"purpose":"${"x".repeat(40_000)}"}`, "SendCode", ["MESSAGE_TOO_LARGE"]],
  ["{}", "NoSuchMethod", ["HTTP 404", "UNIMPLEMENTED"]],
];
type Broken = readonly [body: string, method: string, expected: readonly string[]];

async function sendBroken(play: Play): Promise<void> {
  await play.turn();
  const headers = { "content-type": "application/json", authorization: `Bearer ${play.keyOf("shop")}` };
  const [body, method, expected] = play.dice.pick(broken);
  const url = `http://${play.addresses.http}/countersign.v1.CodeService/${method}`;
  const { status, text } = await post({ url, headers, body });
  const outcome = text.startsWith("{") ? connectOutcome(JSON.parse(text), status) : `HTTP ${status}`;
  if (!expected.includes(outcome)) play.unexpected(`broken ${method}: ${outcome}`);
}

async function sendUnknownKey(play: Play): Promise<void> {
  await play.call("shop", "GetChallenge", { challengeId: "x" }, ["UNAUTHENTICATED"], { key: `cs_${"A".repeat(43)}0000` });
}

async function breakOff(play: Play, wires: readonly [Wire, ...Wire[]]): Promise<void> {
  await play.withPerson(async ({ phoneNumber }) => {
    const leaving = new AbortController();
    const terms = { signal: leaving.signal, on: play.dice.pick(wires) };
    const expected = [brokenOff, "OK", "DELIVERY_FAILED"];
    const call = play.call("shop", "SendCode", { recipient: { phoneNumber } }, expected, terms);
    await sleep(play.dice.whole(12));
    leaving.abort();
    await call;
  });
}

const babbles: readonly [string, ...string[]] = [
  "",
  "GET / HTTP/1.1\r\nHost: a\r\n",
  "\x16\x03\x01\x00\x05hello",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "POST /countersign.v1.CodeService/SendCode HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{",
];

async function babble(play: Play): Promise<void> {
  await play.turn();
  const [host = "", port = ""] = play.dice.pick([play.addresses.grpc, play.addresses.http]).split(":");
  const socket = connectTcp(Number(port), host).on("error", () => undefined);
  socket.write(play.dice.pick(babbles));
  await sleep(play.dice.whole(200));
  if (play.dice.whole(2) === 0) socket.resetAndDestroy();
  else socket.destroy();
}

function pingAndLeave(play: Play): Promise<void> {
  return play.turn().then(
    () =>
      new Promise((resolve) => {
        const session = connectHttp2(`http://${play.addresses.grpc}`).on("error", () => resolve());
        session.ping(() => session.close(() => resolve()));
      }),
  );
}

async function lookAround(play: Play): Promise<void> {
  await play.turn();
  for (const path of ["/healthz", "/readyz", "/.well-known/jwks.json"]) {
    const response = await fetch(`http://${play.addresses.http}${path}`);
    await response.arrayBuffer();
    if (!response.ok) play.unexpected(`${path}: HTTP ${response.status}`);
  }
}
