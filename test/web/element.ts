/** The element on somebody's page, with a service behind it, and hands to use it. */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { buildWeb } from "../../web/build.ts";
import { type InboxMessage, inbox, newPhone } from "../process/calls.ts";
import { newKey } from "../process/production-config.ts";
import { type Service, startService } from "../process/service.ts";
import { newPage, type OpenedPage } from "./browser.ts";
import { type Site, startSite } from "./host-page.ts";

export type Told = Readonly<Record<string, unknown>> & { readonly type: string };

export type Visit = OpenedPage & {
  readonly element: Locator;
  /** The one field: of the recipient, then of the code. */
  readonly field: Locator;
  readonly button: (name: string | RegExp) => Locator;
  readonly problem: Locator;
  /** What the page was told by events so far. */
  readonly told: () => Promise<readonly Told[]>;
};

export type VisitOptions = Parameters<typeof newPage>[0] & {
  /** Of the element, besides endpoint and key. */
  readonly attributes?: string;
  readonly lang?: string;
  /** Around the element, as `BEFORE|AFTER`. */
  readonly around?: string;
};

/**
 * Starts a service, whose settings `settings` change, and a site, for the tests of a file. The page calls with a browser's key, which is
 * told nothing of a recipient; or, `trusted`, without one, as development mode allows, and is told like any service.
 */
export function useElement(settings: Readonly<Record<string, unknown>> = {}, { trusted = false } = {}) {
  const key = newKey();
  let service: Service;
  let site: Site;
  beforeAll(async () => {
    await buildWeb();
    site = await startSite({ service: () => `http://${service.http}`, body: (url) => body(url) });
    const keys = [{ id: "page", hash: key.hash, kind: "browser" }];
    const callers = trusted ? {} : { applications__0__keys: keys };
    service = await startService({ env: environment({ cors__origins: [site.origin], ...callers, ...settings }) });
  });
  afterAll(() => site?.close());

  const body = ({ searchParams }: URL): string => {
    const [before = "", after = ""] = (searchParams.get("around") ?? "").split("|");
    const element = `<countersign-code endpoint="http://${service.http}" ${trusted ? "" : `key="${key.key}"`} country="DE" ${searchParams.get("attributes") ?? ""}></countersign-code>`;
    return `${before}${element}${after}`;
  };
  const addressOf = ({ attributes = "", lang = "en", around = "" }: VisitOptions): string =>
    `${site.origin}/?${new URLSearchParams({ attributes, lang, around })}`;

  return {
    service: () => service,
    async visit({ attributes, lang, around, ...options }: VisitOptions = {}): Promise<Visit> {
      const opened = await newPage(options);
      await opened.page.goto(addressOf({ ...(attributes && { attributes }), ...(lang && { lang }), ...(around && { around }) }));
      return handsOn(opened);
    },
    /** The newest message to a recipient. */
    message: async (to: string): Promise<InboxMessage> => {
      const [message] = await inbox(service, to);
      if (!message) throw new Error(`no message to ${to}`);
      return message;
    },
  };
}

export function handsOn(opened: OpenedPage): Visit {
  const element = opened.page.locator("countersign-code");
  return {
    ...opened,
    element,
    field: element.getByRole("textbox"),
    button: (name) => element.getByRole("button", { name }),
    problem: element.getByRole("alert"),
    told: () => opened.page.evaluate("told") as Promise<readonly Told[]>,
  };
}

/** As far as the field of the code. Answers with the number. */
export async function askForCode({ field, button, element }: Visit, to: string = newPhone()): Promise<string> {
  await field.fill(to);
  await button("Send code").click();
  await element.getByLabel(/Enter the \d+-/).waitFor();
  return to;
}

export const shows = (visit: Visit, text: string | RegExp): Promise<void> => visit.element.getByText(text).first().waitFor();

/** The name of the host page's or the element's focused element. */
export const focusOf = (page: Page): Promise<string> =>
  page.evaluate(
    "(() => { const at = document.activeElement; const inner = at?.shadowRoot?.activeElement ?? at; return inner?.id || inner?.textContent || ''; })()",
  );

export async function expectNoComplaints({ complaints }: OpenedPage): Promise<void> {
  expect(complaints()).toEqual([]);
}

/** Settings by their path, as the environment holds them. */
const environment = (settings: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([path, value]) => [`COUNTERSIGN__${path}`, JSON.stringify(value)]));
