import type { DeliveryFailure, SendResult } from "../otp/ports.ts";

/** What nodemailer tells of a message that was not taken. */
export type SmtpError = {
  /** `EAUTH`, `EENVELOPE`, `EMESSAGE` carry a reply of the server; the others say that there was none. */
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
  /** Whether any of the message's text had been handed to the connection. */
  readonly written: boolean;
};

/** What a reply refused, after which nothing was sent, even when it answers the text of the message (RFC 5321, section 4.2.5). */
const replied = new Set(["EAUTH", "EENVELOPE", "EMESSAGE"]);

export function readResponse(error: SmtpError): SendResult {
  const { code = "", responseCode, written } = error;
  const vendorCode = [responseCode ?? code, enhancedCode(error)].filter(Boolean).join(" ");
  if (replied.has(code) && responseCode !== undefined && responseCode >= 400) return { ...readReply(error, responseCode), vendorCode };
  const failure = code === "ETIMEDOUT" || code === "EABORT" ? "timeout" : "unreachable";
  return { outcome: written ? "unknown" : "retryable", failure, vendorCode };
}

type Refused = { readonly outcome: "retryable" | "permanent"; readonly failure: DeliveryFailure };

const permanent = (failure: DeliveryFailure): Refused => ({ outcome: "permanent", failure });

/**
 * By the command that was refused, then by the reply (RFC 5321, section 4.2.3; 530, 534, 535, 538: RFC 4954, section 6; 521, 556:
 * RFC 7504) and, where the server gives one, by the subject of the enhanced code (RFC 3463, section 3: 5.1 address, 5.2 mailbox,
 * 5.7 policy; 4.2.1, 4.5.3 and 4.7 are how servers slow a sender down).
 */
function readReply(error: SmtpError, reply: number): Refused {
  const enhanced = enhancedCode(error);
  if (reply < 500) return { outcome: "retryable", failure: /^4\.(?:2\.1|5\.3|7\.)/.test(enhanced) ? "throttled" : "provider_error" };
  if (error.code === "EAUTH" || [530, 534, 535, 538].includes(reply)) return permanent("credentials_refused");
  if ([500, 501, 502, 503, 504, 555].includes(reply) && !/^5\.1\./.test(enhanced)) return permanent("provider_error");
  if (error.command === "MAIL FROM") return permanent("sender_refused");
  if (error.command !== "RCPT TO") return permanent("content_refused");
  return permanent(/^5\.7\./.test(enhanced) ? "sender_refused" : "recipient_refused");
}

const enhancedCode = ({ response = "" }: SmtpError): string => /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?= |$)/.exec(response)?.[1] ?? "";
