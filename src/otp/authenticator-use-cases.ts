import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import { type DeleteRequest, deleteAuthenticator } from "./delete-authenticator.ts";
import { type Enrolment, type EnrolRequest, enrolAuthenticator } from "./enrol-authenticator.ts";
import { generateRecoveryCodes, type RecoveryCodes } from "./generate-recovery-codes.ts";
import { type ImportRequest, importAuthenticators } from "./import-authenticators.ts";
import { listAuthenticators } from "./list-authenticators.ts";
import { type ConfirmRequest, confirmAuthenticator, type ResyncRequest, resyncHotp } from "./prove-authenticator.ts";
import type { Result } from "./refusal.ts";
import type { Call } from "./types.ts";
import type { Authenticator } from "./view-authenticator.ts";

type UseCase<Request, Value> = (request: Request, call: Call) => Promise<Result<Value>>;
type OfSubject = { readonly subject: string };

/** What `AuthenticatorService` does. */
export type AuthenticatorUseCases = {
  readonly enrolTotp: UseCase<EnrolRequest, Enrolment>;
  readonly confirmTotp: UseCase<ConfirmRequest, Authenticator>;
  readonly enrolHotp: UseCase<EnrolRequest, Enrolment>;
  readonly confirmHotp: UseCase<ConfirmRequest, Authenticator>;
  readonly resyncHotp: UseCase<ResyncRequest, Authenticator>;
  readonly listAuthenticators: UseCase<OfSubject, readonly Authenticator[]>;
  readonly deleteAuthenticator: UseCase<DeleteRequest, undefined>;
  readonly generateRecoveryCodes: UseCase<OfSubject, RecoveryCodes>;
  readonly importAuthenticators: UseCase<ImportRequest, readonly Authenticator[]>;
};

export const createAuthenticatorUseCases = (deps: AuthenticatorDeps): AuthenticatorUseCases => ({
  enrolTotp: (request, call) => enrolAuthenticator(deps, "totp", request, call),
  confirmTotp: (request, call) => confirmAuthenticator(deps, "totp", request, call),
  enrolHotp: (request, call) => enrolAuthenticator(deps, "hotp", request, call),
  confirmHotp: (request, call) => confirmAuthenticator(deps, "hotp", request, call),
  resyncHotp: (request, call) => resyncHotp(deps, request, call),
  listAuthenticators: (request, call) => listAuthenticators(deps, request, call),
  deleteAuthenticator: (request, call) => deleteAuthenticator(deps, request, call),
  generateRecoveryCodes: (request, call) => generateRecoveryCodes(deps, request, call),
  importAuthenticators: (request, call) => importAuthenticators(deps, request, call),
});
