import { createPrivateKey } from "node:crypto";
import type { Config, Proofs } from "../config/config.ts";

/** A configuration as it can be given to another process: keys of proofs as bytes, since the objects stay where they were made. */
export type PackedConfig = Omit<Config, "proofs"> & { readonly proofs: PackedProofs | undefined };

type ProofKey = Proofs["keys"][number];
type PackedProofs = Omit<Proofs, "keys"> & {
  readonly keys: readonly (Omit<ProofKey, "privateKey"> & { readonly privateKey: Uint8Array })[];
};

export const packConfig = ({ proofs, ...config }: Config): PackedConfig => ({
  ...config,
  proofs: proofs && {
    ...proofs,
    keys: proofs.keys.map((key) => ({ ...key, privateKey: key.privateKey.export({ format: "der", type: "pkcs8" }) })),
  },
});

export const unpackConfig = ({ proofs, ...config }: PackedConfig): Config => ({
  ...config,
  proofs: proofs && {
    ...proofs,
    keys: proofs.keys.map((key) => ({
      ...key,
      privateKey: createPrivateKey({ key: Buffer.from(key.privateKey), format: "der", type: "pkcs8" }),
    })),
  },
});
