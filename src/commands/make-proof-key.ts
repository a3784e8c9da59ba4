import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { exitCodes, jsonOption } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const makeProofKey = defineCommand({
  name: "make-proof-key",
  group: "Make secrets and keys",
  summary: "Make a key that signs proofs, as an entry of proofs.keys.",
  options: {
    algorithm: { value: "ALGORITHM", choices: ["ES256", "EdDSA"], fallback: "ES256", about: "ES256 is what every JWT library verifies." },
    json: jsonOption,
  },
  json: "`{id, algorithm, status, privateKey}`, one of `proofs.keys`.",
  examples: ["make-proof-key", "make-proof-key --algorithm EdDSA --json"],
  async run({ options: { algorithm, json } }, io) {
    const entry = entryOf(algorithm, generate(algorithm));
    io.stdout(json ? `${JSON.stringify(entry)}\n` : yamlOf(entry));
    return exitCodes.done;
  },
});

type Pair = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

const generate = (algorithm: string): Pair =>
  algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");

function entryOf(algorithm: string, { publicKey, privateKey }: Pair) {
  const digest = createHash("sha256")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest("hex");
  // `next` is right at any time but the first: verifiers must know a key before it signs.
  return {
    id: `proof-${digest.slice(0, 8)}`,
    algorithm,
    status: "next",
    privateKey: String(privateKey.export({ format: "pem", type: "pkcs8" })),
  };
}

const yamlOf = ({
  id,
  algorithm,
  status,
  privateKey,
}: ReturnType<
  typeof entryOf
>): string => `# For proofs.keys. The first key of all is current; a later one stays next until every verifier has fetched it.
    - id: ${id}
      algorithm: ${algorithm}
      status: ${status}
      privateKey: |
${privateKey.trimEnd().replace(/^/gm, "        ")}
`;
