import { defineCommand } from "./define-command.ts";
import { operatorOptions } from "./operator-arguments.ts";

export const trace = defineCommand({
  name: "trace",
  group: "Help a recipient",
  summary: "Tell the life of one challenge, and why its message did not arrive.",
  details:
    "From the store: when it was opened, by which providers its messages went and what came of each, wrong codes, locks, and its end; never a code, and of the recipient only a mask. A challenge is remembered for an hour after it expires.",
  operands: [{ name: "CHALLENGE_ID", about: "The id of a challenge, as SendCode answers it and the log has it." }],
  options: { ...operatorOptions, application: { value: "ID", about: "Only if it is this application's." } },
  json: "`{finding, challengeId, application, state, decoy, purpose, maskedRecipient?, now, createdAt, expiresAt, verifiedAt?, canceledAt?, attempts, attemptsRemaining, sends, sendsRemaining, resendAt, fallback?, recipient, deliveries, timeline}`; moments are milliseconds since 1970.",
  fails: "There is no such challenge (any more), or the configuration or the store cannot be used.",
  examples: ["trace 0vGm3cM5p0DqJ2t1yq7EuQm2Xf8Ld4s9TzKb", "trace --json $ID | jq '.deliveries[].failure'"],
  async run({ operands: [challengeId = ""], options: { application, json } }, io) {
    const { runTrace } = await import("./trace-run.ts");
    return runTrace({ challengeId, application, json }, io);
  },
});
