import type { Carrier, ChannelRoute, Wording } from "../otp/ports.ts";
import type { FieldViolation } from "../otp/refusal.ts";
import type { Application, Channel, MessageTemplate } from "../otp/types.ts";
import { needsBinding, sampleBinding, sampleCode } from "./check-template.ts";
import { createEmailRoute } from "./email.ts";
import { findText } from "./find-text.ts";
import { createPushRoute } from "./push.ts";
import { measure } from "./segments.ts";
import { createSmsRoute } from "./sms.ts";
import { createVoiceRoute } from "./voice.ts";
import { createWhatsappRoute } from "./whatsapp.ts";

export type PreviewRequest = {
  readonly application: Application;
  readonly channel: Channel;
  readonly purpose: string;
  readonly locale: string;
  /** Given values; samples stand for the others that the text needs. */
  readonly binding: Wording["binding"];
  readonly variables: Wording["variables"];
  /** With the lines that phones and browsers read, where the application lists any. */
  readonly autofill: boolean;
};

export type Preview = Pick<PreviewRequest, "channel" | "purpose"> & {
  readonly application: string;
  /** The language of the text, and whose text it is. */
  readonly locale: string;
  readonly source: "application" | "built-in";
  readonly fromName?: string;
  readonly subject?: string;
  readonly text: string;
  readonly html?: string;
  readonly speech?: { readonly before: string; readonly after: string; readonly repeat: number };
  /** For text messages. */
  readonly size?: ReturnType<typeof measure> & { readonly bytes: number };
};

/** A message as the route itself words it, with sample values; or why it would be refused. */
export function previewMessage(request: PreviewRequest): Preview | { readonly violations: readonly FieldViolation[] } {
  const { application, channel, purpose } = request;
  const route = routes[channel]?.(nobody);
  if (!route) return { violations: [{ field: "channel", description: "sends nothing" }] };
  const { template } = findText(channel, request);
  const wording = sampleWording(request, template);
  const violations = route.check(wording);
  if (violations.length > 0) return { violations };
  const { locale, fromName, subject, text, html, speech } = route.compose(wording);
  return {
    application: application.id,
    channel,
    purpose,
    locale,
    source: template ? "application" : "built-in",
    ...(fromName !== undefined && { fromName }),
    ...(subject !== undefined && { subject }),
    text,
    ...(html !== undefined && { html }),
    ...(speech && { speech }),
    ...(channel === "sms" && { size: { ...measure(text), bytes: Buffer.byteLength(text) } }),
  };
}

const routes: Readonly<Partial<Record<Channel, (carrier: Carrier) => ChannelRoute>>> = {
  sms: createSmsRoute,
  voice: createVoiceRoute,
  email: createEmailRoute,
  whatsapp: createWhatsappRoute,
  push: createPushRoute,
};

const nobody: Carrier = { carry: () => Promise.reject(new TypeError("a preview is not sent")) };

function sampleWording({ autofill, ...request }: PreviewRequest, template: MessageTemplate | undefined): Wording {
  const { application, channel, purpose, locale, binding } = request;
  const { androidAppHashes, webOrigins } = application.autofill;
  const samples = Object.entries(template?.variables ?? {}).map(([name, max]) => [name, name.replaceAll("_", " ").slice(0, max)]);
  return {
    application,
    recipient: channel === "email" ? { kind: "email", value: "ada@example.com" } : { kind: "phone", value: "+14155552671" },
    code: (application.code.alphabet === "digits" ? sampleCode : "H7KQ3XW9RM").slice(0, application.code.length),
    purpose,
    binding: template && needsBinding(template) && Object.keys(binding).length === 0 ? sampleBinding : binding,
    locale,
    variables: { ...Object.fromEntries(samples), ...request.variables },
    autofill: autofill ? { androidAppHash: androidAppHashes[0], webOrigin: webOrigins[0] } : {},
    lifetimeMs: application.code.lifetimeMs,
  };
}
