import { type BlockDeps, blockPrefix, endBlock, listBlocks } from "./administer-blocks.ts";
import { type AdminDeps, eraseRecipient, getRecipient, type RecipientState, unlockRecipient } from "./administer-recipient.ts";
import type { Result } from "./refusal.ts";
import type { Block, TrafficKind } from "./traffic.ts";
import type { Call, Recipient } from "./types.ts";

type Act<Request, Value> = (request: Request, call: Call) => Promise<Result<Value>>;
type OnRecipient<Value> = Act<{ readonly recipient: Recipient | undefined }, Value>;

/** An operator's acts, for whoever asks: the admin service or a command. */
export type AdminUseCases = {
  readonly getRecipient: OnRecipient<RecipientState>;
  readonly unlockRecipient: OnRecipient<{ readonly known: boolean }>;
  readonly eraseRecipient: OnRecipient<{ readonly known: boolean }>;
  readonly listBlocks: Act<{ readonly pageSize: number }, readonly Block[]>;
  readonly blockPrefix: Act<{ readonly prefix: string; readonly durationMs: number }, Block>;
  readonly endBlock: Act<{ readonly kind: TrafficKind | undefined; readonly place: string }, { readonly ended: boolean }>;
};

export const createAdminUseCases = (deps: AdminDeps, blocks: BlockDeps): AdminUseCases => ({
  getRecipient: (request, call) => getRecipient(deps, request, call),
  unlockRecipient: (request, call) => unlockRecipient(deps, request, call),
  eraseRecipient: (request, call) => eraseRecipient(deps, request, call),
  listBlocks: (request, call) => listBlocks(blocks, request, call),
  blockPrefix: (request, call) => blockPrefix(blocks, request, call),
  endBlock: (request, call) => endBlock(blocks, request, call),
});
