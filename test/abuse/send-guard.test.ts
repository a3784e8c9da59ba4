import { describe, expect, it } from "vitest";
import { createSendGuard } from "../../src/abuse/send-guard.ts";
import type { Admission, SendAsk, SendGuard } from "../../src/otp/guard-ports.ts";
import { anAsk } from "./asks.ts";

const signal = new AbortController().signal;
const refusal = { reason: "RATE_LIMITED", message: "no" } as const;

/** Checks that note what is asked of them, and what is given back. */
function createChecks() {
  const noted: string[] = [];
  const check = (name: string, admission: Admission | Error = { outcome: "admitted" }): SendGuard => ({
    async admit() {
      noted.push(name);
      if (admission instanceof Error) throw admission;
      if (admission.outcome !== "admitted") return admission;
      return { ...admission, release: async () => void noted.push(`${name} back`), confirm: () => void noted.push(`${name} sent`) };
    },
  });
  return { noted, check };
}

const refused: Admission = { outcome: "refused", refusal };
const suppressed: Admission = { outcome: "suppressed", why: "blocked" };

describe("a send guard", () => {
  it("asks in order, and lets pass what everybody lets pass", async () => {
    const { noted, check } = createChecks();
    const guard = createSendGuard({
      ofRecipient: [check("a", { outcome: "admitted", simSwappedAt: 5 }), check("b")],
      ofCaller: [check("c")],
    });
    const admission = await guard.admit(anAsk(), signal);
    expect(noted).toEqual(["a", "b", "c"]);
    if (admission.outcome !== "admitted") throw new Error("not admitted");
    expect(admission.simSwappedAt).toBe(5);
    admission.confirm?.();
    await admission.release?.();
    expect(noted.slice(3)).toEqual(["a sent", "b sent", "c sent", "a back", "b back", "c back"]);
  });

  it("hands every check the same ask, by which they know it again", async () => {
    const seen = new Set<SendAsk>();
    const check: SendGuard = {
      async admit(ask) {
        seen.add(ask);
        return { outcome: "admitted" };
      },
    };
    await createSendGuard({ ofRecipient: [check, check], ofCaller: [check] }).admit(anAsk(), signal);
    expect(seen.size).toBe(1);
  });

  it("stops at the first refusal, and gives back what was taken before it", async () => {
    const { noted, check } = createChecks();
    const guard = createSendGuard({ ofRecipient: [check("a")], ofCaller: [check("b"), check("c", refused), check("d")] });
    expect(await guard.admit(anAsk(), signal)).toEqual(refused);
    expect(noted).toEqual(["a", "b", "c", "a back", "b back"]);
  });

  it("asks nobody about the caller when the recipient is refused outright", async () => {
    const { noted, check } = createChecks();
    const elsewhere: Admission = { outcome: "refused", refusal, elsewhere: true };
    expect(await createSendGuard({ ofRecipient: [check("a", elsewhere)], ofCaller: [check("b")] }).admit(anAsk(), signal)).toEqual(
      elsewhere,
    );
    expect(noted).toEqual(["a"]);
  });

  it("holds whoever asks for a suppressed recipient to captcha and limits all the same, and pays for no further answer", async () => {
    const { noted, check } = createChecks();
    const ofRecipient = [check("a", suppressed), check("b")];
    const free = await createSendGuard({ ofRecipient, ofCaller: [check("c")] }).admit(anAsk(), signal);
    expect(free).toMatchObject(suppressed);
    expect(noted).toEqual(["a", "c"]);
    if (free.outcome === "suppressed") await free.release?.();
    expect(noted).toEqual(["a", "c", "c back"]);
    expect(await createSendGuard({ ofRecipient, ofCaller: [check("c", refused)] }).admit(anAsk(), signal)).toEqual(refused);
  });

  it("pays for an answer last, and only when nothing else stands in the way", async () => {
    const { noted, check } = createChecks();
    const last = [check("last")];
    const ask = async (checks: Omit<Parameters<typeof createSendGuard>[0], "last">, more = {}) => {
      noted.length = 0;
      const { outcome } = await createSendGuard({ ...checks, last }).admit(anAsk(more), signal);
      return [outcome, ...noted];
    };
    expect(await ask({ ofRecipient: [check("a")], ofCaller: [check("b")] })).toEqual(["admitted", "a", "b", "last"]);
    expect(await ask({ ofRecipient: [check("a", suppressed)], ofCaller: [check("b")] })).toEqual(["suppressed", "a", "b"]);
    expect(await ask({ ofRecipient: [check("a")], ofCaller: [check("b", suppressed)] })).toEqual(["suppressed", "a", "b"]);
    expect(await ask({ ofRecipient: [check("a")], ofCaller: [check("b", refused)] })).toEqual(["refused", "a", "b", "a back"]);
    expect(await ask({ ofRecipient: [check("a")], ofCaller: [check("b")] }, { unsent: true })).toEqual(["admitted", "b"]);
  });

  it("gives back what was taken when the last one refuses, and when a message that it suppresses turns out to be none", async () => {
    const { noted, check } = createChecks();
    const before = { ofRecipient: [check("a")], ofCaller: [check("b")] };
    expect(await createSendGuard({ ...before, last: [check("c", refused)] }).admit(anAsk(), signal)).toEqual(refused);
    expect(noted.splice(0)).toEqual(["a", "b", "c", "a back", "b back"]);
    const quiet = await createSendGuard({ ...before, last: [check("c", suppressed)] }).admit(anAsk(), signal);
    expect([quiet, noted.splice(0)]).toMatchObject([suppressed, ["a", "b", "c"]]);
    if (quiet.outcome === "suppressed") await quiet.release?.();
    expect(noted).toEqual(["a back", "b back"]);
  });

  it("gives back what a check took that suppresses a message", async () => {
    const { noted, check } = createChecks();
    const limit: SendGuard = { admit: async () => ({ ...suppressed, release: async () => void noted.push("limit back") }) as Admission };
    const quiet = await createSendGuard({ ofRecipient: [check("a", suppressed)], ofCaller: [limit] }).admit(anAsk(), signal);
    if (quiet.outcome === "suppressed") await quiet.release?.();
    expect([quiet.outcome, noted]).toEqual(["suppressed", ["a", "limit back"]]);
  });

  // Again, since a busy machine may hold one try up.
  it("tells how long the last ones took", { retry: 3 }, async () => {
    const slow: SendGuard = {
      admit: async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return { outcome: "admitted" };
      },
    };
    const admission = await createSendGuard({ ofRecipient: [slow], ofCaller: [], last: [slow] }).admit(anAsk(), signal);
    if (admission.outcome === "refused") throw new Error("refused");
    expect(admission.lastAskedMs).toBeGreaterThan(25);
    expect(admission.lastAskedMs).toBeLessThan(59);
  });

  it("gives back what was taken when a check fails, and says why it failed", async () => {
    const { noted, check } = createChecks();
    const failure = new Error("broken");
    const guard = createSendGuard({ ofRecipient: [check("a")], ofCaller: [check("b", failure)] });
    await expect(guard.admit(anAsk(), signal)).rejects.toBe(failure);
    expect(noted).toEqual(["a", "b", "a back"]);
  });

  it("asks nobody for a caller who is gone", async () => {
    const { noted, check } = createChecks();
    await expect(createSendGuard({ ofRecipient: [check("a")], ofCaller: [] }).admit(anAsk(), AbortSignal.abort())).rejects.toThrow();
    expect(noted).toEqual([]);
  });
});
