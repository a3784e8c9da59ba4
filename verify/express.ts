import { type GuardOptions, headerOf, judge, type Refused, remember } from "./guard.ts";
import { type HttpRequest, onlyValue, refusalHeaders } from "./http-refusal.ts";

export { proofOf } from "./guard.ts";

export type HttpResponse = {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
};
export type Middleware<Request> = (request: Request, response: HttpResponse, next: (error?: unknown) => void) => void;

/** For `app.post("/transfer", requireProof({…}), handler)`. The handler finds what was proved by `proofOf(request)`. */
export function requireProof<Request extends HttpRequest>(options: GuardOptions<Request>): Middleware<Request> {
  const header = headerOf(options);
  return (request, response, next) => {
    judge(options, request, onlyValue(request.headers[header])).then(({ claims, refused }) => {
      remember(request, claims);
      if (refused) answer(response, refused);
      else next();
    }, next);
  };
}

function answer(response: HttpResponse, refused: Refused): void {
  response.statusCode = 401;
  for (const [name, value] of Object.entries(refusalHeaders(refused))) response.setHeader(name, value);
  response.end(JSON.stringify(refused));
}
