import { createHash } from "node:crypto";
import { developmentProofs } from "./development-proofs.ts";

/** Known to everybody, so that restarts and several processes agree; refused outside of development. */
const knownSecret = (use: string): string => createHash("sha256").update(`countersign development ${use}`).digest("base64");

export const developmentSecrets = {
  ledgerKey: knownSecret("ledger key"),
  codeKeys: [{ id: "dev", secret: knownSecret("code key") }],
  authenticatorKeys: [{ id: "dev", secret: knownSecret("authenticator key") }],
};

/** What development mode is, as a configuration like any other: the environment may change every setting of it. */
export const developmentDocument = {
  store: { url: "sqlite::memory:" },
  secrets: developmentSecrets,
  proofs: developmentProofs,
  applications: [
    {
      id: "dev",
      displayName: "Countersign Dev",
      purposes: ["*"],
      defaultPurpose: "default",
      channels: ["sms", "voice", "email"],
      policy: { countries: "*", voice: { countries: "*" } },
      captcha: { use: "work", require: "limits" },
    },
  ],
  captchas: { work: { kind: "proof_of_work" } },
  sendLimits: [],
  providers: { inbox: { kind: "inbox" } },
  channels: { sms: ["inbox"], voice: ["inbox"], email: ["inbox"] },
};
