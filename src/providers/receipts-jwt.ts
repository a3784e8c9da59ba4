import type { JWTPayload, JWTVerifyOptions } from "jose";

type Verifying = Omit<JWTVerifyOptions, "currentDate"> & { readonly secrets: readonly string[]; readonly now: number };

/** The claims of a token that one of the secrets signed and whose time it is; undefined otherwise. */
export async function verifyToken(token: string, { secrets, now, ...options }: Verifying): Promise<JWTPayload | undefined> {
  const { jwtVerify } = await import("jose");
  for (const secret of secrets) {
    try {
      const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { ...options, currentDate: new Date(now) });
      return payload;
    } catch {
      // Not by this secret, or not now: what is wrong with it is nothing that whoever sent it should be told.
    }
  }
  return undefined;
}

/** Both ways: how long a signature holds, and how far clocks may be apart. Who repeats a receipt within it changes nothing. */
export const toleranceSeconds = 300;
