import type { RecipientState } from "../otp/administer-recipient.ts";
import type { CommandIo } from "./command.ts";
import { defineCommand } from "./define-command.ts";
import { applicationOperand, asJson, operatorOptions, recipientOf, recipientOperand } from "./operator-arguments.ts";

const group = "Help a recipient";
const operands = [applicationOperand, recipientOperand];
const fails = "The configuration, the recipient or the store cannot be used.";

export const lock = defineCommand({
  name: "lock",
  group,
  summary: "Show whether a recipient is locked, and what counts against it.",
  details: "Shows; it locks nobody. Too many wrong guesses do, and `unlock` forgives them.",
  operands,
  options: operatorOptions,
  json: "`{maskedRecipient, locked, unlocksAt?, failuresInRow, failures, sends, openChallenges, authenticators}`; moments are milliseconds since 1970.",
  fails,
  examples: ["lock shop +14155552671", "lock --json shop jane@example.com"],
  async run({ operands: [application = "", recipient = ""], options: { json } }, io) {
    const { operate } = await import("./operator.ts");
    return operate(
      application,
      io,
      ({ acts, call }) => acts.getRecipient({ recipient: recipientOf(recipient) }, call),
      (state) => (json ? asJson(state) : describe(state)),
    );
  },
});

export const unlock = defineCommand({
  name: "unlock",
  group,
  summary: "Forgive a recipient's wrong guesses.",
  details: "Codes are sent and compared again. A recipient of whom nothing is known is no failure.",
  operands,
  options: operatorOptions,
  json: "`{known}`: whether anything was known of the recipient.",
  fails,
  examples: ["unlock shop +14155552671"],
  run: (given, io) => change(given, io, { act: "unlockRecipient", done: "Unlocked." }),
});

export const erase = defineCommand({
  name: "erase",
  group,
  summary: "Forget all there is of a recipient.",
  details: "Challenges, limits, locks, and a subject's authenticators. It cannot be undone.",
  operands,
  options: operatorOptions,
  json: "`{known}`: whether anything was known of the recipient.",
  fails,
  examples: ["erase shop jane@example.com", "erase shop subject:user-1"],
  run: (given, io) => change(given, io, { act: "eraseRecipient", done: "Erased." }),
});

type Given = { readonly operands: readonly string[]; readonly options: { readonly json: boolean } };
type Change = { readonly act: "unlockRecipient" | "eraseRecipient"; readonly done: string };

async function change(
  { operands: [application = "", recipient = ""], options }: Given,
  io: CommandIo,
  { act, done }: Change,
): Promise<number> {
  const { operate } = await import("./operator.ts");
  return operate(
    application,
    io,
    ({ acts, call }) => acts[act]({ recipient: recipientOf(recipient) }, call),
    (result) => (options.json ? asJson(result) : `${result.known ? done : "Nothing was known of this recipient."}\n`),
  );
}

function describe({
  maskedRecipient,
  locked,
  unlocksAt,
  failuresInRow,
  failures,
  sends,
  openChallenges,
  authenticators,
}: RecipientState): string {
  const until = unlocksAt === undefined ? "until `unlock`" : `until ${new Date(unlocksAt).toISOString()}`;
  const counted = `${failures.length} wrong guesses that count, ${failuresInRow} in a row; ${sends.length} messages that count`;
  return `${maskedRecipient}: ${locked ? `locked ${until}` : "not locked"}\n${counted}; ${openChallenges} open challenges; ${authenticators} authenticators\n`;
}
