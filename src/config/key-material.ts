/** 32 random bytes hold some 30 different ones; fewer than 16 is a pattern, not a secret. */
const leastDistinctBytes = 16;
const leastBytes = 32;

export const keyMaterialForm = "at least 32 random bytes in Base64, as make-secret prints them";

/** The placeholders of the sample: what begins like this was never replaced. */
const placeholder = /^replace/i;

/** What is wrong with a secret key, if anything. */
export function keyMaterialProblem(value: string): string | undefined {
  if (placeholder.test(value)) return "is still the placeholder of the sample: write what make-secret prints";
  const bytes = decodeKeyMaterial(value);
  if (!bytes) return `is not Base64: write ${keyMaterialForm}`;
  if (bytes.length < leastBytes) return `is only ${bytes.length} bytes long: write ${keyMaterialForm}`;
  if (new Set(bytes).size < leastDistinctBytes) return `is a pattern and not random: write ${keyMaterialForm}`;
  return undefined;
}

/** Base64 or base64url, with or without padding. */
export function decodeKeyMaterial(value: string): Buffer | undefined {
  return /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/.test(value) ? Buffer.from(value, "base64") : undefined;
}
