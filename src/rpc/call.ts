import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { allowed, type Result, refused } from "../otp/refusal.ts";
import type { Call, Caller, Right } from "../otp/types.ts";
import type { Authenticate } from "./auth.ts";
import { connectionOnly, readClient } from "./caller-client.ts";
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
export function createAnswer(authenticate: Authenticate, right: Right, findAddress = connectionOnly): Answer {
  return (rpc) => async (incoming) => {
    const identified = identify(authenticate, right, incoming);
    const caller = accept(identified instanceof Promise ? await identified : identified);
    const request = accept(rpc.read(incoming.message()));
    const client = () => readClient(incoming, findAddress);
    const call = { caller, signal: incoming.signal(), remainingMs: incoming.remainingMs, client };
    return rpc.write(accept(await rpc.run(request, call)));
  };
}

export type AnswerStream = <I extends DescMessage, Request, Value, Out>(
  rpc: StreamRpc<I, Request, Value, Out>,
) => (incoming: Incoming<I>) => AsyncIterable<Out>;

/** And the only way to a stream. */
export function createAnswerStream(authenticate: Authenticate, right: Right): AnswerStream {
  return (rpc) =>
    async function* (incoming) {
      const caller = accept(await identify(authenticate, right, incoming));
      const request = accept(rpc.read(incoming.message()));
      for await (const result of rpc.run(request, { caller, signal: incoming.signal() })) yield rpc.write(accept(result));
    };
}

function identify(authenticate: Authenticate, right: Right, incoming: Pick<Incoming, "header" | "certificate">) {
  const check = (authenticated: Result<Caller>): Result<Caller> => {
    const caller = withRight(authenticated, right);
    return caller.ok ? fromItsPage(caller.value, incoming.header("origin")) : caller;
  };
  const authenticated = authenticate(incoming.header("authorization"), incoming.certificate);
  return authenticated instanceof Promise ? authenticated.then(check) : check(authenticated);
}

/** A browser says which page asks, and no page can make it say another. Whoever is no browser can say anything: limits hold it, not this. */
function fromItsPage(caller: Caller, origin: string | undefined): Result<Caller> {
  if (!caller.origins || (origin !== undefined && caller.origins.includes(origin))) return allowed(caller);
  const why = origin === undefined ? "the call names no origin" : "the call comes from another origin";
  return refused("CALLER_NOT_ALLOWED", `this key is for pages of the origins that its entry in the configuration lists, and ${why}`);
}

/** A key is only for what its application's configuration says. */
const withRight = (caller: Result<Caller>, right: Right): Result<Caller> =>
  !caller.ok || caller.value.rights.includes(right)
    ? caller
    : refused("CALLER_NOT_ALLOWED", `this key is not for that; its entry in the configuration would need the right ${right}`);
