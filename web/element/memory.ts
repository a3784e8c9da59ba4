/** What outlives a refresh of the tab: the id of the challenge and nothing else. */
export type Memory = { load(): string | undefined; save(challengeId: string): void; forget(): void };

/** Storage is refused in some frames and private windows; then nothing outlives the refresh. */
export function createMemory(name: string): Memory {
  const key = `countersign-code ${name}`;
  const quietly = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch {
      return undefined;
    }
  };
  return {
    load: () => quietly(() => sessionStorage.getItem(key)) ?? undefined,
    save: (challengeId) => quietly(() => sessionStorage.setItem(key, challengeId)),
    forget: () => quietly(() => sessionStorage.removeItem(key)),
  };
}
