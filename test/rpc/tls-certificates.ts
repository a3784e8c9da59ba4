import { generate } from "selfsigned";

export type Pair = { readonly cert: string; readonly key: string };

type Wanted = {
  readonly name?: string;
  readonly dns?: readonly string[];
  readonly uris?: readonly string[];
  readonly emails?: readonly string[];
  /** Without it, it signs itself. */
  readonly by?: Pair;
  readonly from?: Date;
  readonly until?: Date;
};

const dayMs = 86_400_000;
export const inDays = (days: number): Date => new Date(Date.now() + days * dayMs);

export const createAuthority = (name = "test authority"): Promise<Pair> =>
  make({ name }, [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, digitalSignature: true, critical: true },
  ]);

export const createCertificate = (wanted: Wanted = {}): Promise<Pair> =>
  make(wanted, [
    { name: "basicConstraints", cA: false },
    { name: "keyUsage", digitalSignature: true },
    { name: "extKeyUsage", serverAuth: true, clientAuth: true },
    {
      name: "subjectAltName",
      altNames: [
        ...(wanted.dns ?? []).map((value) => ({ type: 2 as const, value })),
        ...(wanted.uris ?? []).map((value) => ({ type: 6 as const, value })),
        ...(wanted.emails ?? []).map((value) => ({ type: 1 as const, value })),
        ...(wanted.dns || wanted.uris || wanted.emails ? [] : [{ type: 7 as const, ip: "127.0.0.1" }]),
      ],
    },
  ]);

/** For a listener on 127.0.0.1, which clients call `localhost` too. */
export const createServerCertificate = (by: Pair, more: Wanted = {}): Promise<Pair> =>
  make({ by, ...more }, [
    { name: "basicConstraints", cA: false },
    {
      name: "subjectAltName",
      altNames: [
        { type: 2, value: "localhost" },
        { type: 7, ip: "127.0.0.1" },
      ],
    },
  ]);

type Extensions = NonNullable<NonNullable<Parameters<typeof generate>[1]>["extensions"]>;

async function make({ name = "test", by, from = inDays(-2), until = inDays(365) }: Wanted, extensions: Extensions): Promise<Pair> {
  const made = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: from,
    notAfterDate: until,
    extensions,
    ...(by && { ca: by }),
  });
  return { cert: made.cert, key: made.private };
}
