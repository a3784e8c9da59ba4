/** A service whose configuration is changed while honest callers, who never try again, send and verify. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { stringify } from "yaml";
import type { WireClient } from "../rpc/wire-clients.ts";
import { challengeIdOf, newPhone, outcome, sendTo, verify } from "./calls.ts";
import { newFolder, type Service, startService } from "./service.ts";

const timeout = 60_000;

/** Two processes that start beside the rest of the tests may take longer to reach the database than they would wait. */
export const patient = { COUNTERSIGN__store__timeouts__serverSelectionSeconds: "10", COUNTERSIGN__store__timeouts__operationSeconds: "10" };

export type Rotating = {
  readonly services: readonly Service[];
  /** gRPC and JSON of all replicas, in turns. */
  readonly wires: readonly WireClient[];
  readonly folder: string;
  /** Gives one replica after another the new configuration, and waits until each has taken it. */
  reload(config: object): Promise<void>;
  /** How often a line was logged, by all replicas. */
  count(event: string): number;
};

type Start = {
  readonly config: object;
  readonly store: string;
  readonly key: string;
  readonly replicas?: number;
  readonly env?: Record<string, string>;
};

export async function startRotating({ config, store, key, replicas = 1, env = {} }: Start): Promise<Rotating> {
  const folder = newFolder();
  // Only what a signal asks for, so that a test knows which replica has which configuration.
  const write = (index: number, next: object): string => {
    const file = join(folder, `replica-${index}.yaml`);
    writeFileSync(file, stringify({ ...next, reload: { watch: false } }), { mode: 0o600 });
    return file;
  };
  const services = await Promise.all(
    Array.from({ length: replicas }, (_, index) =>
      startService({ store, key, env: { ...patient, ...env, COUNTERSIGN_CONFIG: write(index, config) } }),
    ),
  );
  const wires = services.flatMap((service) => [service.gRPC, service.JSON]);
  return {
    services,
    wires,
    folder,
    count: (event) => services.reduce((sum, service) => sum + countOf(service, event), 0),
    async reload(next) {
      for (const [index, service] of services.entries()) {
        write(index, next);
        const before = countOf(service, "configuration_reloaded");
        service.child.kill("SIGHUP");
        await expect.poll(() => countOf(service, "configuration_reloaded"), { timeout }).toBe(before + 1);
      }
    },
  };
}

export const countOf = (service: Pick<Service, "log">, event: string): number =>
  service.log().filter((line) => line.event === event).length;

type Terms = {
  readonly wires: () => readonly WireClient[];
  readonly codeSentTo: (to: string) => string;
  /** Of what a verification is answered with. */
  readonly onVerified?: (response: object) => Promise<void> | void;
  readonly more?: () => object;
  readonly callers?: number;
};

/** Callers who send a code, and verify it by another wire: at once, or when they are told to. */
export function startHonest({ wires, codeSentTo, onVerified, more = () => ({}), callers = 8 }: Terms) {
  const failures: string[] = [];
  const held: { readonly challengeId: string; readonly code: string }[] = [];
  let verified = 0;
  let isRunning = true;
  const wireAt = (index: number): WireClient => wires()[index % wires().length] as WireClient;
  const check = async (index: number, challengeId: string, code: string): Promise<void> => {
    const answer = await wireAt(index).send(verify(challengeId, code));
    if (answer.code !== "OK") failures.push(`VerifyCode ${outcome(answer)} ${answer.message}`);
    else {
      verified += 1;
      await onVerified?.(answer.response as object);
    }
  };
  const caller = async (index: number): Promise<void> => {
    for (let turn = index; isRunning; turn++) {
      const to = newPhone();
      const sent = await wireAt(turn).send(sendTo(to, { ...more() }));
      if (!sent.response) failures.push(`SendCode ${outcome(sent)} ${sent.message}`);
      else if (turn % 7 === 3) held.push({ challengeId: challengeIdOf(sent.response), code: codeSentTo(to) });
      else await check(turn + 1, challengeIdOf(sent.response), codeSentTo(to));
      await sleep(5);
    }
  };
  const done = Promise.all(
    Array.from({ length: callers }, (_, index) => caller(index).catch((error: unknown) => failures.push(`no answer: ${String(error)}`))),
  );
  return {
    failures,
    verified: () => verified,
    /** Until that many more codes were verified, so that every state of a rotation has seen some traffic. */
    async until(count: number): Promise<void> {
      const goal = verified + count;
      await expect.poll(() => failures.length > 0 || verified >= goal, { timeout }).toBe(true);
      expect(failures).toEqual([]);
    },
    /** Verifies what was sent until now and held back. */
    async verifyHeld(): Promise<number> {
      const some = held.splice(0);
      await Promise.all(some.map(({ challengeId, code }, index) => check(index, challengeId, code)));
      expect(failures).toEqual([]);
      return some.length;
    },
    async stop(): Promise<void> {
      isRunning = false;
      await done;
      expect(failures).toEqual([]);
    },
  };
}
