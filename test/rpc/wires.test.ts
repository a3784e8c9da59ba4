import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Case } from "./cases.ts";
import { cases, complete, runCase, summary } from "./cases.ts";
import { createWorld, key, startWires } from "./fixture.ts";
import type { Received, WireClient } from "./wire-clients.ts";
import { wireClients } from "./wire-clients.ts";

const { useCases, world } = createWorld();
let service: Awaited<ReturnType<typeof startWires>>;
let wires: WireClient[];

beforeAll(async () => {
  service = await startWires({ useCases });
  wires = wireClients(service.addresses, key);
});

afterAll(async () => {
  for (const wire of wires) wire.close();
  await service.close();
});

describe("every wire answers the same", () => {
  it.each(cases.map((each) => [each.name, each] as const))("%s", async (_, each) => {
    const answers = await Promise.all(wiresOf(each).map(async (wire) => ({ wire, received: await runCase(each, wire, world) })));
    const expected = complete(each.expect);
    for (const { wire, received } of answers) {
      const named = { ...received, violations: received.violations.map((violation) => nameTimeout(violation, wire)) };
      expect({ wire: wire.name, ...summary(named, expected) }).toEqual({ wire: wire.name, ...expected });
      expect(received.domain, wire.name).toBe(received.code === "OK" ? "" : "countersign");
    }
  });

  it("with the same words", async () => {
    const fixed = cases.filter((each) => typeof each.send !== "function" && !each.expect.fields?.includes("timeout"));
    for (const each of fixed) {
      const answers = await Promise.all(wiresOf(each).map((wire) => runCase(each, wire, world)));
      // What grpc-js refuses before it reads does not know our limit.
      const words = answers.map(({ message, violations }) =>
        JSON.stringify({ message: message.replace(/larger than \d+ bytes$/, "too large"), violations }),
      );
      expect(new Set(words).size, `${each.name}: ${words.join("\n")}`).toBe(1);
    }
  });

  it("and never with a fault of ours", () => {
    expect(service.failures).toEqual([]);
  });
});

const wiresOf = ({ encoding }: Case): WireClient[] => wires.filter((wire) => !encoding || wire.encoding === encoding);

/** The deadline is the one field whose name is that of the wire's own header. */
function nameTimeout(violation: Received["violations"][number], { name }: WireClient): Received["violations"][number] {
  const header = name === "gRPC" || name === "gRPC-Web" ? "grpc-timeout" : "connect-timeout-ms";
  return violation.field === header ? { ...violation, field: "timeout" } : violation;
}
