import {
  AuthenticatorService,
  DigestAlgorithm,
  type ImportAuthenticatorsRequest as WireImport,
  type ImportedAuthenticator as WireImported,
} from "../gen/countersign/v1/authenticator_service_pb.js";
import type { AuthenticatorUseCases } from "../otp/authenticator-use-cases.ts";
import type { Imported } from "../otp/check-imported.ts";
import type { DeleteRequest } from "../otp/delete-authenticator.ts";
import type { EnrolRequest } from "../otp/enrol-authenticator.ts";
import type { ImportRequest } from "../otp/import-authenticators.ts";
import type { ConfirmRequest, ResyncRequest } from "../otp/prove-authenticator.ts";
import { allowed, type Result } from "../otp/refusal.ts";
import type { Authenticate } from "./auth.ts";
import { createAnswer } from "./call.ts";
import { readChannel, refuseChannels, unknownChannel } from "./read-request.ts";
import { asService, type Service } from "./service.ts";
import { writeAuthenticator, writeEnrolment } from "./write-authenticator.ts";

type OfSubject = { readonly subject: string };

/** `AuthenticatorService` as every wire carries it. */
export function createAuthenticatorService(useCases: AuthenticatorUseCases, authenticate: Authenticate): Service {
  const answer = createAnswer(authenticate, "authenticators");
  return asService(AuthenticatorService, {
    enrolTotp: answer({
      read: readEnrol,
      run: useCases.enrolTotp,
      write: (value) => ({ $typeName: "countersign.v1.EnrolTotpResponse", enrolment: writeEnrolment(value) }),
    }),
    confirmTotp: answer({
      read: readConfirm,
      run: useCases.confirmTotp,
      write: (value) => ({ $typeName: "countersign.v1.ConfirmTotpResponse", authenticator: writeAuthenticator(value) }),
    }),
    enrolHotp: answer({
      read: readEnrol,
      run: useCases.enrolHotp,
      write: (value) => ({ $typeName: "countersign.v1.EnrolHotpResponse", enrolment: writeEnrolment(value) }),
    }),
    confirmHotp: answer({
      read: readConfirm,
      run: useCases.confirmHotp,
      write: (value) => ({ $typeName: "countersign.v1.ConfirmHotpResponse", authenticator: writeAuthenticator(value) }),
    }),
    resyncHotp: answer({
      read: ({ subject, authenticatorId, firstCode, secondCode }: ResyncRequest) =>
        allowed({ subject, authenticatorId, firstCode, secondCode }),
      run: useCases.resyncHotp,
      write: (value) => ({ $typeName: "countersign.v1.ResyncHotpResponse", authenticator: writeAuthenticator(value) }),
    }),
    listAuthenticators: answer({
      read: readSubject,
      run: useCases.listAuthenticators,
      write: (list) => ({ $typeName: "countersign.v1.ListAuthenticatorsResponse", authenticators: list.map(writeAuthenticator) }),
    }),
    deleteAuthenticator: answer({
      read: ({ subject, authenticatorId }: DeleteRequest) => allowed({ subject, authenticatorId }),
      run: useCases.deleteAuthenticator,
      write: () => ({ $typeName: "countersign.v1.DeleteAuthenticatorResponse" }),
    }),
    generateRecoveryCodes: answer({
      read: readSubject,
      run: useCases.generateRecoveryCodes,
      write: ({ authenticator, codes }) => ({
        $typeName: "countersign.v1.GenerateRecoveryCodesResponse",
        authenticator: writeAuthenticator(authenticator),
        codes: [...codes],
      }),
    }),
    importAuthenticators: answer({
      read: readImport,
      run: useCases.importAuthenticators,
      write: (list) => ({ $typeName: "countersign.v1.ImportAuthenticatorsResponse", authenticators: list.map(writeAuthenticator) }),
    }),
  });
}

const readSubject = ({ subject }: OfSubject): Result<OfSubject> => allowed({ subject });
const readEnrol = ({ subject, name, accountName }: EnrolRequest): Result<EnrolRequest> => allowed({ subject, name, accountName });
const readConfirm = ({ subject, authenticatorId, code }: ConfirmRequest): Result<ConfirmRequest> =>
  allowed({ subject, authenticatorId, code });

const algorithms: ReadonlyMap<number, Imported["algorithm"]> = new Map([
  [DigestAlgorithm.UNSPECIFIED, undefined],
  [DigestAlgorithm.SHA1, "sha1"],
  [DigestAlgorithm.SHA256, "sha256"],
  [DigestAlgorithm.SHA512, "sha512"],
]);

function readImport({ subject, authenticators }: WireImport): Result<ImportRequest> {
  const violations = authenticators.flatMap(({ channel, algorithm }, index) => [
    ...(readChannel(channel) === undefined && channel !== 0 ? [unknownChannel(`authenticators[${index}].channel`)] : []),
    ...(algorithms.has(algorithm) ? [] : [unknownAlgorithm(`authenticators[${index}].algorithm`)]),
  ]);
  return violations.length > 0 ? refuseChannels(violations) : allowed({ subject, authenticators: authenticators.map(readImported) });
}

const readImported = ({ name, channel, secret, algorithm, digits, periodSeconds, counter }: WireImported): Imported => ({
  name,
  channel: readChannel(channel),
  secret,
  algorithm: algorithms.get(algorithm),
  digits: given(digits),
  periodSeconds: given(periodSeconds),
  counter: given(Number(counter)),
});

/** What was left out reads as 0. */
const given = (number: number): number | undefined => (number === 0 ? undefined : number);

const unknownAlgorithm = (field: string) => ({ field, description: "is not a known algorithm; name one of the enum DigestAlgorithm" });
