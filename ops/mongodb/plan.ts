/** What makes a cluster ready for Countersign, as commands: made from the same list as the store's own indexes. */
import { mongoCollections } from "../../src/store/mongo-collections.ts";

export type Plan = {
  readonly database: string;
  /** Shards that all of the database is to stay on; without them it spreads over all there are. */
  readonly zone?: { readonly name: string; readonly shards: readonly string[] };
};

/** One command: what it is for, the database it is sent to, and itself. */
export type Step = { readonly why: string; readonly to: "admin" | "database"; readonly command: Readonly<Record<string, unknown>> };

/** In this order; each may be run again. `MinKey` and `MaxKey` are whatever the one who runs them has for them. */
export function planSharding({ database, zone }: Plan, ends: { readonly min: unknown; readonly max: unknown }): readonly Step[] {
  const sharded = mongoCollections.filter(({ shardKey }) => shardKey);
  return [
    ...(zone?.shards ?? []).map(
      (shard): Step => ({ why: `${shard} belongs to ${zone?.name}`, to: "admin", command: { addShardToZone: shard, zone: zone?.name } }),
    ),
    ...(zone?.shards[0] === undefined
      ? []
      : [
          {
            why: "collections that are not sharded lie on the database's primary shard",
            to: "admin",
            command: { movePrimary: database, to: zone.shards[0] },
          } as const,
        ]),
    ...sharded.flatMap(({ name, shardKey, indexes }): Step[] => [
      {
        why: `${name}: the index of the shard key, which a collection that is not empty must have, and those of the store`,
        to: "database",
        command: { createIndexes: name, indexes: [{ key: shardKey, name: "_id_hashed" }, ...indexes] },
      },
      ...(zone
        ? [
            {
              why: `${name} stays in ${zone.name}`,
              to: "admin",
              command: { updateZoneKeyRange: `${database}.${name}`, min: { _id: ends.min }, max: { _id: ends.max }, zone: zone.name },
            } as const,
          ]
        : []),
      {
        why: `${name}: every call names the _id, so each is one shard's; a digest spreads evenly`,
        to: "admin",
        command: { shardCollection: `${database}.${name}`, key: shardKey },
      },
    ]),
  ];
}
