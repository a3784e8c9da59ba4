/** The fixture of the use cases with authenticators, and an authenticator app in the test's hand. */
import { randomBytes } from "node:crypto";
import { authenticatorFormat } from "../../src/channels/authenticator-format.ts";
import type { LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import type { AuthenticatorAct, AuthenticatorStore, SecretContext, SecretVault } from "../../src/otp/authenticator-ports.ts";
import * as rules from "../../src/otp/authenticator-rules.ts";
import { createAuthenticatorUseCases } from "../../src/otp/authenticator-use-cases.ts";
import { createLanes } from "../../src/otp/lanes.ts";
import { emptyLedger } from "../../src/otp/ledger-rules.ts";
import { createLocalVault } from "../../src/otp/secret-vault.ts";
import type { Stretch } from "../../src/otp/stretch.ts";
import type { Application, Call, Channel } from "../../src/otp/types.ts";
import { createFixture, type emptySend, ok } from "./fixture.ts";

type Options = { readonly application?: Application; readonly vault?: SecretVault | null };

export const vaultKey = { id: "v1", secret: Buffer.alloc(32, 3) };
export const user = "user-1";

export function createAuthenticatorFixture({ application, vault = createLocalVault([vaultKey], randomBytes) }: Options = {}) {
  const base = createFixture(application ? { application } : {});
  const { ledgers, clock } = base;
  const of = (ledger: string, id: string) => ledgers.get(ledger) ?? emptyLedger(id);
  const answer = async <T>(value: T): Promise<T> => structuredClone(value);
  const store: AuthenticatorStore = {
    async addAuthenticators(request) {
      const ledger = of(request.ledger, request.application);
      ledgers.set(request.ledger, ledger);
      return answer(rules.addAuthenticators(ledger, request, clock.now));
    },
    proveAuthenticator: (request) => answer(rules.proveAuthenticator(of(request.ledger, request.application), request, clock.now)),
    removeAuthenticator: (request) => answer(rules.removeAuthenticator(of(request.ledger, request.application), request, clock.now)),
  };
  const acts: AuthenticatorAct[] = [];
  const unreadable: (SecretContext & { readonly keyId: string })[] = [];
  const stretched: string[] = [];
  /** Quick, and remembers that it was asked. */
  const stretch: Stretch = async (code, salt) => {
    stretched.push(code);
    return Buffer.from(`${salt} ${code}`).toString("base64url");
  };
  const authenticators = {
    store,
    vault: vault ?? undefined,
    format: authenticatorFormat,
    stretch,
    inTurn: createLanes(),
    events: {
      authenticatorChanged: (act: AuthenticatorAct) => void acts.push(act),
      secretUnreadable: (event: (typeof unreadable)[number]) => void unreadable.push(event),
    },
  };
  const deps = Object.assign(base.deps, { authenticators });
  const useCases = createAuthenticatorUseCases(deps);
  const { call } = base;
  const step = (): number => Math.floor(clock.now / 30_000);
  const secretOf = (text: string): Uint8Array => authenticatorFormat.readBase32(text) as Uint8Array;
  return {
    ...base,
    deps,
    useCases,
    acts,
    unreadable,
    stretched,
    step,
    browser: { ...call, caller: { ...call.caller, kind: "browser", rights: ["codes"] } } satisfies Call,
    /** What an app or token with that secret shows. */
    totp: (secret: string, at = step(), form: Partial<LedgerAuthenticator> = {}) =>
      authenticatorFormat.codeAt("totp", { algorithm: "sha1", digits: 6, ...form }, secretOf(secret), at),
    hotp: (secret: string, counter: number) =>
      authenticatorFormat.codeAt("hotp", { algorithm: "sha1", digits: 6 }, secretOf(secret), counter),
    /** Enrols and confirms; the clock is a step further then, so that the next code is a fresh one. */
    async enrol(kind: "totp" | "hotp", subject = user) {
      const request = { subject, name: "Phone", accountName: "jane" };
      const { secret, authenticator } = await ok(kind === "totp" ? useCases.enrolTotp(request, call) : useCases.enrolHotp(request, call));
      const { authenticatorId } = authenticator;
      const code = authenticatorFormat.codeAt(kind, { algorithm: "sha1", digits: 6 }, secretOf(secret), kind === "totp" ? step() : 0);
      const confirm = { subject, authenticatorId, code };
      await ok(kind === "totp" ? useCases.confirmTotp(confirm, call) : useCases.confirmHotp(confirm, call));
      if (kind === "totp") clock.now += 30_000;
      return { secret, authenticatorId };
    },
    recoveryCodes: async (subject = user) =>
      (await ok(useCases.generateRecoveryCodes({ subject }, call))).codes as [string, string, ...string[]],
    /** Opens a challenge for the subject. */
    ask: (channels: readonly Channel[], more: Partial<typeof emptySend> = {}, as: Call = call) =>
      base.send({ recipient: { kind: "subject", value: user }, channels, ...more }, as),
    async open(channels: readonly Channel[], more: Partial<typeof emptySend> = {}) {
      return (await ok(this.ask(channels, more))).challengeId;
    },
    ledger: (subject = user) => ledgers.get(base.deps.keyring.ledgerOf("shop", subject)),
  };
}
