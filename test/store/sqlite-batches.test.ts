import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import { type Batches, createBatches } from "../../src/store/sqlite-batches.ts";
import type { Answer, FromWorker, Operation, ToWorker } from "../../src/store/sqlite-protocol.ts";

/** A worker that answers when the test says so. */
class FakeWorker extends EventEmitter {
  readonly posted: ToWorker[] = [];
  readonly unref = (): void => undefined;
  readonly postMessage = (message: ToWorker): void => void this.posted.push(message);

  operations(): Operation[] {
    const last = this.posted.at(-1);
    return last?.kind === "batch" ? (JSON.parse(last.operations) as Operation[]) : [];
  }

  answer(answers: readonly Answer[] = this.operations().map(() => ({ outcome: true }))): void {
    this.emit("message", { kind: "committed", answers: JSON.stringify(answers) } satisfies FromWorker);
  }
}

let workers: FakeWorker[];
let batches: Batches;
const worker = (): FakeWorker => workers.at(-1) as FakeWorker;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  workers = [];
  batches = createBatches({
    startWorker: () => {
      workers.push(new FakeWorker());
      return worker() as unknown as Worker;
    },
  });
});
afterEach(() => void vi.useRealTimers());

describe("batches of the SQLite store", () => {
  it("sends what arrives together as one batch, and what arrives during a commit as the next", async () => {
    const first = [batches.call("forgive", "a"), batches.call("forgive", "b")];
    await turn();
    expect(worker().operations()).toEqual([
      ["forgive", "a"],
      ["forgive", "b"],
    ]);
    const second = [batches.call("forgive", "c"), batches.call("forgive", "d")];
    await turn();
    expect(worker().posted).toHaveLength(1);
    worker().answer([{ outcome: true }, { outcome: false }]);
    expect(await Promise.all(first)).toEqual([true, false]);
    await turn();
    expect(worker().operations()).toEqual([
      ["forgive", "c"],
      ["forgive", "d"],
    ]);
    worker().answer();
    expect(await Promise.all(second)).toEqual([true, true]);
  });

  it("bounds a batch and the queue behind it", async () => {
    const calls = Array.from({ length: 10_000 }, () => batches.call("ping", undefined));
    await expect(batches.call("ping", undefined)).rejects.toThrow(StoreUnavailable);
    while (worker() === undefined || worker().posted.length < 40) {
      await turn();
      expect(worker().operations().length).toBeLessThanOrEqual(256);
      worker().answer();
    }
    await Promise.all(calls);
  });

  it("rejects all of a batch that failed, with the cause, and goes on", async () => {
    const calls = [batches.call("ping", undefined), batches.call("forgive", "a")];
    await turn();
    worker().emit("message", { kind: "failed", message: "disk I/O error" } satisfies FromWorker);
    for (const call of calls) await expect(call).rejects.toMatchObject({ name: "StoreUnavailable", cause: { message: "disk I/O error" } });
    const next = batches.call("forgive", "a");
    await turn();
    worker().answer();
    expect(await next).toBe(true);
  });

  it("starts another worker for the first call after one died", async () => {
    const call = batches.call("ping", undefined);
    await turn();
    worker().emit("error", new Error("out of memory"));
    worker().emit("exit", 1);
    await expect(call).rejects.toMatchObject({ name: "StoreUnavailable", cause: { message: "out of memory" } });
    expect(workers).toHaveLength(1);
    const next = batches.call("forgive", "a");
    await turn();
    expect(workers).toHaveLength(2);
    worker().answer();
    expect(await next).toBe(true);
  });

  it("keeps nobody waiting for a disk that hangs, and recovers when it answers", async () => {
    const hanging = batches.call("ping", undefined);
    await turn();
    const behind = batches.call("ping", undefined);
    vi.advanceTimersByTime(5_000);
    await expect(hanging).rejects.toThrow(StoreUnavailable);
    await expect(behind).rejects.toThrow(StoreUnavailable);
    await expect(batches.call("ping", undefined)).rejects.toThrow(StoreUnavailable);
    expect(worker().posted).toHaveLength(1);
    worker().answer();
    const next = batches.call("forgive", "a");
    await turn();
    expect(worker().operations()).toEqual([["forgive", "a"]]);
    worker().answer();
    expect(await next).toBe(true);
  });

  it("answers what was called before it closes, and nothing after", async () => {
    const call = batches.call("forgive", "a");
    const closed = batches.close();
    await expect(batches.call("ping", undefined)).rejects.toThrow(StoreUnavailable);
    await turn();
    worker().answer();
    expect(await call).toBe(true);
    await turn();
    expect(worker().posted.at(-1)).toEqual({ kind: "close" });
    worker().emit("exit", 0);
    await closed;
  });
});
