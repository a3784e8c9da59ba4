import { expect, test } from "vitest";
import { developmentProblems, loadDevelopment, loadGood, problemsOf, production } from "./production.ts";

test("a mistyped variable is an error with the nearest name", () => {
  expect(developmentProblems({ COUNTERSIGN_GRCP_ADDR: "x" })).toEqual([
    expect.stringMatching(/^COUNTERSIGN_GRCP_ADDR is unknown: write one of .*; did you mean COUNTERSIGN_GRPC_ADDR\?/),
  ]);
});

test("variables of the tests, and those Kubernetes makes of a service called countersign, are left alone", () => {
  const env = {
    COUNTERSIGN_TEST_MONGODB_URL: "x",
    COUNTERSIGN_REQUIRE_MONGODB: "1",
    COUNTERSIGN_MONGODB_PORT: "1",
    COUNTERSIGN_SERVICE_HOST: "10.0.0.1",
    COUNTERSIGN_SERVICE_PORT_GRPC: "50051",
    COUNTERSIGN_PORT: "tcp://10.0.0.1:50051",
    COUNTERSIGN_PORT_50051_TCP_ADDR: "10.0.0.1",
  };
  expect(developmentProblems(env)).toEqual([]);
});

test.for<[string, string, string]>([
  [
    "COUNTERSIGN__applications__0__code__lenght",
    "8",
    "applications[0].code.lenght (COUNTERSIGN__applications__0__code__lenght) is unknown: write one of length, alphabet, lifetimeSeconds, keepPrevious, hash, allowShort; did you mean length?",
  ],
  [
    "COUNTERSIGN__applications__0__code__length",
    "eight",
    "applications[0].code.length (COUNTERSIGN__applications__0__code__length) cannot be used: write the characters of a code, a whole number from 4 to 10",
  ],
  [
    "COUNTERSIGN__applications__0__code__length",
    "11",
    "applications[0].code.length (COUNTERSIGN__applications__0__code__length) is 11: write the characters of a code, a whole number from 4 to 10",
  ],
  ["COUNTERSIGN__applications__2__id", "x", "applications (COUNTERSIGN__applications__2__id) has 1 entries: the next one is 1, not 2"],
  ["COUNTERSIGN__applications__x__id", "x", "applications (COUNTERSIGN__applications__x__id) is a list: write a number instead of x"],
  ["COUNTERSIGN__store__url__x", "x", "store.url (COUNTERSIGN__store__url__x) is a single value and has no x"],
  ["COUNTERSIGN__store__", "x", "COUNTERSIGN__store__ names no setting: write COUNTERSIGN__ and the path of one"],
  ["COUNTERSIGN____proto____polluted", "1", "COUNTERSIGN____proto____polluted names no setting"],
  ["COUNTERSIGN__constructor__name", "x", "constructor (COUNTERSIGN__constructor__name) is unknown"],
  ["COUNTERSIGN_LOG_LEVEL", "", "COUNTERSIGN_LOG_LEVEL is empty: write a value, or unset it"],
  [
    "COUNTERSIGN_LOG_LEVEL",
    "inof",
    "log.level (COUNTERSIGN_LOG_LEVEL) cannot be used: write one of fatal, error, warn, info, debug, trace, silent; did you mean info?",
  ],
  ["COUNTERSIGN_CONFIG", "", "COUNTERSIGN_CONFIG is empty: write the path of a file, or unset it for development mode"],
])("%s=%s is refused with what to write", ([variable, text, problem]) => {
  expect(developmentProblems({ [variable]: text }).map((line) => line.slice(0, problem.length))).toEqual([problem]);
});

test("one setting by two variables is refused, since neither has precedence", () => {
  expect(developmentProblems({ COUNTERSIGN_GRPC_ADDR: "127.0.0.1:1", COUNTERSIGN__listen__grpc: "127.0.0.1:2" })).toEqual([
    "listen.grpc (COUNTERSIGN__listen__grpc) is set by COUNTERSIGN_GRPC_ADDR too: unset one of them",
  ]);
});

test("a variable has the last word over the file", () => {
  const config = loadGood({ ...production(), log: { level: "error" } }, { COUNTERSIGN_LOG_LEVEL: "debug" });
  expect(config.log.level).toBe("debug");
});

test.for(["123456", "1e5", "true", "null", "0x10", "a: b", "{x", "~", "*x"])("a password of %j is taken as it stands", (password) => {
  const config = loadGood(production(), { COUNTERSIGN__providers__mail__auth__password: password });
  expect(config.providers.mail).toMatchObject({ auth: { password } });
});

test("a variable that adds to a list leaves the entries before as they are", () => {
  const document = { ...production(), cors: { origins: ["https://a.example"] } };
  expect(loadGood(document, { COUNTERSIGN__cors__origins__1: "https://b.example" }).cors.origins).toEqual([
    "https://a.example",
    "https://b.example",
  ]);
  expect(loadDevelopment().cors.origins).toEqual([]);
});

test("what is wrong in the environment is told even when the file cannot be read", () => {
  expect(problemsOf("a: [", { COUNTERSIGN_LOG_LEVLE: "x" })).toEqual([
    expect.stringMatching(/countersign\.yaml:1:\d+ is not YAML/),
    expect.stringContaining("COUNTERSIGN_LOG_LEVLE is unknown"),
  ]);
});
