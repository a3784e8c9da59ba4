import type { AuthenticatorEvents } from "../otp/authenticator-ports.ts";
import type { Logger } from "./log.ts";

/** What is done to authenticators is an operator's concern, as what the admin service does; field by field, so that nothing else slips in. */
export function createAuthenticatorEvents(logger: Logger): AuthenticatorEvents {
  return {
    authenticatorChanged({ act, application, keyId, subject, kind, authenticator, reason }) {
      quietly(() => logger.info({ event: "authenticator_changed", act, application, keyId, subject, kind, authenticator, reason }));
    },
    secretUnreadable({ application, ledger, authenticator, keyId }) {
      const why = "its stored secret does not open: it was altered or moved here from another record, or its key is not configured";
      quietly(() => logger.error({ event: "authenticator_unreadable", application, ledger, authenticator, keyId, why }));
    },
  };
}

/** What is seen must never change what happens. */
function quietly(record: () => void): void {
  try {
    record();
  } catch {
    // There is nowhere left to tell.
  }
}
