// Plays the person before the page: npm install && npm run generate && node run.ts [URL] [PHONE_NUMBER]
import { sendAndVerify } from "./send-and-verify.ts";

const [url = "http://127.0.0.1:8080", phoneNumber = "+14155552671"] = process.argv.slice(2);
const key = process.env.COUNTERSIGN_KEY;
let asked = 0;

/** Mistypes the last digit the first time. */
async function ask(): Promise<string> {
  const inbox = await fetch(`${url}/dev/inbox?to=${encodeURIComponent(phoneNumber)}`);
  const [{ code }] = (await inbox.json()) as [{ code: string }];
  asked += 1;
  return asked === 1 ? code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10)) : code;
}

const show = (line: string) => process.stdout.write(`${line}\n`);
await sendAndVerify(url, phoneNumber, { show, ask }, { headers: new Headers(key ? { authorization: `Bearer ${key}` } : {}) });
