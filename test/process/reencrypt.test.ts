import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { codeAt, importToken, openFor, type Token } from "./authenticators-kit.ts";
import { outcome, verify } from "./calls.ts";
import { hasMongo, newMongo } from "./databases.ts";
import { newKey, newSecrets, type Planted, plantedInMongo, plantedInSqlite, vaultOf, withKeys } from "./secrets-kit.ts";
import { type Launched, launch, newSqlite, type Service, startService } from "./service.ts";

const kinds: readonly { readonly name: string; readonly count: number; make(): { readonly store: string; readonly planted: Planted } }[] = [
  {
    name: "SQLite",
    count: 100_000,
    make() {
      const { path, url } = newSqlite();
      return { store: url, planted: plantedInSqlite(path) };
    },
  },
  ...(hasMongo
    ? [
        {
          name: "MongoDB",
          count: 2_000,
          make() {
            const url = newMongo();
            return { store: url, planted: plantedInMongo(url) };
          },
        },
      ]
    : []),
];

const [oldKey, newest] = [newKey("old"), newKey("new")];
const env = withKeys(newest, oldKey);

describe.each(kinds)("re-encryption: $name", ({ count, make }) => {
  it(`of ${count} secrets, killed halfway and resumed beside a service that uses some: all readable, none under the old key`, {
    timeout: 120_000,
  }, async () => {
    const { store, planted } = make();
    const before = await startService({ store, env: withKeys(oldKey) });
    const tokens = await Promise.all(Array.from({ length: 4 }, () => importToken(before, "hotp")));
    await before.stop();
    await planted.plant(await newSecrets(count, oldKey));
    const service = await startService({ store, env });
    const user = useAll(service, tokens);

    const first = launch({ store, env }, ["reencrypt", "--rate", "999999"]);
    await until(async () => (await planted.countUnder("new")) >= count / 2, first);
    await first.stop("SIGKILL");
    const moved = await planted.countUnder("new");
    expect(moved).toBeLessThan(count);

    const second = launch({ store, env }, ["reencrypt", "--rate", "999999", "--json"]);
    const { code } = await second.exited;
    expect([code, JSON.parse(second.stdout())]).toEqual([
      0,
      { newest: "new", moved: count + tokens.length - moved, left: {}, unreadable: 0, damaged: 0, examples: [], removable: ["old"] },
    ]);
    expect(second.stderr()).toMatch(
      new RegExp(`^${count + tokens.length - moved} of ${count + tokens.length - moved} secrets re-encrypted$`, "m"),
    );

    const uses = await user.stop();
    expect(Math.min(...uses)).toBeGreaterThan(3);
    const secrets = await planted.read();
    const vault = vaultOf(newest);
    const opened = await Promise.all(secrets.map(({ sealed, ...context }) => vault.open(sealed, context)));
    expect([secrets.length, opened.filter((secret) => secret?.length === 20).length]).toEqual([count + 4, count + 4]);
    expect(await planted.countUnder("old")).toBe(0);
    // With the old key gone from the configuration, everything goes on.
    await service.stop();
    const after = await startService({ store, env: withKeys(newest) });
    for (const [index, token] of tokens.entries()) expect(await use(after, token, uses[index] as number)).toBe("OK");
  });
});

/** One right code; the counter only moves when it is accepted. */
async function use({ gRPC }: Service, token: Token, counter: number): Promise<string> {
  return outcome(await gRPC.send(verify(await openFor(gRPC, token.subject, "HOTP"), codeAt("hotp", token, counter))));
}

/** Verifies codes of all of them until it is stopped, and says how many of each; throws where a right one was refused. */
function useAll(service: Service, tokens: readonly Token[]) {
  let isStopped = false;
  const using = tokens.map(async (token) => {
    let counter = 0;
    for (; !isStopped; counter++) {
      const answer = await use(service, token, counter);
      if (answer !== "OK") throw new Error(`a right code was answered with ${answer}`);
      await sleep(50);
    }
    return counter;
  });
  const all = Promise.all(using);
  all.catch(() => {});
  return {
    stop: () => {
      isStopped = true;
      return all;
    },
  };
}

async function until(isReached: () => Promise<boolean>, { child, stderr }: Launched): Promise<void> {
  while (!(await isReached())) {
    if (child.exitCode !== null) throw new Error(`it ended before: ${stderr()}`);
    await sleep(100);
  }
}
