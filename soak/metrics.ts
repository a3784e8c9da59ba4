/** What the service itself counts as under way, off its `/metrics`; none of it may be left at rest. */
const underWay = [
  "countersign_requests_in_flight",
  "countersign_store_operations_in_flight",
  "countersign_watchers",
  "countersign_provider_waiting",
  "countersign_connections",
];

export async function readUnderWay(address: string): Promise<Record<string, number>> {
  const response = await fetch(`http://${address}/metrics`);
  const text = await response.text();
  const found = text.split("\n").flatMap((line): [string, number][] => {
    const [name = "", value] = line.split(/ (?=[^ ]+$)/);
    // The one that asks is a connection too.
    const isOurs = underWay.some((each) => name === each || name.startsWith(`${each}{`)) && !name.includes('listener="metrics"');
    return isOurs ? [[name, Number(value)]] : [];
  });
  if (found.length === 0) throw new Error("/metrics tells nothing of what is under way");
  return Object.fromEntries(found);
}
