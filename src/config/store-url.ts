export type Store = { readonly kind: "sqlite"; readonly path: string } | { readonly kind: "mongodb"; readonly url: string };

export const storeUrlForm = "sqlite:PATH or mongodb://HOST[,HOST…]/DATABASE[?options]";

/** The message never repeats any of the URL: it may hold a password. */
export type ParsedStore = { readonly ok: true; readonly store: Store } | { readonly ok: false; readonly message: string };

export function parseStoreUrl(text: string): ParsedStore {
  if (text.startsWith("sqlite:")) return parseSqlite(text.slice("sqlite:".length));
  const [, rest] = /^mongodb(?:\+srv)?:\/\/(.*)$/s.exec(text) ?? [];
  if (rest === undefined) return refused(`is not understood: write ${storeUrlForm}`);
  const message = mongodbProblem(rest);
  return message === undefined ? { ok: true, store: { kind: "mongodb", url: text } } : refused(message);
}

function parseSqlite(path: string): ParsedStore {
  if (path === "") return refused("names no file: write sqlite:PATH, such as sqlite:/var/lib/countersign/countersign.db");
  if (path.startsWith("//") || path.includes("?") || path.includes("\0"))
    return refused("is not understood: write sqlite: and the path itself, without // and without options");
  return { ok: true, store: { kind: "sqlite", path } };
}

function mongodbProblem(rest: string): string | undefined {
  const [, user, hosts = "", database = "", options = ""] = /^(?:(.*)@)?([^/?@]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(rest) ?? [];
  if (user !== undefined && !/^[^:/?#[\]@\s]+(:[^:/?#[\]@\s]*)?$/.test(user))
    return "has a user name or password with special characters: percent-encode them (@ is %40, / is %2F, : is %3A)";
  if (!hosts.split(",").every((host) => /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|[^,]+\.sock)(:\d{1,5})?$/.test(host)))
    return `has no host that is understood: write ${storeUrlForm}`;
  if (database === "") return "names no database: write mongodb://HOST/DATABASE";
  if (!/^[A-Za-z0-9_-]{1,63}$/.test(database))
    return "has a database name that cannot be used: write 1 to 63 characters of A-Z a-z 0-9 _ -";
  return weakOption(new URLSearchParams(options));
}

/** What would let the database forget an accepted code, or answer from a replica that has not heard of it; and what is a setting. */
function weakOption(options: URLSearchParams): string | undefined {
  for (const [name, value] of options) {
    const key = name.toLowerCase();
    const needed = safe[key];
    if (needed !== undefined && value !== needed) return `sets ${name} to something unsafe: write ${name}=${needed}, or leave it out`;
    const setting = elsewhere[key];
    if (setting !== undefined) return `sets ${name}, which is a setting: leave it out, and write ${setting}`;
  }
  return undefined;
}

const safe: Readonly<Record<string, string>> = {
  w: "majority",
  journal: "true",
  j: "true",
  readpreference: "primary",
  readconcernlevel: "majority",
};
const elsewhere: Readonly<Record<string, string>> = {
  maxpoolsize: "store.pool.max",
  minpoolsize: "store.pool.min",
  waitqueuetimeoutms: "store.pool.waitSeconds",
  timeoutms: "store.timeouts.operationSeconds",
  wtimeout: "store.timeouts.operationSeconds",
  wtimeoutms: "store.timeouts.operationSeconds",
  serverselectiontimeoutms: "store.timeouts.serverSelectionSeconds",
  connecttimeoutms: "store.timeouts.connectSeconds",
  sockettimeoutms: "store.timeouts.socketSeconds",
};

const refused = (message: string): ParsedStore => ({ ok: false, message });
