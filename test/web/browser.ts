/** A real browser for the tests, one per file, and pages in it that tell what their policy refused. */
import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";

const howToRun = "install Debian's package chromium, or set COUNTERSIGN_TEST_BROWSER=/path/to/chrome";

/**
 * Looks in the order: COUNTERSIGN_TEST_BROWSER; chromium, chromium-browser, google-chrome on the PATH. Undefined when there is none,
 * after one loud line; an error instead when COUNTERSIGN_REQUIRE_BROWSER=1.
 */
function findBrowser(): string | undefined {
  const { COUNTERSIGN_TEST_BROWSER: named, COUNTERSIGN_REQUIRE_BROWSER: required, PATH = "" } = process.env;
  if (named) return named;
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found = PATH.split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
  if (found) return found;
  if (required === "1") throw new Error(`no browser to test in, and COUNTERSIGN_REQUIRE_BROWSER=1: ${howToRun}`);
  process.stderr.write(`\n!!! The tests in a browser are SKIPPED: ${howToRun}. COUNTERSIGN_REQUIRE_BROWSER=1 makes this an error.\n\n`);
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const executablePath = findBrowser();
let browser: Browser | undefined;

/** A suite that runs where there is a browser, and is skipped elsewhere; `concurrent` where its tests have windows of their own. */
export function describeInBrowser(name: string, { concurrent }: { readonly concurrent: boolean }, suite: () => void): void {
  describe.skipIf(!executablePath)(name, { concurrent, timeout: 60_000 }, () => {
    beforeAll(async () => {
      // Containers and root have no sandbox; the pages are our own.
      if (executablePath) browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
    });
    afterAll(() => browser?.close());
    suite();
  });
}

export type OpenedPage = {
  readonly page: Page;
  /** What the page's content security policy refused, and what went wrong in its scripts. */
  readonly complaints: () => readonly string[];
  /** Closes its window. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** A page of a window of its own: nothing is shared with other pages. */
export async function newPage(options: BrowserContextOptions = {}): Promise<OpenedPage> {
  if (!browser) throw new Error("a page is opened inside of describeInBrowser");
  const context = await browser.newContext({ viewport: { width: 480, height: 800 }, locale: "en-US", ...options });
  context.setDefaultTimeout(20_000);
  return watch(await context.newPage());
}

export function watch(page: Page): OpenedPage {
  const complaints: string[] = [];
  page.on("pageerror", ({ message }) => complaints.push(message));
  // Chromium says so of every violation, of its report-only kind too.
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted ?Type/i.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints: () => complaints, [Symbol.asyncDispose]: () => page.context().close() };
}

const folder = fileURLToPath(new URL("screenshots/", import.meta.url));

/** Kept in `test/web/screenshots`, to be looked at. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true, animations: "disabled" });
}
