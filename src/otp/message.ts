import type { RandomBytes } from "./code.ts";
import type { OtpDeps } from "./deps.ts";

/** Starts with a letter: as a key of an object it must keep its place behind the ones before it. */
export const newDeliveryId = (random: RandomBytes): string => `d${Buffer.from(random(9)).toString("base64url")}`;

/** A send is locked for as long as its caller can possibly wait, and the time it takes to write down what came of it. */
export const leaseMs = (deps: Pick<OtpDeps, "maxDeadlineMs">): number => deps.maxDeadlineMs + 5_000;
