/** What the bare server and its load agree on. */
export const mongoUrlVariable = "BENCH_MONGODB_URL";
export const barePaths = { nothing: "/bench.Bare/Nothing", findOneAndUpdate: "/bench.Bare/FindOneAndUpdate" } as const;
export const bareCollection = "bare";

/** As long as a VerifyCodeResponse about a phone number. */
export const answerBytes = 82;

/** A VerifyCodeRequest begins with the challenge's id, and that with the ledger's: the record that the call is about. */
export const recordOf = (verifyCodeRequest: Buffer): string => verifyCodeRequest.toString("latin1", 2, 22);
