import { expect, it } from "vitest";
import { showInside } from "../../src/assemble/show-inside.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { createAuthority, createCertificate, inDays } from "../rpc/tls-certificates.ts";

const secret = Buffer.alloc(32);
const carriers = { states: () => [] };
const bare = { secrets: { ledgerKey: secret, codeKeys: [] }, proofs: undefined, authenticatorKeys: undefined, tls: undefined };

it("keys are shown by use and position, the one that signs first; and nothing of them but their ids", async () => {
  const proofKey = (id: string, status: string) => ({ id, status, algorithm: "ES256", privateKey: "private" });
  const proofs = { keys: [proofKey("next", "next"), proofKey("now", "current"), proofKey("old", "previous")] } as never;
  const secrets = { ledgerKey: secret, codeKeys: ["new", "before"].map((id) => ({ id, secret })) };
  const metrics = createMetrics(() => 0);
  metrics.show(showInside({ ...bare, secrets, proofs, authenticatorKeys: [{ id: "vault", secret }] }, carriers));
  const lines = (await metrics.registry.metrics()).split("\n").filter((line) => line.startsWith("countersign_key_info{"));
  expect(lines.map((line) => [...line.matchAll(/="([^"]*)"/g)].map(([, value]) => value).join(" "))).toEqual([
    "code new 0",
    "code before 1",
    "proof now 0",
    "proof next 1",
    "proof old 2",
    "authenticator vault 0",
  ]);
});

it("of the certificates that belong together, the one that ends first is shown", async () => {
  const [long, short, authority] = await Promise.all([
    createCertificate({ until: inDays(300) }),
    createCertificate({ until: inDays(20) }),
    createAuthority(),
  ]);
  const tls = {
    cert: `${long.cert}\n${short.cert}`,
    key: long.key,
    clientCa: authority.cert,
    requireClientCertificate: false,
    minVersion: "1.3",
  } as const;
  const { certificates } = showInside({ ...bare, tls }, carriers)();
  const daysLeft = certificates.map(({ use, expiresAtMs = 0 }) => [use, Math.round((expiresAtMs - Date.now()) / 86_400_000)]);
  expect(daysLeft[0]).toEqual(["listener", 20]);
  expect(daysLeft[1]?.[1]).toBeGreaterThan(20);
});

it("without TLS there is no certificate to be told of", async () => {
  const metrics = createMetrics(() => 0);
  metrics.show(showInside(bare, carriers));
  expect(await metrics.registry.metrics()).not.toContain("countersign_certificate_expiry_timestamp_seconds{");
});
