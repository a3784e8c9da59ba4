import type { Config } from "../config/config.ts";
import { createListenerTls, type ListenerTls } from "../rpc/tls.ts";

type Renewable = { readonly renew: (tls: ListenerTls) => void } | undefined;
type Listeners = { readonly grpc: readonly Renewable[]; readonly http: readonly Renewable[] };

export type ListenersTls = {
  /** What listeners begin with; undefined where they speak plaintext. */
  readonly grpc: ListenerTls | undefined;
  readonly http: ListenerTls | undefined;
  /** Listeners cannot begin or cease to speak TLS while they listen: that needs a restart, and until then they go on as they are. */
  renew(next: Pick<Config, "tls">, listeners: Listeners): void;
};

export function openTls({ tls }: Pick<Config, "tls">): ListenersTls {
  return {
    grpc: tls && createListenerTls(tls, "h2"),
    http: tls && createListenerTls(tls, "http/1.1"),
    renew({ tls: next }, listeners) {
      if (!tls || !next) return;
      for (const listener of listeners.grpc) listener?.renew(createListenerTls(next, "h2"));
      for (const listener of listeners.http) listener?.renew(createListenerTls(next, "http/1.1"));
    },
  };
}
