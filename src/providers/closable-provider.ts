import type { Provider } from "../otp/ports.ts";

/** A provider that holds connections; `close` lets go of the idle ones and lets messages under way finish. */
export type ClosableProvider = Provider & { close(): Promise<void> };
