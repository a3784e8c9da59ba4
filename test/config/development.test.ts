import { expect, test } from "vitest";
import { developmentProblems, loadDevelopment } from "./production.ts";

const toInbox = [{ providers: [{ name: "inbox" }] }];

test("without a file: loopback, one application without keys, everything into the inbox, nothing on disk", () => {
  const config = loadDevelopment();
  expect(config).toMatchObject({
    mode: "development",
    listen: { grpc: { host: "127.0.0.1", port: 50051 }, http: { host: "127.0.0.1", port: 8080 } },
    store: { kind: "sqlite", path: ":memory:" },
    keys: [],
    providers: { inbox: { kind: "inbox" } },
    channels: { sms: toInbox, voice: toInbox, email: toInbox },
    circuitBreaker: { failures: 5, openMs: 30_000 },
  });
  expect(config.applications).toEqual([
    {
      id: "dev",
      fallbackAfterMs: 30_000,
      sandbox: new Map(),
      policy: {
        allow: new Set(),
        block: new Set(),
        channels: {
          sms: { countries: "any", types: new Set(["mobile", "fixed_line_or_mobile"]) },
          voice: { countries: "any", types: new Set(["mobile", "fixed_line", "fixed_line_or_mobile"]) },
        },
      },
      captcha: { use: "work", require: "limits", hostnames: [], onFailure: "closed" },
      displayName: "Countersign Dev",
      purposes: "any",
      defaultPurpose: "default",
      defaultLocale: "en",
      channels: ["sms", "voice", "email"],
      code: { length: 6, alphabet: "digits", lifetimeMs: 300_000, keepPrevious: false, hash: "hmac" },
      limits: {
        guessesPerChallenge: 5,
        sendsPerChallenge: 5,
        cooldownsMs: [30_000, 60_000, 120_000],
        failureWindows: [
          { windowMs: 3_600_000, max: 10 },
          { windowMs: 86_400_000, max: 20 },
        ],
        failuresInRow: 50,
        sendWindows: [
          { windowMs: 600_000, max: 5 },
          { windowMs: 3_600_000, max: 10 },
          { windowMs: 86_400_000, max: 20 },
        ],
      },
      sendLimits: [],
      recipients: { ignorePlusTag: false },
      authenticators: {
        issuer: "Countersign Dev",
        max: 5,
        confirmMs: 600_000,
        totp: { algorithm: "sha1", digits: 6, periodSeconds: 30, window: 1, maxDrift: 2 },
        hotp: { algorithm: "sha1", digits: 6, lookAhead: 10, resyncAhead: 100 },
      },
      autofill: { androidAppHashes: [], webOrigins: [] },
      templates: [],
    },
  ]);
});

test("its secrets are the same in every process, so that several on one store agree", () => {
  expect(loadDevelopment().secrets).toEqual(loadDevelopment().secrets);
});

test("the environment changes addresses, store, log level and every setting by its path", () => {
  const config = loadDevelopment({
    COUNTERSIGN_GRPC_ADDR: "127.0.0.1:0",
    COUNTERSIGN_HTTP_ADDR: "[::1]:8081",
    COUNTERSIGN_STORE_URL: "mongodb://127.0.0.1:27017/dev?directConnection=true&retryWrites=false",
    COUNTERSIGN_LOG_LEVEL: "warn",
    COUNTERSIGN__applications__0__code__length: "8",
    COUNTERSIGN__applications__0__limits__cooldownsSeconds: "[0]",
    COUNTERSIGN__applications__0__limits__sends__perDay: "100",
    COUNTERSIGN__applications__0__displayName: "12345",
    COUNTERSIGN__cors__origins__0: "http://localhost:5173",
  });
  expect(config.listen).toEqual({ grpc: { host: "127.0.0.1", port: 0 }, http: { host: "::1", port: 8081 } });
  expect(config.store).toEqual({ kind: "mongodb", url: "mongodb://127.0.0.1:27017/dev?directConnection=true&retryWrites=false" });
  expect(config.log.level).toBe("warn");
  expect(config.cors.origins).toEqual(["http://localhost:5173"]);
  const [application] = config.applications;
  expect(application?.code.length).toBe(8);
  expect(application?.limits.cooldownsMs).toEqual([0]);
  expect(application?.limits.sendWindows.at(-1)).toEqual({ windowMs: 86_400_000, max: 100 });
  expect(application?.displayName).toBe("12345");
});

test.for(["0.0.0.0:50051", "[::]:50051", "192.168.1.4:50051", "db.internal:50051"])("refuses to listen on %s", (address) => {
  expect(developmentProblems({ COUNTERSIGN_GRPC_ADDR: address })).toEqual([
    "listen.grpc (COUNTERSIGN_GRPC_ADDR) is not a loopback address, and development mode asks nobody for a key: write a loopback address, or name a configuration file in COUNTERSIGN_CONFIG",
  ]);
});
