import { expect, test } from "vitest";
import { isLoopback, parseAddress } from "../../src/config/address.ts";

test.for<[string, string, number]>([
  ["127.0.0.1:50051", "127.0.0.1", 50051],
  ["0.0.0.0:0", "0.0.0.0", 0],
  ["[::1]:8080", "::1", 8080],
  ["[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1],
  ["localhost:65535", "localhost", 65535],
  ["my-host.example.com:443", "my-host.example.com", 443],
])("%s is understood", ([text, host, port]) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

test.for([
  "",
  ":8080",
  "8080",
  "127.0.0.1",
  "127.0.0.1:",
  "127.0.0.1:65536",
  "127.0.0.1:-1",
  "127.0.0.1:8080 ",
  "::1:8080",
  "[::1]",
  "[::g]:1",
  "[127.0.0.1]:1",
  "1.2.3:80",
  "1.2.3.256:80",
  "http://127.0.0.1:80",
  "-a:1",
  "a..b:1",
  "*:80",
  "a\n:1",
])("%j is refused", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test("loopback is 127.0.0.0/8, ::1 and localhost, and nothing that only looks like it", () => {
  const isLocal = (host: string) => isLoopback({ host, port: 1 });
  expect(["127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "localhost"].map(isLocal)).not.toContain(false);
  expect(["0.0.0.0", "::", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", "1::1", "fe80::1"].map(isLocal)).not.toContain(
    true,
  );
});
