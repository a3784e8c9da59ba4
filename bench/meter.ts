/**
 * Loaded into the measured processes (`node --import`) beside what they are: tells what they have used of the CPU, all threads
 * together, when the load generator asks over the IPC channel.
 */
import { isMainThread } from "node:worker_threads";

if (isMainThread && process.send) {
  process.on("message", (message) => {
    if (message === "usage") process.send?.(process.cpuUsage());
  });
  // Being measured must not keep a process alive, and nobody is left to end it when the load generator is gone.
  process.channel?.unref();
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
}
