import { z } from "zod";
import { proofAlgorithms, proofKeyStatuses } from "../otp/proof.ts";
import { checked, choice, list, secret, text, whole } from "./forms.ts";
import { proofKeyForm, proofKeyProblem } from "./proof-key.ts";

const name = /^[\x21-\x7e]{1,200}$/;

/** `aud` of an application's proofs. */
export const proofAudience = text("what the verifiers know the application by, 1 to 200 visible ASCII characters", name);

const proofKey = z.strictObject({
  id: text("a name of 1 to 64 characters of A-Z a-z 0-9 _ . -", /^[A-Za-z0-9_.-]{1,64}$/),
  algorithm: choice(...proofAlgorithms),
  status: choice(...proofKeyStatuses),
  privateKey: secret(checked(proofKeyForm, proofKeyProblem)),
});

export const proofSettings = z.strictObject({
  issuer: text("the address this service is known by, 1 to 200 visible ASCII characters", name),
  ttlSeconds: whole("the seconds a proof is valid", 30, 3600).default(300),
  subject: choice("pairwise", "recipient").default("pairwise"),
  keys: list(proofKey, { min: 1, max: 8, write: "keys, one of them current" }),
});
