import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { buildWeb } from "../../web/build.ts";
import { newPhone, wrong } from "../process/calls.ts";
import { runAxe } from "./axe.ts";
import { describeInBrowser, keepScreenshot } from "./browser.ts";
import { expectNoComplaints, shows, useElement, type Visit, type VisitOptions } from "./element.ts";

describeInBrowser("the element, for everybody", { concurrent: true }, () => {
  const { visit, message } = useElement({ applications__0__limits__guessesPerChallenge: 2 });

  /** Everything it can show, in the order in which a person sees it. */
  async function walk(options: VisitOptions, look: (visited: Visit, step: string) => Promise<void>): Promise<void> {
    await using visited = await visit(options);
    await visited.element.locator("option").first().waitFor({ state: "attached" });
    await look(visited, "recipient");
    await visited.element.locator("button[type=submit]").click();
    await visited.problem.getByText(/\S/).waitFor();
    await look(visited, "recipient-problem");
    const { field, element } = visited;
    const phone = await ask(visited);
    await look(visited, "code");
    await field.pressSequentially("12");
    await look(visited, "typing");
    await field.fill(wrong((await message(phone)).code));
    await visited.problem.getByText(/\S/).waitFor();
    await look(visited, "wrong");
    await field.fill((await message(phone)).code);
    await element.locator("[part=done]").waitFor();
    await look(visited, "done");
    await using other = await visit(options);
    const next = await ask(other);
    await other.field.fill(wrong((await message(next)).code));
    await other.problem.getByText(/\S/).waitFor();
    await other.field.fill(wrong((await message(next)).code));
    await other.element.locator("[part=title]").waitFor();
    await look(other, "over");
  }

  it.each<["light" | "dark", string]>([
    ["light", "en"],
    ["dark", "en"],
    ["light", "ar"],
  ])("axe finds nothing in the %s theme, in %s, and no policy is broken", async (colorScheme, lang) => {
    const found: string[] = [];
    let passes = 0;
    await walk({ colorScheme, lang, viewport: { width: 400, height: 640 } }, async (visited, step) => {
      const result = await runAxe(visited.page);
      passes += result.passes;
      found.push(...result.violations.map((violation) => `${step}: ${violation}`));
      await keepScreenshot(visited.page, `element-${colorScheme}-${lang}-${step}`);
      await expectNoComplaints(visited);
    });
    expect(found).toEqual([]);
    expect(passes).toBeGreaterThan(100);
  });

  it.each(["de", "ar"])("needs no more than 320 pixels, in %s", async (lang) => {
    const wide: string[] = [];
    await walk({ lang, viewport: { width: 320, height: 640 } }, async (visited, step) => {
      const width = await visited.page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 320) wide.push(`${step}: ${width}`);
      if (step === "wrong") await keepScreenshot(visited.page, `element-320-${lang}`);
    });
    expect(wide).toEqual([]);
  });

  it("runs from right to left where the language does, but not in numbers and codes", async () => {
    await using visited = await visit({ lang: "ar" });
    const phone = await ask(visited);
    const directions = await visited.element.evaluate((element) => {
      const of = (selector: string) => getComputedStyle(element.shadowRoot?.querySelector(selector) as Element).direction;
      return [of("form"), of("#code"), of(".boxes"), of("bdi")];
    });
    expect(directions).toEqual(["rtl", "ltr", "ltr", "ltr"]);
    await visited.field.fill((await message(phone)).code);
    await shows(visited, "تم التحقق");
  });

  it("moves nothing for those who want no motion", async () => {
    await using visited = await visit({ reducedMotion: "reduce" });
    const phone = await ask(visited);
    await visited.field.fill(wrong((await message(phone)).code));
    await visited.problem.getByText(/\S/).waitFor();
    expect(await motions(visited)).toBe(0);
    await using moving = await visit({ reducedMotion: "no-preference" });
    await ask(moving);
    expect(await motions(moving)).toBeGreaterThan(0);
  });

  it("takes its colours and shapes from the page", async () => {
    await using visited = await visit({ reducedMotion: "reduce" });
    await visited.page.evaluate(() => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(
        "countersign-code { --countersign-accent: rgb(120, 0, 60); --countersign-radius: 0 } countersign-code::part(button) { letter-spacing: 2px }",
      );
      document.adoptedStyleSheets = [sheet];
    });
    const style = await visited.button("Send code").evaluate((button) => {
      const { backgroundColor, borderTopLeftRadius, letterSpacing } = getComputedStyle(button);
      return { backgroundColor, borderTopLeftRadius, letterSpacing };
    });
    expect(style).toEqual({ backgroundColor: "rgb(120, 0, 60)", borderTopLeftRadius: "0px", letterSpacing: "2px" });
  });

  it("is read aloud: what was sent, what is wrong, and when another code may be asked for", async () => {
    await using visited = await visit();
    const phone = await ask(visited);
    const status = visited.element.locator("[role=status]");
    expect(await status.textContent()).toMatch(/^We sent a text message to/);
    await visited.field.fill(wrong((await message(phone)).code));
    await visited.problem.getByText("That code is not right.").waitFor();
    const described = await visited.field.evaluate((field) =>
      (field.getAttribute("aria-describedby") ?? "")
        .split(" ")
        .map((id) => (field.getRootNode() as ShadowRoot).getElementById(id)?.textContent),
    );
    expect(described).toEqual([expect.stringMatching(/^We sent a text message/), "That code is not right. 1 attempt left."]);
  });
});

const motions = ({ element }: Visit): Promise<number> => element.evaluate((host) => host.shadowRoot?.getAnimations().length ?? -1);

/** In whatever language. */
async function ask({ field, element }: Visit): Promise<string> {
  const phone = newPhone();
  await field.fill(phone);
  await element.locator("button[type=submit]").click();
  await element.locator("#code").waitFor();
  return phone;
}

it("is as small as its documentation says", async () => {
  await buildWeb();
  const docs = readFileSync(new URL("../../docs/embed.md", import.meta.url), "utf8");
  for (const [name, ceiling] of [
    ["countersign-code.js", 60_000],
    ["countersign-phone.js", 50_000],
  ] as const) {
    const size = gzipSync(readFileSync(new URL(`../../web/dist/${name}`, import.meta.url)), { level: 9 }).length;
    const [, stated] = new RegExp(`\`${name}\`[^\\n]*?(\\d+) kB`).exec(docs) ?? [];
    expect(size, name).toBeLessThan(ceiling);
    expect(Math.abs(size / 1000 - Number(stated)) / Number(stated), `${name} is ${size} bytes`).toBeLessThan(0.1);
  }
});
