/** Requests about a subject's authenticators, as short as a test can say them. */
import { randomBytes } from "node:crypto";
import type { AddAuthenticators, NewAuthenticator, ProveAuthenticator, SubjectRef } from "../../src/otp/authenticator-requests.ts";
import { limitsWith, minute } from "./requests.ts";

export const newId = (): string => randomBytes(12).toString("base64url");

/** A subject nobody has heard of. */
export const newSubject = (): SubjectRef => ({ ledger: randomBytes(15).toString("base64url"), application: "shop" });

export const app = (more: Partial<NewAuthenticator> = {}): NewAuthenticator => ({
  id: newId(),
  kind: "totp",
  name: "Phone",
  secret: "k1.encrypted",
  algorithm: "sha1",
  digits: 6,
  periodSeconds: 30,
  next: 0,
  ...more,
});

export const waiting = (more: Partial<NewAuthenticator> = {}): NewAuthenticator => app({ confirmMs: 10 * minute, ...more });

export const codes = (unused: readonly string[], more: Partial<NewAuthenticator> = {}): NewAuthenticator =>
  app({ kind: "recovery_code", name: "", secret: "", salt: "salt", unused, ...more });

export const adding = (of: SubjectRef, ...add: NewAuthenticator[]): AddAuthenticators => ({ ...of, add, max: 5, limits: limitsWith() });

export const confirming = (
  of: SubjectRef,
  { id, kind }: Pick<NewAuthenticator, "id" | "kind">,
  position?: number | null,
  more: Partial<ProveAuthenticator> = {},
): ProveAuthenticator => ({
  ...of,
  authenticator: id,
  act: "confirm",
  kind: kind === "hotp" ? "hotp" : "totp",
  ...(position !== undefined && { claim: position === null ? null : { position, drift: 0 } }),
  limits: limitsWith(),
  ...more,
});
