import { AsyncLocalStorage } from "node:async_hooks";
import type { Context, Span } from "@opentelemetry/api";

/** What of a trace goes along with a call, through everything that is awaited. */
export type Traced = { readonly traceId: string; readonly span: Span; readonly context: Context };

/** One for the process, since a call has one course whoever looks; what is in it belongs to the call. */
const traced = new AsyncLocalStorage<Traced>();

/** Undefined outside of calls, and where no traces are made. */
export const currentTrace = (): Traced | undefined => traced.getStore();

export const within = <T>(trace: Traced, work: () => T): T => traced.run(trace, work);
