/** Loaded into the service to break it: each request over HTTP/1.1 leaves memory, an open file and a timer behind. */
import { openSync } from "node:fs";
import { Server } from "node:http";
import { isMainThread } from "node:worker_threads";

const kept: unknown[] = [];
const emit = Server.prototype.emit;

/** 256 KiB on the heap. */
const burden = (): number[] => new Array(32_768).fill(1);

if (isMainThread)
  Server.prototype.emit = function (this: Server, event: string | symbol, ...args: unknown[]) {
    if (event === "request") kept.push([burden(), openSync("/dev/null", "r"), setInterval(() => undefined, 60_000)]);
    return Reflect.apply(emit, this, [event, ...args]);
  } as typeof emit;
