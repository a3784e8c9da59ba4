import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";

/**
 * The file that ADAPTER_ACCOUNTS names:
 *
 *     - accountSid: AC…             # as in the callers' Twilio settings
 *       authToken: a random secret  # optional; not Twilio's own, which would then be worth stealing here
 *       apiKeys: { SK…: secret }    # optional; several, so that they can be rotated
 *       services:
 *         VA…: cs_…                 # one Verify service is one Countersign application: its service key
 */
export const accountsForm = z
  .array(
    z.strictObject({
      accountSid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, "write AC and 32 hexadecimal digits"),
      authToken: z.string().min(32, "write at least 32 characters").max(256).optional(),
      apiKeys: z
        .record(
          z.string().regex(/^SK[0-9a-fA-F]{32}$/, "write SK and 32 hexadecimal digits"),
          z.string().min(32, "write at least 32 characters").max(256),
        )
        .optional(),
      services: z.record(
        z.string().regex(/^VA[0-9a-fA-F]{32}$/, "write VA and 32 hexadecimal digits"),
        z.string().regex(/^\S*$/, "write the key without spaces").max(256),
      ),
    }),
  )
  .min(1, "name at least one account")
  .refine((accounts) => isUnique(accounts.flatMap(usersOf)), "two entries have the same accountSid or API key")
  .refine((accounts) => accounts.every((account) => usersOf(account).length > 0), "every account needs an authToken or apiKeys");

/** `services` holds the Countersign key of each Verify service; empty for a service in development mode. */
export type Account = { readonly accountSid: string; readonly services: ReadonlyMap<string, string> };
export type Authenticate = (authorization: string | undefined) => Account | undefined;

/** RFC 7617. Digests are compared, and all of them: neither length nor position of a match shows in the time it takes. */
export function createAuthenticate(accounts: z.infer<typeof accountsForm>): Authenticate {
  const known = accounts.flatMap((form) => {
    const account = { accountSid: form.accountSid, services: new Map(Object.entries(form.services)) };
    return pairsOf(form).map(([user, password]) => ({ digest: digestOf(`${user}:${password}`), account }));
  });
  return (authorization) => {
    const given = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec((authorization ?? "").slice(0, 1_024))?.[1];
    const digest = digestOf(Buffer.from(given ?? "", "base64").toString());
    let found: Account | undefined;
    for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each.account;
    return found;
  };
}

type Form = Readonly<{ accountSid: string; authToken?: string | undefined; apiKeys?: Readonly<Record<string, string>> | undefined }>;

const pairsOf = ({ accountSid, authToken, apiKeys = {} }: Form): (readonly [string, string])[] => [
  ...(authToken === undefined ? [] : [[accountSid, authToken] as const]),
  ...Object.entries(apiKeys),
];
const usersOf = (form: Form): string[] => pairsOf(form).map(([user]) => user);
const isUnique = (names: readonly string[]): boolean => new Set(names).size === names.length;
const digestOf = (text: string): Buffer => createHash("sha256").update(text).digest();
