import { expect, test } from "vitest";
import { parseStoreUrl } from "../../src/config/store-url.ts";

test.for([
  ["sqlite:countersign.db", "countersign.db"],
  ["sqlite:/var/lib/c.db", "/var/lib/c.db"],
  ["sqlite::memory:", ":memory:"],
] as const)("%s is a file", ([url, path]) => {
  expect(parseStoreUrl(url)).toEqual({ ok: true, store: { kind: "sqlite", path } });
});

test.for([
  "mongodb://localhost/countersign",
  "mongodb://127.0.0.1:28017/c_1?directConnection=true&retryWrites=false",
  "mongodb://a:27017,b:27017,[::1]:27017/c?replicaSet=rs0&w=majority&journal=true&readPreference=primary",
  "mongodb://user:p%40ss%2Fword@host/c?authSource=admin&tls=true",
  "mongodb+srv://user:pass@cluster.example.net/c",
])("%s is a database", (url) => {
  expect(parseStoreUrl(url)).toEqual({ ok: true, store: { kind: "mongodb", url } });
});

test.for<[string, RegExp]>([
  ["", /^is not understood: write sqlite:PATH or mongodb:/],
  ["postgres://x/y", /^is not understood/],
  ["sqlite:", /^names no file/],
  ["sqlite:///var/lib/c.db", /without \/\//],
  ["sqlite:c.db?mode=ro", /without options/],
  ["mongodb://localhost", /^names no database/],
  ["mongodb://localhost/", /^names no database/],
  ["mongodb://localhost/?x=1", /^names no database/],
  ["mongodb:///c", /^has no host/],
  ["mongodb://a,,b/c", /^has no host/],
  ["mongodb://a/b.c", /^has a database name/],
  ["mongodb://a/b/c", /^has a database name/],
  ["mongodb://user:p@ss@host/c", /percent-encode/],
  ["mongodb://user:p/ss@host/c", /percent-encode/],
  ["mongodb://user:p:ss@host/c", /percent-encode/],
  ["mongodb://a/c?w=1", /^sets w to something unsafe: write w=majority/],
  ["mongodb://a/c?journal=false", /^sets journal/],
  ["mongodb://a/c?readPreference=secondaryPreferred", /^sets readPreference/],
  ["mongodb://a/c?readConcernLevel=local", /^sets readConcernLevel to something unsafe: write readConcernLevel=majority/],
  ["mongodb://a/c?MAXPOOLSIZE=5", /^sets MAXPOOLSIZE, which is a setting: leave it out, and write store\.pool\.max/],
  ["mongodb://a/c?minPoolSize=5", /store\.pool\.min/],
  ["mongodb://a/c?waitQueueTimeoutMS=5", /store\.pool\.waitSeconds/],
  ["mongodb://a/c?timeoutMS=5", /store\.timeouts\.operationSeconds/],
  ["mongodb://a/c?wtimeoutMS=5", /store\.timeouts\.operationSeconds/],
  ["mongodb://a/c?serverSelectionTimeoutMS=5", /store\.timeouts\.serverSelectionSeconds/],
  ["mongodb://a/c?connectTimeoutMS=5", /store\.timeouts\.connectSeconds/],
  ["mongodb://a/c?socketTimeoutMS=5", /store\.timeouts\.socketSeconds/],
])("%s is refused", ([url, message]) => {
  expect(parseStoreUrl(url)).toEqual({ ok: false, message: expect.stringMatching(message) });
});

test("no message repeats a password", () => {
  const urls = [
    "mongodb://u:s3cret@/c",
    "mongodb://u:s3cret@h",
    "mongodb://u:s3cr@et@h/c",
    "mongodb://u:s3cret@h/b.c",
    "mongo://u:s3cret@h/c",
    "mongodb://u:s3cret@h/c?w=0",
  ];
  for (const url of urls) expect(JSON.stringify(parseStoreUrl(url))).not.toMatch(/s3cr/);
});
