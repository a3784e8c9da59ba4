/** What callers do with codes all day. */
import { type Act, type Caller, open, type Play, sent, wrong } from "./play.ts";
import { pageOrigin } from "./service-config.ts";

export const codeActs: readonly Act[] = [
  { name: "send and verify", weight: 24, play: sendAndVerify },
  { name: "send by email and verify", weight: 6, play: sendMail },
  { name: "guess wrong, then right", weight: 10, play: guess },
  { name: "spend every guess", weight: 3, play: spendGuesses },
  { name: "resend", weight: 7, play: resend },
  { name: "resend too soon", weight: 4, play: resendTooSoon },
  { name: "cancel", weight: 5, play: cancel },
  { name: "let it expire", weight: 5, play: expire },
  { name: "fall back to another channel", weight: 3, play: fallBack },
  { name: "send again by the same idempotency key", weight: 5, play: repeat },
  { name: "send from a page", weight: 5, play: sendFromPage },
  { name: "ask for more than the limit", weight: 4, play: askForTooMuch },
  { name: "redeem a proof", weight: 5, play: redeem },
  { name: "sandbox", weight: 2, play: sandbox },
];

const callers: readonly [Caller, ...Caller[]] = ["shop", "shop", "bank"];

const verify = (play: Play, caller: Caller, request: { challengeId: string; code: string; requestId?: string }, expected: string) =>
  play.call(caller, "VerifyCode", request, [expected]);

function sendAndVerify(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const caller = play.dice.pick(callers);
    const purpose = play.dice.pick(["login", "payment"]);
    const binding: Record<string, string> = purpose === "payment" ? { amount: "49.90 EUR", payee: "ACME" } : {};
    const opened = await open(play, caller, person, { more: { purpose, binding, locale: play.dice.pick(["en", "en-GB"]) } });
    if (!opened) return;
    if (play.dice.whole(3) === 0) await play.call(caller, "GetChallenge", { challengeId: opened.challengeId }, ["OK"]);
    const requestId = `r-${play.dice.whole(2 ** 32)}`;
    const request = { ...opened, purpose, binding, requestId };
    await play.call(caller, "VerifyCode", request, ["OK"]);
    if (play.dice.whole(5) === 0) await play.call(caller, "VerifyCode", request, ["OK"]);
  });
}

function sendMail(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const opened = await open(play, "shop", person, { channels: ["CHANNEL_EMAIL"] });
    if (opened) await verify(play, "shop", opened, "OK");
  });
}

function guess(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const caller = play.dice.pick(callers);
    const opened = await open(play, caller, person);
    if (!opened) return;
    await verify(play, caller, { ...opened, code: wrong(opened.code) }, "CODE_MISMATCH");
    await play.call(caller, "VerifyCode", { ...opened, purpose: "payment" }, ["BINDING_MISMATCH"]);
    await verify(play, caller, opened, "OK");
    await verify(play, caller, opened, "CODE_ALREADY_USED");
  });
}

function spendGuesses(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const opened = await open(play, "shop", person);
    if (!opened) return;
    for (let count = 0; count < 5; count += 1) await verify(play, "shop", { ...opened, code: wrong(opened.code) }, "CODE_MISMATCH");
    await verify(play, "shop", opened, "TOO_MANY_ATTEMPTS");
    // Wrong guesses are forgiven by a success only, and the same people come again.
    const next = await open(play, "shop", person);
    if (next) await verify(play, "shop", next, "OK");
  });
}

function resend(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const opened = await open(play, "shop", person);
    if (!opened) return;
    play.mailbox.take(person.phoneNumber);
    const { outcome } = await play.call("shop", "ResendCode", { challengeId: opened.challengeId }, sent);
    const code = play.mailbox.take(person.phoneNumber);
    if (outcome !== "OK" || !code) return;
    if (code !== opened.code) await verify(play, "shop", opened, "CODE_MISMATCH");
    await verify(play, "shop", { ...opened, code }, "OK");
  });
}

function resendTooSoon(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const opened = await open(play, "bank", person);
    if (!opened) return;
    await play.call("bank", "ResendCode", { challengeId: opened.challengeId }, ["RESEND_COOLDOWN"]);
    await verify(play, "bank", opened, "OK");
  });
}

function cancel(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const caller = play.dice.pick(callers);
    const opened = await open(play, caller, person);
    if (!opened) return;
    await play.call(caller, "CancelChallenge", { challengeId: opened.challengeId }, ["OK"]);
    await verify(play, caller, opened, "CHALLENGE_CANCELED");
  });
}

/** The bank's codes live for half a minute. */
function expire(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const opened = await open(play, "bank", person);
    if (opened) play.later(33_000, async () => void (await verify(play, "bank", opened, "CODE_EXPIRED")));
  });
}

/** Ten seconds after the first message, whichever process gets to it. */
async function fallBack(play: Play): Promise<void> {
  const person = play.dice.whole(2 ** 32);
  const phoneNumber = `+491701${String(person % 10_000_000).padStart(7, "0")}`;
  const request = { recipient: { phoneNumber }, channels: ["CHANNEL_SMS", "CHANNEL_PUSH"], automaticFallback: true };
  const { outcome, response } = await play.call("shop", "SendCode", request, sent);
  if (outcome !== "OK") return;
  const { challengeId } = response.challenge as { challengeId: string };
  play.later(16_000, async () => {
    const code = play.mailbox.take(phoneNumber);
    // The second message may be under way just now, and then the code of the first one is no more.
    if (code) await play.call("shop", "VerifyCode", { challengeId, code }, ["OK", "CODE_MISMATCH"]);
  });
}

function repeat(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const idempotencyKey = `k-${play.dice.whole(2 ** 32)}-${play.dice.whole(2 ** 32)}`;
    const request = { recipient: { phoneNumber: person.phoneNumber }, idempotencyKey };
    const answers = await Promise.all([0, 1].map(() => play.call("shop", "SendCode", request, [...sent, "REQUEST_IN_PROGRESS"])));
    if (!answers.some(({ outcome }) => outcome === "OK")) return;
    await play.call("shop", "SendCode", { ...request, purpose: "payment" }, ["IDEMPOTENCY_KEY_REUSED"]);
  });
}

function sendFromPage(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const terms = { origin: pageOrigin };
    const opened = await open(play, "page", person, { terms });
    if (opened) await play.call("page", "VerifyCode", opened, ["OK"], terms);
  });
}

/** Of a few clients, who asked for all that they may have long ago. */
function askForTooMuch(play: Play): Promise<void> {
  return play.withPerson(async ({ phoneNumber }) => {
    const request = { recipient: { phoneNumber }, client: { ipAddress: `203.0.113.${play.dice.whole(20)}` } };
    await play.call("crowd", "SendCode", request, [...sent, "RATE_LIMITED"]);
  });
}

function redeem(play: Play): Promise<void> {
  return play.withPerson(async (person) => {
    const opened = await open(play, "shop", person);
    if (!opened) return;
    const { outcome, response } = await verify(play, "shop", opened, "OK");
    if (outcome !== "OK") return;
    const proofToken = String(response.proofToken ?? "");
    if (proofToken === "") return play.unexpected("VerifyCode: OK without a proof");
    await play.call("shop", "RedeemProof", { proofToken }, ["OK"]);
    await play.call("shop", "RedeemProof", { proofToken }, ["PROOF_ALREADY_REDEEMED"]);
  });
}

/** All of the load together has one such recipient, whose limits are those of everybody. */
async function sandbox(play: Play): Promise<void> {
  const request = { recipient: { emailAddress: "reviewer@example.com" }, channels: ["CHANNEL_EMAIL"] };
  const { outcome, response } = await play.call("shop", "SendCode", request, ["OK", "RATE_LIMITED"]);
  if (outcome !== "OK") return;
  const { challengeId } = response.challenge as { challengeId: string };
  await verify(play, "shop", { challengeId, code: "246810" }, "OK");
}
