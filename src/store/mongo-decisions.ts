/** The two decisions that every message and every code asks for, each in the two ways it can be made: by itself, or among others. */
import type { OpenChallenge, OpenOutcome, VerifyChallenge, VerifyOutcome } from "../otp/ledger.ts";
import type { GroupedWrite } from "./mongo-groups.ts";
import { afterwards, changedOf, type Projection, returning, upserted, wholeLedger } from "./mongo-ledgers.ts";
import { openOutcome, openOutcomeLater, verifyOutcome, verifyOutcomeLater } from "./mongo-outcomes.ts";
import { openPipeline } from "./mongo-pipelines.ts";
import { verifyPipeline } from "./mongo-verify.ts";

/** Its mark is the id of its message. One that is refused asks again by itself: the answer may need more of the record than others' do. */
export const openWrite = (request: OpenChallenge): GroupedWrite<OpenOutcome> => ({
  ledger: request.ledger,
  application: request.application,
  upsert: true,
  pipeline: () => openPipeline(request),
  fields: Object.keys(returning(request)),
  outcome: (found) => found && openOutcomeLater(found, request),
  alone: async (ledgers) => openOutcome(await upserted(ledgers, request, openPipeline(request), wholeLedger), request),
});

export function verifyWrite(request: VerifyChallenge): GroupedWrite<VerifyOutcome> {
  const projection: Projection = { ...afterwards(request), ...toPrepare(request) };
  return {
    ledger: request.ledger,
    application: request.application,
    upsert: false,
    pipeline: (mark) => verifyPipeline(request, mark),
    fields: Object.keys(projection),
    outcome: (found, mark) => (found ? verifyOutcomeLater(found, request, mark) : { status: "not_found" }),
    async alone(ledgers) {
      const returned = await changedOf(ledgers, request, verifyPipeline(request), projection);
      return returned ? verifyOutcome(returned, request) : { status: "not_found" };
    },
  };
}

/** Whoever has no claim yet needs what could answer; a recipient's ledger has no such field. */
const toPrepare = ({ claim }: VerifyChallenge): Projection => (claim === undefined ? { authenticators: 1 } : {});
