import { validate } from "dockerfile-utils";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { execForm, readDockerfile } from "./dockerfile.ts";
import { ignoredBy } from "./dockerignore.ts";
import { imageOf, list, read } from "./files.ts";

const source = read("Dockerfile");
const stages = readDockerfile(source);
const image = imageOf();

describe("the Dockerfile", () => {
  it("has nothing that a linter finds, and the linter finds what is wrong", () => {
    expect(validate(source, {})).toEqual([]);
    expect(validate(source.replace("EXPOSE 8080", "EXPOSE http"), {})).toHaveLength(1);
  });

  it("begins from the version of Node.js that every test runs on, by a whole tag", () => {
    const bases = stages.map(({ from }) => from).filter((from) => !stages.some(({ name }) => name === from));
    expect(bases).toEqual([`node:${manifest.dependencies.node}-bookworm-slim`]);
  });

  it("runs as a user by number, that is nobody's, and starts without a shell in between", () => {
    expect(image.user).toMatch(/^[1-9]\d{4,}:[1-9]\d{4,}$/);
    expect(execForm(image.named("ENTRYPOINT"))).toEqual(["node", "src/main.ts"]);
    expect(image.named("STOPSIGNAL").text).toBe("SIGTERM");
    expect(image.named("HEALTHCHECK").text).toMatch(/^CMD \[/);
  });

  it("fetches nothing but packages, and takes nothing that is not in the context", () => {
    const all = stages.flatMap(({ instructions }) => instructions);
    expect(all.filter(({ name }) => name === "ADD")).toEqual([]);
    expect(all.filter(({ name, text }) => name === "RUN" && /curl|wget|apt|https?:/.test(text))).toEqual([]);
    expect(all.filter(({ name, text }) => name === "ENV" && /SECRET|PASSWORD|TOKEN|KEY/i.test(text))).toEqual([]);
  });

  it("exposes the ports that its environment listens on", () => {
    const listened = [image.env.COUNTERSIGN_HTTP_ADDR, image.env.COUNTERSIGN_GRPC_ADDR].map((address) =>
      Number(address?.split(":").at(-1)),
    );
    expect(image.ports).toEqual(listened);
  });
});

describe("the build context", () => {
  const ignored = ignoredBy(read(".dockerignore"));

  it("has what is copied from it, and nothing else of the top", () => {
    const copied = stages
      .flatMap(({ instructions }) => instructions)
      .filter(({ name, flags }) => name === "COPY" && flags.from === undefined)
      .flatMap(({ text }) => text.split(" ").slice(0, -1));
    expect(
      list(".")
        .filter((name) => !ignored(name))
        .sort(),
    ).toEqual([...new Set(copied)].sort());
  });

  it.each([
    ".git/config",
    "node_modules/x/index.js",
    "deploy/compose/secrets/ledger-key",
    "countersign.yaml",
    "src/a.db",
    "src/a.db-wal",
    "web/.env",
    "src/tls/server.key",
    "src/gen/x.js",
    "web/dist/x.js",
  ])("leaves out %s", (path) => expect(ignored(path)).toBe(true));

  it.each(["src/main.ts", "proto/countersign/v1/code_service.proto", "web/build.ts", "package-lock.json"])("has %s", (path) =>
    expect(ignored(path)).toBe(false),
  );
});
