/**
 * Who calls, by `authorization: Bearer KEY`. Keys are 256 random bits, so one SHA-256 keeps them safe at rest (nothing can be
 * guessed) and lets them be found by their hash: no comparison takes longer the more of a key is right.
 */
import { hash } from "node:crypto";
import type { Result } from "../otp/refusal.ts";
import { allowed, refused } from "../otp/refusal.ts";
import type { Caller } from "../otp/types.ts";
import type { FindCertificate } from "./client-certificate.ts";

/** Answers at once wherever nobody has to be asked: a promise for each call would cost the hot path its speed. */
export type Authenticate = (authorization: string | undefined, certificate?: FindCertificate) => Result<Caller> | Promise<Result<Caller>>;

export type AuthenticateKey = (authorization: string | undefined) => Result<Caller>;

/** `hash` as `hashKey` gives it. Two keys of one caller are two entries, so that keys can be rotated. */
export type CallerKey = { readonly hash: string; readonly caller: Caller };

const keyForm = /^cs_([A-Za-z0-9_-]{43})([0-9a-f]{4})$/;
/** RFC 9110, section 11.1: the scheme is case-insensitive. RFC 6750, section 2.1: the token. */
const bearer = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;
const maxAuthorizationLength = 512;

const noKey = refused("UNAUTHENTICATED", "name your key in the header `authorization: Bearer KEY`");
const unknownKey = refused("UNAUTHENTICATED", "the key is not known here");

export function createAuthenticate(keys: readonly CallerKey[]): AuthenticateKey {
  const callers = new Map(keys.map((key) => [key.hash, allowed(key.caller)]));
  return (authorization) => {
    if (!authorization || authorization.length > maxAuthorizationLength) return noKey;
    const key = bearer.exec(authorization)?.[1];
    if (key === undefined) return noKey;
    return callers.get(hashKey(key)) ?? unknownKey;
  };
}

/** For development on loopback: everyone is the one caller. */
export function createOpenAuthenticate(caller: Caller): AuthenticateKey {
  const everyone = allowed(caller);
  return () => everyone;
}

/** What configuration keeps instead of the key. */
export const hashKey = (key: string): string => hash("sha256", key);

/** `cs_`, 32 random bytes in Base64url, and four hexadecimal digits by which a mistyped key is told from an unknown one. */
export function createKey(randomBytes: (size: number) => Uint8Array): string {
  const secret = Buffer.from(randomBytes(32)).toString("base64url");
  return `cs_${secret}${checksum(secret)}`;
}

/** Whether a key was typed or copied whole; says nothing about whether it is known. */
export function isKeyWhole(key: string): boolean {
  const [, secret, sum] = keyForm.exec(key) ?? [];
  return secret !== undefined && checksum(secret) === sum;
}

const checksum = (secret: string): string => hash("sha256", `countersign key ${secret}`).slice(0, 4);
