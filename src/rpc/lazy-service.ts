import type {
  handleServerStreamingCall,
  handleUnaryCall,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  sendUnaryData,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";

export type Loaded = { readonly definition: ServiceDefinition; readonly implementation: UntypedServiceImplementation };
type Kind = "unary" | "serverStream" | "bothStream";
type LazyService = {
  /** `grpc.health.v1.Health`. */
  readonly name: string;
  readonly methods: Readonly<Record<string, Kind>>;
  load(): Promise<Loaded>;
};

/**
 * A service whose code is loaded with its first call: what is needed seldom is no part of a start. Until it is known how, messages are
 * bytes.
 */
export function addLazyService(server: Server, { name, methods, load }: LazyService): void {
  let loading: Promise<Loaded> | undefined;
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: Record<string, UntypedServiceImplementation[string]> = {};
  for (const [method, kind] of Object.entries(methods)) {
    definition[method] = {
      path: `/${name}/${method}`,
      requestStream: kind === "bothStream",
      responseStream: kind !== "unary",
      requestSerialize: asItIs,
      requestDeserialize: asItIs,
      responseSerialize: asItIs,
      responseDeserialize: asItIs,
    };
    const loaded = async (): Promise<Method> => {
      loading ??= load().catch((cause: unknown) => {
        // Too many open files, say: the next call tries again.
        loading = undefined;
        throw cause;
      });
      return methodOf(await loading, method);
    };
    handlers[method] = carry[kind](loaded) as UntypedServiceImplementation[string];
  }
  server.addService(definition, handlers);
}

/** What a package would add to a server. */
export function loadedFrom(adder: { addToServer(server: Server): void }): Loaded[] {
  const loaded: Loaded[] = [];
  const addService: Server["addService"] = (definition, implementation) => void loaded.push({ definition, implementation });
  adder.addToServer({ addService } as Server);
  return loaded;
}

type Method = ServiceDefinition[string] & { readonly handle: unknown };

/** Implementations may be named as the method is, or with a small letter first. */
function methodOf({ definition, implementation }: Loaded, name: string): Method {
  const found = Object.values(definition).find(({ path }) => path.endsWith(`/${name}`));
  const handle = implementation[name] ?? implementation[name.charAt(0).toLowerCase() + name.slice(1)];
  if (!found || !handle) throw new Error(`the loaded service has no ${name}`);
  return { ...found, handle };
}

const asItIs = (bytes: Buffer): Buffer => bytes;
/** As grpc-js says it; not why, which may name files of ours. */
const failed = { code: status.INTERNAL, details: "Error deserializing request" };

type Load = () => Promise<Method>;

const carry = {
  unary: (load: Load) => (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => {
    const answer = async (): Promise<void> => {
      const { handle, requestDeserialize, responseSerialize } = await load();
      call.request = requestDeserialize(call.request as Buffer);
      (handle as handleUnaryCall<unknown, unknown>)(call, (error, value, ...rest) =>
        callback(error, value ? responseSerialize(value) : value, ...rest),
      );
    };
    answer().catch(() => callback(failed));
  },
  serverStream: (load: Load) => (call: ServerWritableStream<unknown, unknown>) => {
    const answer = async (): Promise<void> => {
      const { handle, requestDeserialize, responseSerialize } = await load();
      if (call.cancelled) return;
      call.request = requestDeserialize(call.request as Buffer);
      serializeWrites(call, responseSerialize);
      (handle as handleServerStreamingCall<unknown, unknown>)(call);
    };
    answer().catch(() => call.emit("error", failed));
  },
  bothStream: (load: Load) => (call: ServerDuplexStream<unknown, unknown>) => {
    const answer = async (): Promise<void> => {
      const { handle, requestDeserialize, responseSerialize } = await load();
      if (call.cancelled) return;
      serializeWrites(call, responseSerialize);
      const on = call.on.bind(call);
      const read = (listener: (message: unknown) => void) => (bytes: Buffer) => {
        try {
          listener(requestDeserialize(bytes));
        } catch {
          call.emit("error", failed);
        }
      };
      call.on = (event: string, listener: (...args: never[]) => void) =>
        on(event, event === "data" ? read(listener as (message: unknown) => void) : (listener as () => void));
      (handle as (call: unknown) => void)(call);
    };
    answer().catch(() => call.emit("error", failed));
  },
};

function serializeWrites(
  call: ServerWritableStream<unknown, unknown> | ServerDuplexStream<unknown, unknown>,
  serialize: (message: unknown) => Buffer,
): void {
  const write = call.write.bind(call) as (message: unknown) => boolean;
  call.write = (message: unknown) => write(serialize(message));
}
