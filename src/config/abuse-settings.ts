import ipaddr from "ipaddr.js";
import { z } from "zod";
import { isSpend, limitActions, limitKeys, type SendLimit, spendUnit } from "../otp/send-limit.ts";
import { checked, choice, list, whole } from "./forms.ts";
import type { Explained } from "./issue.ts";
import type { Path } from "./problem.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";

const maxOf = "the most that a window lets through, above 0 and up to 1000000000";

const sendLimit = z.strictObject({
  key: choice(...limitKeys),
  callers: choice("any", "browser", "service").default("any"),
  windowSeconds: whole("the seconds of a window", 1, 31 * 86_400),
  max: z
    .number({ error: `write ${maxOf}` })
    .positive(`write ${maxOf}`)
    .max(1_000_000_000, `write ${maxOf}`)
    .meta({ description: maxOf }),
  action: choice(...limitActions).default("refuse"),
});

export type SendLimitSettings = z.output<typeof sendLimit>;

/** A table of limits; an application's own takes the place of the common one. */
export const sendLimitSettings = list(sendLimit, { min: 0, max: 100, write: "limits" });

const networkForm = "a network such as 10.0.0.0/8 or 2001:db8::/32, or one address";
const network = checked(networkForm, (value) => {
  const parsed = parseNetwork(value);
  if (!parsed) return `is no network: write ${networkForm}`;
  const [address, bits] = parsed;
  const narrowest = address.kind() === "ipv4" ? 8 : 16;
  return bits < narrowest
    ? `is so wide that strangers are in it, who could then write any address: write /${narrowest} or more`
    : undefined;
});

export const trustedProxySettings = z.strictObject({
  networks: list(network, { min: 0, max: 200, write: "networks" }).default([]),
  header: choice("x-forwarded-for", "forwarded").default("x-forwarded-for"),
});

/** In the form the wires understand, with the bits of hosts left out. */
export const buildTrustedProxies = ({ networks, header }: z.output<typeof trustedProxySettings>) => ({
  networks: networks.flatMap((text) => {
    const [address, bits] = parseNetwork(text) ?? [];
    return address ? [`${address}/${bits}`] : [];
  }),
  header,
});

export const buildSendLimits = (settings: readonly SendLimitSettings[]): readonly SendLimit[] =>
  settings.map(({ windowSeconds, max, ...limit }) => ({
    ...limit,
    windowMs: windowSeconds * 1000,
    max: isSpend(limit.key) ? Math.round(max * spendUnit) : max,
  }));

type Table = Salvaged<readonly SendLimitSettings[]> | undefined;
type Application = {
  readonly sendLimits?: Table;
  readonly captcha?: unknown;
  readonly channels?: readonly (string | undefined)[] | undefined;
};
type Tables = {
  readonly sendLimits?: Table;
  readonly applications?: readonly (Application | undefined)[] | undefined;
  readonly prices?: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>> | undefined;
};

export function checkSendLimits({ sendLimits, applications, prices }: Tables): Explained[] {
  const each = (applications ?? []).flatMap((application, index) => {
    if (!application) return [];
    const path: Path = ["applications", index];
    const table = application.sendLimits ?? sendLimits ?? [];
    return [
      ...checkTable(application.sendLimits, path),
      ...checkCaptcha(application, table, path),
      ...checkPrices(application, { table, prices, path }),
    ];
  });
  return [...checkTable(sendLimits, []), ...each];
}

function checkCaptcha({ sendLimits, captcha }: Application, table: NonNullable<Table>, path: Path): Explained[] {
  const at = table.findIndex((limit) => limit?.action === "require_captcha");
  if (at < 0 || captcha !== undefined) return [];
  const message = "is require_captcha, and the application has none: set its captcha, or write refuse";
  if (sendLimits) return [{ path: [...path, "sendLimits", at, "action"], message }];
  return [
    {
      path: [...path, "captcha"],
      message: "is missing, and a limit of sendLimits requires one: set it, or write refuse as the action of that limit",
    },
  ];
}

/** What has no price counts as nothing, so that a cap on spending would not stop it. */
function checkPrices(
  { channels }: Application,
  { table, prices, path }: { table: NonNullable<Table>; prices: Tables["prices"]; path: Path },
): Explained[] {
  if (!table.some((limit) => limit?.key !== undefined && isSpend(limit.key))) return [];
  const free = (channels ?? []).findIndex((channel) => paid.has(channel ?? "") && prices?.[channel ?? ""]?.default === undefined);
  const channel = channels?.[free];
  if (channel === undefined) return [];
  const message = `is ${channel}, whose messages have no price, so that the limit on spending would not stop them: write prices.${channel}.default`;
  return [{ path: [...path, "channels", free], message }];
}

const paid: ReadonlySet<string> = new Set(["sms", "voice", "whatsapp"]);

function checkTable(table: Table, path: Path): Explained[] {
  const rows = table ?? [];
  const same = repeated(rows.map(nameOf)).map((index) => ({
    path: [...path, "sendLimits", index],
    message: "limits the same key in the same window with the same action as one before: leave one of them out",
  }));
  const fractions = rows.flatMap((row, index) => {
    if (row?.max === undefined || row.key === undefined) return [];
    const isMoney = isSpend(row.key);
    if (isMoney ? Math.round(row.max * spendUnit) > 0 : Number.isInteger(row.max)) return [];
    const message = isMoney ? "is less than a millionth: write more" : `is ${row.max}, and messages are whole: write a whole number`;
    return [{ path: [...path, "sendLimits", index, "max"], message }];
  });
  return [...same, ...fractions];
}

/** Undefined for a row that could not be read as a whole. */
function nameOf(row: NonNullable<Table>[number]): string | undefined {
  const { key, callers, windowSeconds, action } = row ?? {};
  const parts = [key, callers, windowSeconds, action];
  return parts.includes(undefined) ? undefined : parts.join(" ");
}

function parseNetwork(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  const isSingle = !text.includes("/");
  const address = isSingle ? text : text.slice(0, text.indexOf("/"));
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return undefined;
  const whole = isSingle ? `${text}/${ipaddr.parse(address).kind() === "ipv4" ? 32 : 128}` : text;
  if (address.includes("%") || !ipaddr.isValidCIDR(whole)) return undefined;
  const [host, bits] = ipaddr.parseCIDR(whole);
  const isMapped = host instanceof ipaddr.IPv6 && host.isIPv4MappedAddress() && bits >= 96;
  const found = isMapped ? host.toIPv4Address() : host;
  const length = isMapped ? bits - 96 : bits;
  const first =
    found.kind() === "ipv4"
      ? ipaddr.IPv4.networkAddressFromCIDR(`${found}/${length}`)
      : ipaddr.IPv6.networkAddressFromCIDR(`${found}/${length}`);
  return [first, length];
}
