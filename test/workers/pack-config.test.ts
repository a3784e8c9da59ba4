import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { packConfig, unpackConfig } from "../../src/workers/pack-config.ts";
import { shareConfig } from "../../src/workers/share-config.ts";
import { aProofKey, loadGood, production } from "../config/production.ts";

const full = () => {
  const document = production();
  const { mail } = document.providers;
  return {
    ...document,
    workers: 3,
    listen: { metrics: "127.0.0.1:9464" },
    providers: { mail: { ...mail, perSecond: 8 }, other: { ...mail } },
    channels: { email: ["mail", "other"] },
    proofs: { issuer: "https://otp.example.com", keys: [aProofKey("p1"), aProofKey("p2", "next")] },
  };
};

test("a configuration is the same in another process, keys included", () => {
  const config = loadGood(full());
  const { proofs, ...rest } = unpackConfig(deserialize(serialize(packConfig(config))));
  const { proofs: before, ...restBefore } = config;
  expect(rest).toEqual(restBefore);
  expect(proofs?.audiences).toEqual(before?.audiences);
  expect(proofs?.keys.map(({ id }) => id)).toEqual(["p1", "p2"]);
  for (const [index, key] of (proofs?.keys ?? []).entries())
    expect(key.privateKey.equals(before?.keys[index]?.privateKey as never)).toBe(true);
});

test("each worker has its part of what a provider takes in a second, and no listener for numbers", () => {
  const config = loadGood(full());
  const shares = [1, 2, 3].map((worker) => shareConfig(config, worker));
  expect(shares.map(({ providers }) => (providers.mail as { perSecond?: number }).perSecond)).toEqual([3, 3, 2]);
  for (const { providers, listen } of shares) {
    expect(providers.other).toEqual(config.providers.other);
    expect(listen).toEqual({ grpc: config.listen.grpc, http: config.listen.http });
  }
});
