import { afterAll, beforeAll, expect, it } from "vitest";
import { answerBird, accessKey as birdKey } from "../providers/bird-api.ts";
import { accessKey, answerSns, region } from "../providers/sns-api.ts";
import { startVendorServer } from "../providers/vendor-server.ts";
import { application, createVonageApi } from "../providers/vonage-api.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { newPhone, open, sendTo, verify } from "./calls.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { newSqlite, type Service, startService } from "./service.ts";

const vonageApi = createVonageApi();
const caller = newKey();
const from = "+15005550006";
let server: Awaited<ReturnType<typeof startVendorServer>>;
let service: Service;

/** One server for three vendors: they are told apart by their paths. */
beforeAll(async () => {
  server = await startVendorServer((request) => {
    if (request.path === "/") return answerSns(request);
    return request.path.startsWith("/v1/") ? vonageApi(request) : answerBird(request);
  });
  const { baseUrl } = server;
  const config = sampleConfig({ twilio: { baseUrl } }, [caller]);
  const [shop] = config.applications;
  const channels = { sms: ["aws"], voice: ["bird-main"], whatsapp: ["vonage-main"] };
  const templates = [{ locale: "en", name: "login_code", language: "en_US" }];
  service = await startService({
    key: caller.key,
    config: {
      ...config,
      store: { url: newSqlite().url },
      applications: [{ ...shop, channels: Object.keys(channels) }],
      providers: {
        aws: { kind: "sns", region, accessKey, baseUrl },
        "bird-main": { kind: "bird", accessKey: birdKey, from, baseUrl },
        "vonage-main": {
          kind: "vonage",
          applicationId: application.id,
          privateKey: { env: "VONAGE_PRIVATE_KEY" },
          whatsapp: { from, templates },
          baseUrl,
        },
      },
      channels,
    },
    env: { VONAGE_PRIVATE_KEY: application.privateKey },
  });
});
afterAll(() => server.stop());

const codeIn: Readonly<Record<string, (body: string) => string>> = {
  CHANNEL_SMS: (body) => /^(\d{6}) /.exec(new URLSearchParams(body).get("Message") ?? "")?.[1] ?? "",
  CHANNEL_VOICE: (body) =>
    [...body.matchAll(/"payload":"(\d)"/g)]
      .map(([, digit]) => digit)
      .join("")
      .slice(0, 6),
  CHANNEL_WHATSAPP: (body) => JSON.parse(body).custom.template.components[0].parameters[0].text,
};

it.each(Object.entries(codeIn))(
  "%s: the code that arrives at the vendor is the one that verifies, and is in no log line",
  async (channel, read) => {
    server.requests.length = 0;
    const challengeId = await open(service.gRPC, newPhone(), { channels: [channel] });
    expect(server.requests).toHaveLength(1);
    const code = read(server.requests[0]?.body ?? "");
    expect(code).toMatch(/^\d{6}$/);
    expect(await mustSucceed(service.JSON, verify(challengeId, code))).toMatchObject({ challengeId, channel });
    expect(service.stdout() + service.stderr()).not.toContain(code);
  },
);

it("a caller that names none gets the first channel", async () => {
  const { challenge } = await mustSucceed(service.JSON, sendTo(newPhone()));
  expect(challenge).toMatchObject({ channel: "CHANNEL_SMS", deliveries: [{ provider: "aws", state: "DELIVERY_STATE_ACCEPTED" }] });
});
