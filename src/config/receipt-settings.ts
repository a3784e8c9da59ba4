import { z } from "zod";
import { isLoopback, parseAddress } from "./address.ts";
import type { Config } from "./config.ts";
import { checked, whole } from "./forms.ts";
import type { Explained } from "./issue.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";

const publicUrlForm =
  "the https:// address under which vendors reach the HTTP listener, such as https://otp.example.com, without query; http:// for a loopback address only";

/** Receipts of vendors: where they are sent to, and when they are missed. */
export const receiptSettings = z.strictObject({
  publicUrl: checked(publicUrlForm, (value) => (isPublicUrl(value) ? undefined : `is no such address: write ${publicUrlForm}`)),
  missingAfterSeconds: whole("the seconds a receipt may take until it counts as missing", 10, 3600).default(120),
});

export const buildReceipts = (settings: z.output<typeof receiptSettings> | undefined): Config["receipts"] =>
  settings && { publicUrl: settings.publicUrl.replace(/\/+$/, ""), missingAfterMs: settings.missingAfterSeconds * 1000 };

/** A provider's receipts need an address that its vendor can be told. */
export function checkReceipts({
  receipts,
  providers,
}: Pick<Salvaged<Settings>, "providers"> & { readonly receipts?: unknown }): Explained[] {
  if (receipts !== undefined) return [];
  return Object.entries(providers ?? {}).flatMap(([name, provider]) =>
    provider && "receipts" in provider && provider.receipts !== undefined
      ? [{ path: ["providers", name, "receipts"], message: "has nowhere to go: set receipts.publicUrl, or leave this out" }]
      : [],
  );
}

/** As it is signed: vendors and we must write it alike, so that nothing in it may be written in two ways. */
function isPublicUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || text.length > 200 || url.search !== "" || url.hash !== "" || url.username !== "") return false;
  if (url.href !== text && url.href !== `${text}/`) return false;
  if (url.protocol === "https:") return true;
  const address = parseAddress(`${url.hostname}:${url.port || "80"}`);
  return url.protocol === "http:" && address !== undefined && isLoopback(address);
}
