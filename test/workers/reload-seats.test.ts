import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import type { Seat } from "../../src/workers/keep-workers.ts";
import { reloadSeats } from "../../src/workers/reload-seats.ts";
import type { Taken } from "../../src/workers/run-worker.ts";

const [old, next] = [{ mode: "production" }, { mode: "production" }] as unknown as [Config, Config];

/** A process that answers as it is told to, in order; after that, it takes what it is given. */
function seatOf(worker: number, ...answers: Taken[]) {
  const state = { config: old, killed: 0 };
  const running = {
    async reload(config: Config): Promise<Taken> {
      const answer = answers.shift() ?? "taken";
      if (answer === "taken") state.config = config;
      return answer;
    },
    kill() {
      state.killed += 1;
    },
  } as unknown as NonNullable<Seat["running"]>;
  return { seat: { worker, running, given: old, isServing: true, failedStarts: 0 } as Seat, state };
}

function setUp(...made: ReturnType<typeof seatOf>[]) {
  const lines: object[] = [];
  const live = { config: old };
  const reload = reloadSeats(
    made.map(({ seat }) => seat),
    live,
    { error: (line: object) => void lines.push(line) } as never,
  );
  return { reload, live, lines };
}

test("all take it", async () => {
  const made = [seatOf(1), seatOf(2)];
  const { reload, live } = setUp(...made);
  await reload.all(next);
  expect(live.config).toBe(next);
  for (const { state, seat } of made) expect([state.config, seat.given]).toEqual([next, next]);
});

test("when one cannot, those who did go back, and it is said which one", async () => {
  const made = [seatOf(1), seatOf(2, { failure: "no such relay" }), seatOf(3)];
  const { reload, live, lines } = setUp(...made);
  await expect(reload.all(next)).rejects.toThrow("worker 2: no such relay");
  expect(live.config).toBe(old);
  for (const { state, seat } of made) {
    expect(state.config).toBe(old);
    expect(seat.given).toBe(old);
    expect(state.killed).toBe(0);
  }
  expect(lines).toEqual([]);
});

test("one that cannot go back is ended, loudly: what is started in its place has the live one", async () => {
  const stuck = seatOf(1, "taken", { failure: "stuck" });
  const { reload, lines } = setUp(stuck, seatOf(2, { failure: "no" }));
  await expect(reload.all(next)).rejects.toThrow("worker 2: no");
  expect(stuck.state.killed).toBe(1);
  expect(lines).toEqual([{ event: "worker_differs", worker: 1, message: "stuck; it is ended, and started anew" }]);
});

test("one that ends meanwhile holds nobody up", async () => {
  const made = [seatOf(1), seatOf(2, "ended")];
  const { reload, live } = setUp(...made);
  await reload.all(next);
  expect(live.config).toBe(next);
  expect(made[0]?.state.config).toBe(next);
});

test("one that was started with the last one while the others took the next is brought up to it", async () => {
  const [first, late] = [seatOf(1), seatOf(2)];
  late.seat.isServing = false;
  const { reload } = setUp(first, late);
  await reload.all(next);
  expect(late.state.config).toBe(old);
  late.seat.isServing = true;
  await reload.bringUp();
  expect(late.state.config).toBe(next);
});
