import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Result } from "../otp/refusal.ts";
import type { Call } from "../otp/types.ts";
import type { Authenticate } from "./auth.ts";
import type { Incoming } from "./service.ts";
import { accept } from "./status.ts";

/** One RPC: how its request is read, what decides, and how the answer is written. */
export type Rpc<I extends DescMessage, Request, Value, Answer> = {
  read(message: MessageShape<I>): Result<Request>;
  run(request: Request, call: Call): Promise<Result<Value>>;
  write(value: Value): Answer;
};

export type Answer = <I extends DescMessage, Request, Value, Out>(
  rpc: Rpc<I, Request, Value, Out>,
) => (incoming: Incoming<I>) => Promise<Out>;

/** One RPC whose answer is a stream. */
export type StreamRpc<I extends DescMessage, Request, Value, Answer> = Omit<Rpc<I, Request, Value, Answer>, "run"> & {
  run(request: Request, call: Call): AsyncIterable<Result<Value>>;
};

/** The only way to an RPC, and it asks for the key first: an RPC cannot forget to. */
export function createAnswer(authenticate: Authenticate): Answer {
  return (rpc) => async (incoming) => {
    const caller = accept(authenticate(incoming.header("authorization")));
    const request = accept(rpc.read(incoming.message()));
    return rpc.write(accept(await rpc.run(request, { caller, signal: incoming.signal(), remainingMs: incoming.remainingMs })));
  };
}

export type AnswerStream = <I extends DescMessage, Request, Value, Out>(
  rpc: StreamRpc<I, Request, Value, Out>,
) => (incoming: Incoming<I>) => AsyncIterable<Out>;

/** And the only way to a stream. */
export function createAnswerStream(authenticate: Authenticate): AnswerStream {
  return (rpc) =>
    async function* (incoming) {
      const caller = accept(authenticate(incoming.header("authorization")));
      const request = accept(rpc.read(incoming.message()));
      for await (const result of rpc.run(request, { caller, signal: incoming.signal() })) yield rpc.write(accept(result));
    };
}
