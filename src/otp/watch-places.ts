/** How many may watch, in one process. Each watcher costs memory and a stream for minutes, so none is let in without a place. */
export type WatchScope = "challenge" | "application" | "service";

export type PlaceBounds = Readonly<Record<"perChallenge" | "perApplication" | "perProcess", number>>;

export const placeBounds: PlaceBounds = {
  /** A service, a page or two of one person, and their retries. More is someone who takes places away with one challenge. */
  perChallenge: 10,
  /** No application takes every place. */
  perApplication: 2_500,
  /** Half the connections of a listener: over HTTP/1.1 each watcher keeps one to itself, and calls need them too. */
  perProcess: 5_000,
};

export type Places = {
  /** Takes a place beside those who watch the same challenge, or says of what there are too many. */
  take(application: string, ofChallenge: number): WatchScope | undefined;
  leave(application: string): void;
};

export function createPlaces(bounds: PlaceBounds): Places {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take(application, ofChallenge) {
      const ofApplication = taken.get(application) ?? 0;
      if (ofChallenge >= bounds.perChallenge) return "challenge";
      if (ofApplication >= bounds.perApplication) return "application";
      if (all >= bounds.perProcess) return "service";
      taken.set(application, ofApplication + 1);
      all += 1;
      return undefined;
    },
    leave(application) {
      const left = (taken.get(application) ?? 0) - 1;
      if (left > 0) taken.set(application, left);
      else taken.delete(application);
      all -= 1;
    },
  };
}
