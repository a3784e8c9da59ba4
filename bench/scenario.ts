/** Calls between two looks at the CPU clock; fewer than the development inbox holds. */
export const burstCalls = 480;

/** What answers otherwise is not measured, it ends the run. */
export async function expecting(status: string, answer: Promise<string>): Promise<void> {
  const answered = await answer;
  if (answered !== status) throw new Error(`a call was answered ${answered}, and not ${status}`);
}
