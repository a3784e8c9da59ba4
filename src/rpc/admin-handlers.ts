import {
  AdminService,
  BlockKind,
  type Block as WireBlock,
  type BlockPrefixRequest as WireBlockPrefix,
  type EndBlockRequest as WireEndBlock,
} from "../gen/countersign/v1/admin_service_pb.js";
import type { AdminUseCases } from "../otp/admin-use-cases.ts";
import type { RecipientState } from "../otp/administer-recipient.ts";
import { allowed } from "../otp/refusal.ts";
import type { Block, TrafficKind } from "../otp/traffic.ts";
import type { Authenticate } from "./auth.ts";
import { createAnswer } from "./call.ts";
import { readRecipient } from "./read-request.ts";
import { asService, type Service } from "./service.ts";
import { timestamp } from "./write-response.ts";

/** `AdminService`, for the listener of its own. */
export function createAdminService(useCases: AdminUseCases, authenticate: Authenticate): Service {
  const answer = createAnswer(authenticate, "admin");
  const read = ({ recipient }: { readonly recipient?: Parameters<typeof readRecipient>[0] }) =>
    allowed({ recipient: readRecipient(recipient) });
  return asService(AdminService, {
    getRecipient: answer({ read, run: useCases.getRecipient, write: writeState }),
    unlockRecipient: answer({
      read,
      run: useCases.unlockRecipient,
      write: ({ known }) => ({ $typeName: "countersign.v1.UnlockRecipientResponse", known }),
    }),
    eraseRecipient: answer({
      read,
      run: useCases.eraseRecipient,
      write: ({ known }) => ({ $typeName: "countersign.v1.EraseRecipientResponse", known }),
    }),
    listBlocks: answer({
      read: ({ pageSize }: { readonly pageSize: number }) => allowed({ pageSize }),
      run: useCases.listBlocks,
      write: (blocks) => ({ $typeName: "countersign.v1.ListBlocksResponse", blocks: blocks.map(writeBlock) }),
    }),
    blockPrefix: answer({
      read: ({ prefix, duration }: WireBlockPrefix) =>
        allowed({ prefix, durationMs: duration ? Number(duration.seconds) * 1000 + duration.nanos / 1_000_000 : 0 }),
      run: useCases.blockPrefix,
      write: (block) => ({ $typeName: "countersign.v1.BlockPrefixResponse", block: writeBlock(block) }),
    }),
    endBlock: answer({
      read: ({ kind, place }: WireEndBlock) => allowed({ kind: kinds.get(kind), place }),
      run: useCases.endBlock,
      write: ({ ended }) => ({ $typeName: "countersign.v1.EndBlockResponse", ended }),
    }),
  });
}

const wireKinds: Readonly<Record<TrafficKind, BlockKind>> = {
  prefix: BlockKind.PREFIX,
  dial_code: BlockKind.DIAL_CODE,
  network: BlockKind.NETWORK,
};
const kinds = new Map(Object.entries(wireKinds).map(([kind, wire]) => [wire, kind as TrafficKind]));

const writeState = (state: RecipientState) => ({
  $typeName: "countersign.v1.GetRecipientResponse" as const,
  maskedRecipient: state.maskedRecipient,
  locked: state.locked,
  ...(state.unlocksAt !== undefined && { unlockTime: timestamp(state.unlocksAt) }),
  failuresInRow: state.failuresInRow,
  failureTimes: state.failures.map(timestamp),
  sendTimes: state.sends.map(timestamp),
  openChallenges: state.openChallenges,
  authenticators: state.authenticators,
});

const writeBlock = ({ kind, label, cause, enforced, level, since, until, hits }: Block): WireBlock => ({
  $typeName: "countersign.v1.Block",
  kind: wireKinds[kind],
  place: label,
  cause,
  enforced,
  level,
  startTime: timestamp(since),
  endTime: timestamp(until),
  hits: BigInt(hits),
});
