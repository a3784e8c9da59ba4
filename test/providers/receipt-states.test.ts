import { expect, test } from "vitest";
import { formatMessageName, parseMessageName } from "../../src/otp/receipt.ts";
import { readReceipt as readBird } from "../../src/providers/bird-receipt.ts";
import { readReceipt as readSns } from "../../src/providers/sns-receipt.ts";
import { readReceipt as readTwilio } from "../../src/providers/twilio-receipt.ts";
import { readReceipt as readVonage } from "../../src/providers/vonage-receipt.ts";
import { readReceipt as readGateway } from "../../src/providers/webhook-receipt.ts";

const sid = `SM${"0".repeat(32)}`;
const callSid = `CA${"0".repeat(32)}`;
const uuid = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
const birdId = "e8077d803532c0b5937c639b60216938";
const failed = (failure: string, vendorCode: string) => ({ state: "failed", failure, vendorCode });

test.each([
  ["queued", undefined, { state: "accepted" }],
  ["sent", undefined, { state: "accepted" }],
  ["delivered", undefined, { state: "delivered" }],
  ["read", undefined, { state: "delivered" }],
  ["undelivered", "30003", failed("recipient_refused", "30003")],
  ["undelivered", "30007", failed("content_refused", "30007")],
  ["undelivered", "30008", failed("provider_error", "30008")],
  ["failed", "21610", failed("recipient_opted_out", "21610")],
  ["failed", "30002", failed("funds_exhausted", "30002")],
  ["undelivered", undefined, failed("provider_error", "undelivered")],
  ["undelivered", "x".repeat(200), failed("provider_error", "undelivered")],
  ["canceled", undefined, failed("provider_error", "canceled")],
] as const)("twilio message %s %s", (MessageStatus, ErrorCode, receipt) => {
  expect(readTwilio({ MessageSid: sid, MessageStatus, ErrorCode })).toEqual({ ...receipt, reference: sid });
});

test.each([
  ["in-progress", { state: "accepted" }],
  ["completed", { state: "delivered" }],
  ["busy", failed("recipient_refused", "busy")],
  ["no-answer", failed("recipient_refused", "no-answer")],
  ["failed", failed("provider_error", "failed")],
] as const)("twilio call %s", (CallStatus, receipt) => {
  expect(readTwilio({ CallSid: callSid, CallStatus })).toEqual({ ...receipt, reference: callSid });
});

test.each([
  ["submitted", undefined, { state: "accepted" }],
  ["delivered", undefined, { state: "delivered" }],
  ["read", undefined, { state: "delivered" }],
  ["rejected", "1170", failed("recipient_refused", "1170")],
  ["rejected", "1240", failed("recipient_opted_out", "1240")],
  ["rejected", "9999", failed("provider_error", "9999")],
  ["undeliverable", "1170", failed("provider_error", "undeliverable")],
] as const)("vonage message %s %s", (status, code, receipt) => {
  const error = code && { type: `https://developer.vonage.com/api-errors/messages#${code}`, title: Number(code) };
  expect(readVonage({ message_uuid: uuid, status, error })).toEqual({ ...receipt, reference: uuid });
});

test.each([
  ["answered", { state: "accepted" }],
  ["completed", { state: "delivered" }],
  ["unanswered", failed("recipient_refused", "unanswered")],
  ["rejected", failed("recipient_refused", "rejected")],
  ["failed", failed("provider_error", "failed")],
] as const)("vonage call %s", (status, receipt) => {
  expect(readVonage({ uuid, status })).toEqual({ ...receipt, reference: uuid });
});

test.each([
  ["status=sent", { state: "accepted" }],
  ["status=buffered", { state: "accepted" }],
  ["status=delivered&statusReason=successfully+delivered", { state: "delivered" }],
  ["status=expired&statusReason=DLR+not+received", failed("timeout", "expired")],
  ["status=delivery_failed&statusReason=unknown_subscriber&statusErrorCode=1", failed("recipient_refused", "1")],
  ["status=delivery_failed&statusReason=opted+out&statusErrorCode=104", failed("recipient_opted_out", "104")],
  ["status=delivery_failed&statusReason=insufficient+balance&statusErrorCode=101", failed("funds_exhausted", "101")],
  ["status=delivery_failed&statusReason=who+knows&statusErrorCode=x", failed("provider_error", "delivery_failed")],
] as const)("bird %s", (query, receipt) => {
  expect(readBird(new URLSearchParams(`id=${birdId}&${query}`))).toEqual({ ...receipt, reference: birdId });
});

test.each([
  ["SUCCESS", "Message has been accepted by phone", { state: "delivered" }],
  ["SUCCESS", "Message has been accepted by phone carrier", { state: "delivered" }],
  ["FAILURE", "Phone number is opted out", failed("recipient_opted_out", "opted_out")],
  ["FAILURE", "Phone is currently unreachable/unavailable.", failed("recipient_refused", "phone_unreachable")],
  ["FAILURE", "Phone carrier is currently unreachable/unavailable", failed("provider_error", "carrier_unreachable")],
  ["FAILURE", "constructor", failed("provider_error", "failure")],
] as const)("sns %s %s", (status, providerResponse, receipt) => {
  expect(readSns({ status, delivery: { providerResponse } })).toEqual(receipt);
});

test.each([
  [
    { state: "delivered", id: "g-1" },
    { state: "delivered", reference: "g-1" },
  ],
  [{ state: "unknown" }, { state: "unknown" }],
  [{ state: "failed", failure: "recipient_refused", code: "E1" }, failed("recipient_refused", "E1")],
  [
    { state: "failed", failure: "no such word" },
    { state: "failed", failure: "provider_error" },
  ],
  [{ state: "delivered", failure: "timeout", code: "a code\nwith a line" }, { state: "delivered" }],
] as const)("a gateway's %j", (fields, receipt) => {
  expect(readGateway(fields)).toEqual(receipt);
});

test("what says nothing of a message's fate is no receipt", () => {
  for (const MessageStatus of ["receiving", "__proto__", "", 7, undefined])
    expect(readTwilio({ MessageSid: sid, MessageStatus })).toBeUndefined();
  expect(readTwilio({ MessageSid: "SM1", MessageStatus: "delivered" })).toBeUndefined();
  expect(readTwilio({ MessageSid: [sid, sid], MessageStatus: "delivered" })).toBeUndefined();
  expect(readTwilio({})).toBeUndefined();
  expect(readVonage({ uuid, status: "transfer" })).toBeUndefined();
  expect(readVonage({ message_uuid: uuid, status: "completed" })).toBeUndefined();
  expect(readBird(new URLSearchParams(`id=${birdId}&status=toString`))).toBeUndefined();
  expect(readBird(new URLSearchParams("status=delivered"))).toBeUndefined();
  expect(readSns({ status: "PENDING" })).toBeUndefined();
  expect(readGateway({ state: "sending" })).toBeUndefined();
});

test("the name of a message is read back as it was written, and takes no other form", () => {
  const ref = { ledger: "Ab_-".repeat(5), nonce: "Cd_-".repeat(4), application: "shop-1" };
  const deliveryId = "dAbCdEfGh_-12";
  for (const country of ["DE", undefined]) {
    const name = { ref, deliveryId, ...(country && { country }) };
    expect(parseMessageName(formatMessageName(name))).toEqual(name);
    expect(formatMessageName({ ...name, ref: { ...ref, application: "a".repeat(40) } }).length).toBeLessThanOrEqual(100);
  }
  const good = formatMessageName({ ref, deliveryId });
  for (const bad of ["", `${good}x`, good.replace("shop", "SHOP"), good.replace(/\.$/, ""), `${good}DE.`, `${good}\n`, "..."])
    expect(parseMessageName(bad)).toBeUndefined();
});
