/**
 * Loaded into the service (`node --import`) beside what it is: tells, when the soak asks over the IPC channel, what it holds. In other
 * threads it tells the main thread.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";

export type Held = {
  readonly rss: number;
  readonly external: number;
  /** After a collection of garbage, where one was asked for. */
  readonly heap?: number;
  readonly threadsHeap?: number;
  readonly handles: Readonly<Record<string, number>>;
  readonly loopDelayMs: number;
  readonly cpuMicros: number;
};

/** For threads that are in the middle of a commit. */
const threadsMs = 250;
const channel = new BroadcastChannel("countersign-soak");
channel.unref();
const collect = exposeCollection();

function exposeCollection(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  // Behind it V8 would go on telling every context, and workers, that they have it.
  setFlagsFromString("--no-expose-gc");
  return gc;
}

const heapAfterCollection = (): number => {
  collect();
  return process.memoryUsage().heapUsed;
};

const heaps = new Map<number, number>();
const delays = isMainThread ? monitorEventLoopDelay({ resolution: 10 }) : undefined;
delays?.enable();

type Said = { readonly ask: true } | { readonly thread: number; readonly heap: number };
channel.onmessage = (event) => {
  const said = (event as MessageEvent).data as Said;
  if ("ask" in said) {
    if (!isMainThread) channel.postMessage({ thread: threadId, heap: heapAfterCollection() } satisfies Said);
  } else if (isMainThread) heaps.set(said.thread, said.heap);
};

async function measure(withCollection: boolean): Promise<Held> {
  if (withCollection) {
    heaps.clear();
    channel.postMessage({ ask: true } satisfies Said);
    await new Promise((resolve) => setTimeout(resolve, threadsMs));
  }
  const handles: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  const loopDelayMs = (delays?.percentile(99) ?? 0) / 1e6;
  const heap = withCollection ? heapAfterCollection() : undefined;
  // What the collection itself delayed belongs to nobody.
  delays?.reset();
  const { rss, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const threadsHeap = [...heaps.values()].reduce((sum, each) => sum + each, 0);
  return {
    rss,
    external,
    handles,
    loopDelayMs,
    cpuMicros: user + system,
    ...(withCollection && { heap }),
    ...(heaps.size > 0 && withCollection && { threadsHeap }),
  };
}

if (isMainThread && process.send) {
  process.on("message", (message) => {
    if (message === "measure" || message === "collect") void measure(message === "collect").then((held) => process.send?.(held));
  });
  // Being watched must not keep a process alive, and nobody is left to end it when the soak is gone.
  process.channel?.unref();
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
}
