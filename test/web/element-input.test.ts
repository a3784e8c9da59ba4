import { expect, it } from "vitest";
import { newPhone, wrong } from "../process/calls.ts";
import { describeInBrowser } from "./browser.ts";
import { askForCode, focusOf, shows, useElement, type Visit } from "./element.ts";

describeInBrowser("what a person types, pastes or has filled in", { concurrent: true }, () => {
  const { visit, message } = useElement({ applications__0__limits__cooldownsSeconds: [2] });

  it("says what is missing, without asking the service", async () => {
    await using visited = await visit();
    await visited.button("Send code").click();
    await shows(visited, "Enter a phone number that can receive the code.");
    expect(await focusOf(visited.page)).toBe("recipient");
    await visited.element.getByText("Email", { exact: true }).click();
    await visited.field.fill("nobody");
    await visited.button("Send code").click();
    await shows(visited, "Enter an email address");
    expect(await visited.told()).toEqual([]);
    await visited.element.getByText("Phone", { exact: true }).click();
    await askForCode(visited);
    await visited.field.pressSequentially("12");
    await visited.button("Verify").click();
    await shows(visited, "The code has 6 characters.");
  });

  it("passes on what the service says of a recipient", async () => {
    await using visited = await visit({ attributes: 'channels="email"' });
    await visited.field.fill('"a b"@example.com'.replace(" ", ""));
    await visited.button("Send code").click();
    await shows(visited, "Enter an email address");
    expect(await visited.told()).toMatchObject([{ type: "countersign-failed", reason: "INVALID_ARGUMENT" }]);
  });

  it("formats a number while it is typed, and finds its country", async () => {
    await using visited = await visit();
    const country = visited.element.getByLabel("Country");
    await country.locator("option", { hasText: "Germany (+49)" }).waitFor({ state: "attached" });
    await visited.field.pressSequentially("015112345678");
    expect(await visited.field.inputValue()).toBe("01511 2345678");
    await visited.field.fill("");
    await visited.field.pressSequentially("+4420794");
    expect(await country.inputValue()).toBe("GB");
    await visited.field.fill("");
    await country.selectOption("FR");
    await visited.field.pressSequentially("612345678");
    // In the middle, the caret stays where it was.
    await visited.field.press("Home");
    await visited.field.pressSequentially("0");
    expect(await visited.field.inputValue()).toBe("06 12 34 56 78");
    expect(await visited.field.evaluate((input: HTMLInputElement) => input.selectionStart)).toBe(1);
    await visited.button("Send code").click();
    await shows(visited, /\+33•+678/);
  });

  it.each<[string, (code: string) => string]>([
    ["with a space", (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
    ["with hyphens and spaces around", (code) => `  ${code.slice(0, 2)}-${code.slice(2, 4)}-${code.slice(4)}\n`],
    ["inside of its message", (code) => `Hello! ${code} is your Countersign Dev code. It expires in 5 minutes. Never share it.`],
  ])("takes a pasted code %s", async (_, text) => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    await paste(visited, text((await message(phone)).code));
    await shows(visited, "Verified");
  });

  it("asks the browser for the code of the SMS, and takes it (WebOTP)", async () => {
    await using visited = await visit();
    // No desktop browser has an SMS to read: the one of a phone is put in its place.
    await visited.page.evaluate(`
      globalThis.OTPCredential = class {};
      navigator.credentials.get = (options) => {
        globalThis.askedFor = options.otp;
        return new Promise((resolve) => { globalThis.arrive = (code) => resolve({ code }); });
      };
    `);
    const phone = await askForCode(visited);
    expect(await visited.page.evaluate("askedFor")).toEqual({ transport: ["sms"] });
    const { code } = await message(phone);
    await visited.page.evaluate(`arrive("${code}")`);
    await shows(visited, "Verified");
  });

  it("lets browsers and keyboards know what the field is", async () => {
    await using visited = await visit();
    await askForCode(visited);
    const attributes = ["autocomplete", "inputmode", "type", "maxlength"];
    const values = await Promise.all(attributes.map((name) => visited.field.getAttribute(name)));
    expect(values).toEqual(["one-time-code", "numeric", "text", null]);
    await visited.element.evaluate((element) => element.setAttribute("alphabet", "alphanumeric"));
    expect(await visited.field.getAttribute("inputmode")).toBe("text");
    await shows(visited, "Enter the 6-character code");
  });

  it("works by the keyboard alone", async ({ expect }) => {
    await using visited = await visit();
    const { page } = visited;
    const phone = newPhone();
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    await visited.element.getByLabel("Email address").waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Tab");
    expect(await focusOf(page)).toBe("country");
    await page.keyboard.press("Tab");
    await page.keyboard.type(phone);
    await page.keyboard.press("Enter");
    await visited.element.getByLabel("Enter the 6-digit code").waitFor();
    expect(await focusOf(page)).toBe("code");
    const { code } = await message(phone);
    await page.keyboard.type(wrong(code));
    await shows(visited, /not right/);
    // On to the other ways: Verify, Send again, Call me.
    await shows(visited, "You can ask for another code now.");
    for (const name of ["Verify", "Send again", "Call me"]) {
      await page.keyboard.press("Tab");
      expect(await focusOf(page)).toBe(name);
    }
    await page.keyboard.press("Enter");
    await shows(visited, /We are calling/);
    await expect.poll(() => focusOf(page)).toBe("code");
    await page.keyboard.type((await message(phone)).code);
    await shows(visited, "Verified");
    expect(await focusOf(page)).toBe("Verified");
  });
});

/** As the clipboard brings it. */
const paste = ({ field }: Visit, text: string): Promise<unknown> =>
  field.evaluate((input, pasted) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text", pasted);
    input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true, composed: true }));
  }, text);
