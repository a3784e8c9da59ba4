export type JsonObject = Readonly<Record<string, unknown>>;

/** An empty object for whatever is none: what cannot be read has nothing to say. */
export function parseObject(body: string): JsonObject {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return {};
  }
}

export const asObject = (value: unknown): JsonObject => (typeof value === "object" && value !== null ? (value as JsonObject) : {});

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
