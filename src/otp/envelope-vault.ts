import type { KeyPurpose, KeyService, SecretVault } from "./authenticator-ports.ts";
import type { RandomBytes } from "./code.ts";
import { createDataKeys, type DataKeyBounds } from "./data-keys.ts";
import { KeyServiceUnavailable } from "./refusal.ts";
import { decrypt, encrypt, identity } from "./secret-vault.ts";

type Options = {
  /** Of the entry in the configuration; has no dot. */
  readonly id: string;
  readonly service: KeyService;
  readonly random: RandomBytes;
  readonly keys: DataKeyBounds;
};

export type ClosableVault = SecretVault & { close(): void };

/** Far below the 2^32 random nonces that one key is good for (NIST SP 800-38D, section 8.3). */
const secretsPerKey = 2 ** 20;
const dayMs = 86_400_000;
/** Twice what AWS KMS may answer with, as Base64. */
const maxWrapped = 16_384;

/**
 * AES-256-GCM under data keys that only a key service can decrypt. Each process seals under one data key a day: one of its own for each
 * secret would make every enrolment and nearly every verification wait, and pay, for the service, and fail when it is away. As many
 * secrets share a data key, it is not the service's own context that binds a secret to its record but the associated data here; the
 * service is told what the key is for. A sealed text is the id, the encrypted data key and the encrypted secret, with dots between.
 */
export function createEnvelopeVault({ id, service, random, keys: bounds }: Options): ClosableVault {
  const purpose: KeyPurpose = { application: "countersign", purpose: "authenticator secrets", key: id };
  const keys = createDataKeys(bounds);
  const open = (wrapped: string) => () => service.openDataKey(Buffer.from(wrapped, "base64url"), purpose);
  const sealing = createSealingKey(async () => {
    const made = await service.makeDataKey(purpose);
    const wrapped = Buffer.from(made.wrapped).toString("base64url");
    await keys.use(
      wrapped,
      async () => made.key,
      () => undefined,
    );
    return wrapped;
  });
  return {
    async seal(secret, context) {
      const wrapped = await sealing.next();
      const data = identity(id, context);
      const sealed = await keys.use(wrapped, open(wrapped), (key) => encrypt(key, secret, { data, random }));
      if (sealed) return [id, wrapped, sealed.toString("base64url")].join(".");
      sealing.forget();
      throw new KeyServiceUnavailable(new Error("the key service does not know a data key that it made"));
    },
    async open(sealed, context) {
      const [of, wrapped = "", text, ...rest] = sealed.split(".");
      if (of !== id || text === undefined || rest.length > 0 || wrapped.length > maxWrapped) return undefined;
      const bytes = Buffer.from(text, "base64url");
      return keys.use(wrapped, open(wrapped), (key) => decrypt(key, bytes, identity(id, context)));
    },
    close() {
      sealing.forget();
      keys.close();
    },
  };
}

type Sealing = { readonly wrapped: Promise<string>; left: number };

/** The encrypted data key that the next secret is sealed under: another one after a day, or after very many. */
function createSealingKey(make: () => Promise<string>) {
  let current: Sealing | undefined;
  let timer: NodeJS.Timeout | undefined;
  const forget = (): void => {
    clearTimeout(timer);
    current = undefined;
  };
  const begin = (): Sealing => {
    forget();
    const begun = { wrapped: make(), left: secretsPerKey };
    current = begun;
    timer = setTimeout(forget, dayMs).unref();
    begun.wrapped.catch(() => {
      if (current === begun) forget();
    });
    return begun;
  };
  return {
    forget,
    next(): Promise<string> {
      const sealing = current && current.left > 0 ? current : begin();
      sealing.left -= 1;
      return sealing.wrapped;
    },
  };
}
