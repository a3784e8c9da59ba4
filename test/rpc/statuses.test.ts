import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Reason, Refusal } from "../../src/otp/refusal.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import { key, startWires, useCasesThat } from "./fixture.ts";
import type { Received, Sent, WireClient } from "./wire-clients.ts";
import { wireClients } from "./wire-clients.ts";

/** Design, section 4: the code of every reason. */
const codes: Record<Reason, string> = {
  INVALID_ARGUMENT: "INVALID_ARGUMENT",
  CODE_MISMATCH: "PERMISSION_DENIED",
  CODE_EXPIRED: "FAILED_PRECONDITION",
  CODE_ALREADY_USED: "FAILED_PRECONDITION",
  CHALLENGE_CANCELED: "FAILED_PRECONDITION",
  BINDING_MISMATCH: "FAILED_PRECONDITION",
  TOO_MANY_ATTEMPTS: "RESOURCE_EXHAUSTED",
  RESEND_COOLDOWN: "RESOURCE_EXHAUSTED",
  RATE_LIMITED: "RESOURCE_EXHAUSTED",
  CAPTCHA_REQUIRED: "FAILED_PRECONDITION",
  RECIPIENT_NOT_ALLOWED: "PERMISSION_DENIED",
  CHALLENGE_NOT_FOUND: "NOT_FOUND",
  AUTHENTICATOR_NOT_FOUND: "NOT_FOUND",
  TOO_MANY_AUTHENTICATORS: "RESOURCE_EXHAUSTED",
  PROOF_INVALID: "PERMISSION_DENIED",
  PROOF_EXPIRED: "FAILED_PRECONDITION",
  PROOF_ALREADY_REDEEMED: "FAILED_PRECONDITION",
  IDEMPOTENCY_KEY_REUSED: "ALREADY_EXISTS",
  REQUEST_IN_PROGRESS: "ABORTED",
  DELIVERY_FAILED: "UNAVAILABLE",
  STORE_UNAVAILABLE: "UNAVAILABLE",
  UNAUTHENTICATED: "UNAUTHENTICATED",
  CALLER_NOT_ALLOWED: "PERMISSION_DENIED",
  MESSAGE_TOO_LARGE: "RESOURCE_EXHAUSTED",
  DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
  UNIMPLEMENTED: "UNIMPLEMENTED",
  SHUTTING_DOWN: "UNAVAILABLE",
  OVERLOADED: "UNAVAILABLE",
  INTERNAL: "INTERNAL",
};

let service: Awaited<ReturnType<typeof startWires>>;
let wires: WireClient[];
let outcome: () => Refusal = () => ({ reason: "INTERNAL", message: "" });

beforeAll(async () => {
  const verifyCode = async () => ({ ok: false, refusal: outcome() }) as const;
  service = await startWires({ useCases: useCasesThat({ verifyCode }), grpc: { maxDeadlineMs: 300 } });
  wires = wireClients(service.addresses, key);
});

afterAll(async () => {
  for (const wire of wires) wire.close();
  await service.close();
});

describe("a refusal arrives whole on every wire", () => {
  it.each(Object.entries(codes))("%s", async (reason, code) => {
    const violations = [{ field: 'binding["amount"]', description: 'must be 100% \u00e4 \ud83d\ude00 "quoted"' }];
    const message = `no: 100% \u00e4 \ud83d\ude00 ${reason}`;
    const refusal = {
      reason: reason as Reason,
      message,
      violations,
      retryAfterMs: 1234.5,
      metadata: { attempts_remaining: "3", scope: "x" },
    };
    outcome = () => refusal;
    for (const received of await sendAll({ method: "VerifyCode" })) {
      expect(received).toEqual({
        code,
        reason,
        message,
        domain: "countersign",
        metadata: refusal.metadata,
        violations,
        // Rounded up, so that nobody comes too early.
        retryAfterMs: 1235,
      });
    }
  });

  it("without details it does not have", async () => {
    outcome = () => ({ reason: "CODE_EXPIRED", message: "over" });
    const expected = {
      code: "FAILED_PRECONDITION",
      reason: "CODE_EXPIRED",
      message: "over",
      domain: "countersign",
      metadata: {},
      violations: [],
    };
    for (const received of await sendAll({ method: "VerifyCode" })) expect(received).toEqual(expected);
  });

  it("whatever text it repeats", async () => {
    outcome = () => ({ reason: "INVALID_ARGUMENT", message: "a\ud800b", violations: [{ field: "x", description: "\udc00" }] });
    for (const received of await sendAll({ method: "VerifyCode" })) {
      expect(received.message).toBe("a\ufffdb");
      expect(received.violations).toEqual([{ field: "x", description: "\ufffd" }]);
    }
  });
});

describe("what is thrown", () => {
  it("the store is gone: UNAVAILABLE", async () => {
    outcome = () => {
      throw new StoreUnavailable(new Error("connection to 10.0.0.7 refused"));
    };
    for (const received of await sendAll({ method: "VerifyCode" })) {
      expect(received).toMatchObject({ code: "UNAVAILABLE", reason: "STORE_UNAVAILABLE" });
      expect(JSON.stringify(received)).not.toContain("10.0.0.7");
    }
    expect(service.failures).toEqual([]);
  });

  it("a fault of ours: its cause is in the log, under the id that the caller was told, and nowhere else", async () => {
    outcome = () => {
      throw new TypeError("secret 123456");
    };
    const answers = await sendAll({ method: "VerifyCode" });
    for (const received of answers) {
      expect(received).toMatchObject({ code: "INTERNAL", reason: "INTERNAL", message: "internal error" });
      expect(JSON.stringify(received)).not.toContain("123456");
    }
    const ids = answers.map(({ metadata }) => metadata.error_id);
    expect(service.failures.map(({ errorId }) => errorId)).toEqual(ids);
    expect(service.failures[0]).toMatchObject({ rpc: "countersign.v1.CodeService/VerifyCode", cause: new TypeError("secret 123456") });
  });
});

describe("deadlines", () => {
  const hanging: Sent = { method: "GetChallenge" };

  it("a call without one ends at ours", async () => {
    for (const received of await sendAll(hanging)) expectLate(received);
  });

  it("a longer one is lowered", async () => {
    for (const received of await sendAll({ ...hanging, timeout: { grpc: "99999999H", connect: "9999999999" } })) expectLate(received);
  });

  // Again, since a busy machine may hold one try up.
  it("a shorter one holds", { retry: 3 }, async () => {
    const started = performance.now();
    await Promise.all(wires.map((wire) => wire.send({ ...hanging, timeout: { grpc: "20m", connect: "20" } }))).then((all) =>
      all.forEach(expectLate),
    );
    expect(performance.now() - started).toBeLessThan(250);
  });

  const expectLate = (received: Received): void => {
    expect(received).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "DEADLINE_EXCEEDED" });
  };
});

async function sendAll(sent: Sent): Promise<Received[]> {
  const answers = [];
  for (const wire of wires) answers.push(await wire.send(sent));
  return answers;
}
