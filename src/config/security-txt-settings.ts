import { z } from "zod";
import type { Config } from "./config.ts";
import { checked, list } from "./forms.ts";
import { locale } from "./shared-forms.ts";

const contactForm = "a mailto: or https: address of at most 200 characters, such as mailto:security@example.com";
const contact = checked(contactForm, (value) =>
  isUri(value, ["mailto:", "https:"]) ? undefined : `is no such address: write ${contactForm}`,
);
const policyForm = "an https: address of at most 200 characters";
const policy = checked(policyForm, (value) => (isUri(value, ["https:"]) ? undefined : `is no such address: write ${policyForm}`));

/** Where strangers report a vulnerability to (RFC 9116). */
export const securityTxtSettings = z.strictObject({
  contacts: list(contact, { min: 1, max: 10, write: "contacts, the preferred one first" }),
  policy: policy.optional(),
  languages: list(locale, { min: 1, max: 10, write: "languages" }).optional(),
});

export const buildSecurityTxt = (settings: z.output<typeof securityTxtSettings> | undefined): Config["securityTxt"] =>
  settings && { contacts: settings.contacts, languages: settings.languages ?? [], ...(settings.policy && { policy: settings.policy }) };

/** In one line, since the file is made of lines. */
function isUri(text: string, protocols: readonly string[]): boolean {
  const url = URL.parse(text);
  return url !== null && text.length <= 200 && /^[\x21-\x7e]+$/.test(text) && protocols.includes(url.protocol) && url.password === "";
}
