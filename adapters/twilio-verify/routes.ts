import type { IncomingMessage } from "node:http";
import type { Authenticate } from "./accounts.ts";
import { type Answer, failure, notFound, unauthenticated } from "./answer.ts";
import type { Call, ServiceDeps } from "./call.ts";
import { checkVerification, fetchVerification, updateVerification } from "./other-routes.ts";
import { readSend } from "./parameters.ts";
import type { Settings } from "./settings.ts";
import { startVerification } from "./start-verification.ts";

type Options = Pick<Settings, "ignore" | "rateLimits"> & {
  readonly authenticate: Authenticate;
  readonly service: ServiceDeps;
  readonly baseUrl: string;
};

const form = /^\/v2\/Services\/([^/]+)\/(Verifications|VerificationCheck)(?:\/([^/]+))?\/?$/;

export async function answerRequest(request: IncomingMessage, body: URLSearchParams, options: Options): Promise<Answer> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (path === "/healthz") return { status: 200, body: { status: "ok" } };
  const account = options.authenticate(request.headers.authorization);
  if (!account) return unauthenticated;
  const [, serviceSid = "", resource = "", sid] = form.exec(path) ?? [];
  const key = account.services.get(serviceSid);
  if (key === undefined) return notFound(path.slice(0, 200));
  const owner = { accountSid: account.accountSid, serviceSid };
  const call: Call = { ...options.service, owner, key, path: path.replace(/^\/v2/, ""), baseUrl: options.baseUrl };
  const route = `${request.method} ${resource}${sid === undefined ? "" : "/Sid"}`;
  switch (route) {
    case "POST Verifications": {
      const asked = readSend(body, options.rateLimits, options.ignore);
      return asked.ok ? startVerification(call, asked.value) : asked.answer;
    }
    case "POST VerificationCheck":
      return checkVerification(call, body);
    case "GET Verifications/Sid":
      return fetchVerification(call, sid ?? "");
    case "POST Verifications/Sid":
      return updateVerification(call, sid ?? "", body);
    default:
      return failure({ status: 405, code: 20004, message: "Method not allowed" });
  }
}
