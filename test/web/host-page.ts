/** Somebody's own web site with the element in it, at another origin than the service, under the strictest policy. */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Site = { readonly origin: string; readonly close: () => Promise<void> };
export type SiteOptions = {
  /** Where the page may call. */
  readonly service: () => string;
  /** What a path shows inside of `<main>`. */
  readonly body: (path: URL) => string;
};

const dist = new URL("../../web/dist/", import.meta.url);

/** Its own script and style come from files, as the policy wants. */
const files: Readonly<Record<string, () => Promise<Buffer> | string>> = {
  "/countersign-code.js": () => readFile(new URL("countersign-code.js", dist)),
  "/countersign-phone.js": () => readFile(new URL("countersign-phone.js", dist)),
  "/site.css": () =>
    ":root { color-scheme: light dark } body { margin: 16px; font: 16px/1.5 sans-serif; background: light-dark(#fff, #15181c) }",
  "/site.js": () => siteScript,
};

/** Writes down what the element tells the page. */
const siteScript = `
  globalThis.told = [];
  for (const type of ["countersign-sent", "countersign-verified", "countersign-failed"])
    addEventListener(type, ({ detail }) => told.push({ type, ...detail }));
`;

export async function startSite({ service, body }: SiteOptions): Promise<Site> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const file = files[url.pathname];
    if (file) {
      response.writeHead(200, { "content-type": url.pathname.endsWith(".css") ? "text/css" : "text/javascript" }).end(await file());
    } else {
      const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${service()}; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
      response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy }).end(page(url, body(url)));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Configuration permits plain HTTP for pages of `localhost` only.
  return { origin: `http://localhost:${(server.address() as AddressInfo).port}`, close: () => close(server) };
}

const page = (url: URL, body: string): string => `<!doctype html>
<html lang="${url.searchParams.get("lang") ?? "en"}" dir="${url.searchParams.get("lang") === "ar" ? "rtl" : "ltr"}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/site.css">
<script src="/site.js"></script><script type="module" src="/countersign-code.js"></script>
</head>
<body><main><h1>Sign in</h1>${body}</main></body>
</html>`;

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
