import type { TrafficKind } from "../otp/traffic.ts";
import type { ClientContext, Recipient } from "../otp/types.ts";

/** A place a message goes to or is asked from, by the name operators know it by. */
export type Place = { readonly kind: TrafficKind; readonly label: string; readonly line?: number };

/** Of one application: the same name for the same place, in memory; in the store it is a digest. */
export const nameOf = ({ application, kind, label }: Pick<Place, "kind" | "label"> & { readonly application: string }): string =>
  `${kind} ${label} ${application}`;

export type PlacesDeps = {
  /** Country calling code of a number in E.164, such as `+49`. */
  dialCodeOf(e164: string): string | undefined;
  /** The network of an address: its /24 or /48; undefined for what is none. */
  networkOf(ipAddress: string): string | undefined;
};

const lastDigits = 4;

/** Where a message goes to and comes from. Only what costs money by the message is pumped, so only numbers have places. */
export function placesOf(deps: PlacesDeps, recipient: Recipient, client: Pick<ClientContext, "ipAddress">): readonly Place[] {
  if (recipient.kind !== "phone") return [];
  const { value } = recipient;
  const dialCode = deps.dialCodeOf(value);
  const network = client.ipAddress === "" ? undefined : deps.networkOf(client.ipAddress);
  return [
    { kind: "prefix", label: value.slice(0, -lastDigits), line: Number(value.slice(-lastDigits)) },
    ...(dialCode === undefined ? [] : [{ kind: "dial_code", label: dialCode } as const]),
    ...(network === undefined ? [] : [{ kind: "network", label: network } as const]),
  ];
}

/** Every beginning of a number by which somebody may have blocked it, the shortest first: `+1` to the whole of it. */
export const beginningsOf = (e164: string): string[] => Array.from({ length: e164.length - 1 }, (_, digits) => e164.slice(0, digits + 2));
