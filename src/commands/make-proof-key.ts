import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { parseArgs } from "node:util";
import { type Command, exitCodes, UsageError } from "./command.ts";

export const makeProofKey: Command = {
  usage: "make-proof-key [--algorithm ES256|EdDSA]",
  summary: "Make a key that signs proofs, and print its entry for proofs.keys. ES256 is what every JWT library verifies.",
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: { algorithm: { type: "string", default: "ES256" } } });
    const { algorithm } = values;
    if (algorithm !== "ES256" && algorithm !== "EdDSA") throw new UsageError("--algorithm is ES256 or EdDSA.");
    io.stdout(entryOf(algorithm, generate(algorithm)));
    return exitCodes.done;
  },
};

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const generate = (algorithm: string): Pair =>
  algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");

function entryOf(algorithm: string, { publicKey, privateKey }: Pair): string {
  const digest = createHash("sha256")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest("hex");
  const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
  // `next` is right at any time but the first: verifiers must know a key before it signs.
  return `# For proofs.keys. The first key of all is current; a later one stays next until every verifier has fetched it.
    - id: proof-${digest.slice(0, 8)}
      algorithm: ${algorithm}
      status: next
      privateKey: |
${pem.trimEnd().replace(/^/gm, "        ")}
`;
}
