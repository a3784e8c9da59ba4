import {
  DigestAlgorithm,
  type Authenticator as WireAuthenticator,
  type Enrolment as WireEnrolment,
} from "../gen/countersign/v1/authenticator_service_pb.js";
import type { Enrolment } from "../otp/enrol-authenticator.ts";
import type { Authenticator } from "../otp/view-authenticator.ts";
import { timestamp, wireChannels } from "./write-response.ts";

const wireAlgorithms = { sha1: DigestAlgorithm.SHA1, sha256: DigestAlgorithm.SHA256, sha512: DigestAlgorithm.SHA512 } as const;

export const writeAuthenticator = (authenticator: Authenticator): WireAuthenticator => ({
  $typeName: "countersign.v1.Authenticator",
  authenticatorId: authenticator.authenticatorId,
  channel: wireChannels[authenticator.kind],
  name: authenticator.name,
  createTime: timestamp(authenticator.createdAt),
  ...(authenticator.confirmBy !== undefined && { confirmByTime: timestamp(authenticator.confirmBy) }),
  ...(authenticator.lastUsedAt !== undefined && { lastUseTime: timestamp(authenticator.lastUsedAt) }),
  algorithm: authenticator.algorithm ? wireAlgorithms[authenticator.algorithm] : DigestAlgorithm.UNSPECIFIED,
  digits: authenticator.digits,
  periodSeconds: authenticator.periodSeconds,
  recoveryCodesRemaining: authenticator.recoveryCodesRemaining,
});

export const writeEnrolment = ({ authenticator, secret, uri, png, svg }: Enrolment): WireEnrolment => ({
  $typeName: "countersign.v1.Enrolment",
  authenticator: writeAuthenticator(authenticator),
  secret,
  otpauthUri: uri,
  qrPng: bytes(png),
  qrSvg: bytes(svg),
});

/** Messages hold bytes of no shared memory. */
const bytes = (from: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(from);
