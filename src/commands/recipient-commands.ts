import type { RecipientState } from "../otp/administer-recipient.ts";
import type { Command } from "./command.ts";
import { asJson, readArguments, recipientOf } from "./operator-arguments.ts";

const wanted = ["an application", "a recipient (+NUMBER, ADDRESS or subject:ID)"];

export const lock: Command = {
  usage: "lock APPLICATION RECIPIENT [--json]",
  summary: "Show whether a recipient is locked, until when, and what counts against it.",
  async run(args, io) {
    const { values, json } = readArguments(args, wanted);
    const [application = "", recipient = ""] = values;
    const { operate } = await import("./operator.ts");
    return operate(
      application,
      io,
      ({ acts, call }) => acts.getRecipient({ recipient: recipientOf(recipient) }, call),
      (state) => (json ? asJson(state) : describe(state)),
    );
  },
};

export const unlock: Command = {
  usage: "unlock APPLICATION RECIPIENT [--json]",
  summary: "Forgive a recipient's wrong guesses, so that codes are sent and compared again.",
  run: (args, io) => change(args, io, "unlockRecipient", "Unlocked."),
};

export const erase: Command = {
  usage: "erase APPLICATION RECIPIENT [--json]",
  summary: "Forget all there is of a recipient: challenges, limits, locks, and a subject's authenticators.",
  run: (args, io) => change(args, io, "eraseRecipient", "Erased."),
};

async function change(
  args: Parameters<Command["run"]>[0],
  io: Parameters<Command["run"]>[1],
  act: "unlockRecipient" | "eraseRecipient",
  done: string,
): Promise<number> {
  const { values, json } = readArguments(args, wanted);
  const [application = "", recipient = ""] = values;
  const { operate } = await import("./operator.ts");
  return operate(
    application,
    io,
    ({ acts, call }) => acts[act]({ recipient: recipientOf(recipient) }, call),
    (result) => (json ? asJson(result) : `${result.known ? done : "Nothing was known of this recipient."}\n`),
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
