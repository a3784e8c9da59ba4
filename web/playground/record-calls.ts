/** Every call of the element and its answer, as JSON. */
import { type DescMessage, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import type { Called } from "./snippets.ts";

export type Call = Called & { readonly answer: JsonValue; readonly outcome: string; readonly ok: boolean; readonly ms: number };

export const recordCalls =
  (onCall: (call: Call) => void): Interceptor =>
  (next) =>
  async (request) => {
    if (request.stream) return next(request);
    const started = performance.now();
    const called = {
      service: request.service.typeName,
      method: request.method.name,
      request: toJson(request.method.input, request.message),
    };
    const elapsed = (): number => Math.round(performance.now() - started);
    try {
      const response = await next(request);
      const answer = toJson(request.method.output, response.message as Message);
      onCall({ ...called, answer, outcome: "OK", ok: true, ms: elapsed() });
      return response;
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      const [info] = error.findDetails(ErrorInfoSchema);
      onCall({ ...called, answer: errorJson(error), outcome: info?.reason ?? Code[error.code], ok: false, ms: elapsed() });
      throw thrown;
    }
  };

const details: readonly DescMessage[] = [ErrorInfoSchema, RetryInfoSchema, BadRequestSchema];

const errorJson = (error: ConnectError): JsonValue => ({
  code: Code[error.code],
  message: error.rawMessage,
  details: details.flatMap((schema) =>
    error.findDetails(schema).map((each) => ({ "@type": schema.typeName, ...(toJson(schema, each) as Record<string, JsonValue>) })),
  ),
});
