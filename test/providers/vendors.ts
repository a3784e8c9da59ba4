import type http from "node:http";
import type { Message } from "../../src/otp/ports.ts";
import { createBird } from "../../src/providers/bird.ts";
import { birdConfig } from "../../src/providers/bird-config.ts";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { createSns } from "../../src/providers/sns.ts";
import { snsConfig } from "../../src/providers/sns-config.ts";
import { createTwilio } from "../../src/providers/twilio.ts";
import { twilioConfig } from "../../src/providers/twilio-config.ts";
import { createVonage } from "../../src/providers/vonage.ts";
import { vonageConfig } from "../../src/providers/vonage-config.ts";
import { answerBird, accessKey as birdKey } from "./bird-api.ts";
import { callMessage, smsMessage } from "./messages.ts";
import { accessKey, answerSns, region, error as snsError } from "./sns-api.ts";
import { account, answerOf as answerTwilio } from "./twilio-server.ts";
import { json, type VendorAnswer, type VendorRequest } from "./vendor-server.ts";
import { application, createVonageApi } from "./vonage-api.ts";

/** One vendor as every case of the matrix needs it. */
export type Vendor = {
  readonly name: string;
  readonly messages: Readonly<Record<string, Message>>;
  readonly api: () => (request: VendorRequest) => VendorAnswer | Promise<VendorAnswer>;
  readonly create: (more: object) => Promise<ClosableProvider>;
  /** Settings that the vendor does not know us by. */
  readonly wrongCredentials: object;
  readonly throttled: VendorAnswer;
  readonly serverError: VendorAnswer;
  /** What looks like success, and names no message. */
  readonly nameless: VendorAnswer;
};

export const whatsappMessage: Message = { ...smsMessage, channel: "whatsapp" };

const from = "+15005550006";
const problem = { type: "https://developer.vonage.com/api-errors#throttled", title: "no" };

export const vendors: readonly Vendor[] = [
  {
    name: "twilio",
    messages: { sms: smsMessage, voice: callMessage, whatsapp: whatsappMessage },
    api: () => (request) => {
      const { status, body } = answerTwilio({
        request: asIncoming(request),
        fields: Object.fromEntries(new URLSearchParams(request.body)),
      });
      return json(status, body);
    },
    create: (more) => {
      const whatsapp = { from, templates: [{ locale: "en", contentSid: `HX${"e".repeat(32)}` }] };
      const config = { kind: "twilio", accountSid: account.sid, authToken: account.token, from, whatsapp, ...more };
      return createTwilio("vendor", twilioConfig.parse(config));
    },
    wrongCredentials: { authToken: "other" },
    throttled: json(429, { code: 20429 }),
    serverError: json(500, { code: 20500 }),
    nameless: json(201, { status: "queued" }),
  },
  {
    name: "vonage",
    messages: { sms: smsMessage, voice: callMessage, whatsapp: whatsappMessage },
    api: createVonageApi,
    create: (more) => {
      const whatsapp = { from, templates: [{ locale: "en", name: "login_code", language: "en_US" }] };
      const { id: applicationId, privateKey } = application;
      return createVonage("vendor", vonageConfig.parse({ kind: "vonage", applicationId, privateKey, from, whatsapp, ...more }), Date);
    },
    wrongCredentials: { applicationId: "00000000-0000-0000-0000-000000000000" },
    throttled: json(429, problem),
    serverError: json(500, problem),
    nameless: json(202, {}),
  },
  {
    name: "bird",
    messages: { sms: smsMessage, voice: callMessage },
    api: () => answerBird,
    create: (more) => createBird("vendor", birdConfig.parse({ kind: "bird", accessKey: birdKey, from, ...more })),
    wrongCredentials: { accessKey: "other" },
    throttled: json(429, {}),
    serverError: json(500, { errors: [{ code: 99 }] }),
    nameless: json(201, { data: [] }),
  },
  {
    name: "sns",
    messages: { sms: smsMessage },
    api: () => answerSns,
    create: (more) => createSns("vendor", snsConfig.parse({ kind: "sns", region, accessKey, senderId: "Example", ...more })),
    wrongCredentials: { accessKey: { ...accessKey, secret: "other" } },
    throttled: snsError(400, "Throttled", "Rate exceeded"),
    serverError: snsError(500, "InternalError", "no"),
    nameless: { status: 200, body: "<PublishResponse><PublishResult></PublishResult></PublishResponse>" },
  },
];

const asIncoming = ({ method, path, headers }: VendorRequest) => ({ method, url: path, headers }) as http.IncomingMessage;
