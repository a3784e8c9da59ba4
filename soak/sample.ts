/** What is known of the service at one moment, and of the calls since the moment before. */
export type Sample = {
  readonly seconds: number;
  readonly calls: number;
  readonly receipts: number;
  readonly rssMib: number;
  /** Of the main thread, right after a collection of garbage; absent where none was asked for. */
  readonly heapMib?: number;
  /** Of the other threads together, likewise. */
  readonly threadsHeapMib?: number;
  /** Outside of the heap: buffers. */
  readonly externalMib: number;
  /** Open files of the process, sockets among them; absent where the system does not tell. */
  readonly files?: number;
  readonly sockets?: number;
  readonly threads?: number;
  /** Timers, sockets and requests that keep its event loop going. */
  readonly handles: number;
  readonly loopDelayMs: number;
  readonly cpuMicrosPerCall: number;
  readonly latencies: Readonly<Record<string, Latency>>;
  /** By how much the machine, busy with others, drew out the work of the service or of its callers; 1 is a processor to oneself. */
  readonly stretch: number;
  readonly databaseMib: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

export type Latency = { readonly count: number; readonly p50: number; readonly p99: number };

/** The service without load: what is still there then was left behind. */
export type Rest = {
  readonly handles: number;
  readonly files?: number;
  /** Of what it counts as under way. */
  readonly underWay: Readonly<Record<string, number>>;
};

export type Ended = {
  readonly before: Rest;
  readonly after: Rest;
  readonly exitCode: number | null;
  readonly faults: number;
  readonly unexpected: readonly string[];
  /** How often each part of the load was played. */
  readonly acts: Readonly<Record<string, number>>;
};
