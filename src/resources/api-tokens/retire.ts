import { chunk } from "../../database/database.js";
import type { WriteContext } from "../../plan/kind.js";
import type { PlannedChange } from "../../plan/resource.js";

/**
 * Moves the values that are replaced out of the way: into their grace period, or away. Afterwards no row holds a digest that
 * another one is about to get, so that tokens can swap their values.
 */
export async function retireDigests(
  { db, now }: WriteContext,
  changes: readonly PlannedChange[],
  digests: ReadonlyMap<string, string>,
): Promise<void> {
  const wanted = new Set(digests.values());
  const replaced = changes.filter((change) => change.action === "update" && digests.has(change.id));
  for (const batch of chunk(replaced, 500)) await retireBatch(db, now, batch, wanted);
  // A value that is given again is a current one, whoever had it.
  for (const batch of chunk([...wanted], 500)) {
    await db.deleteFrom("api_token_retired").where("digest", "in", batch).execute();
  }
  await db.deleteFrom("api_token_retired").where("valid_until", "<", now).execute();
}

async function retireBatch(
  db: WriteContext["db"],
  now: string,
  replaced: readonly PlannedChange[],
  wanted: ReadonlySet<string>,
): Promise<void> {
  const graceById = new Map(replaced.map(({ id, attributes }) => [id, Number(attributes.grace_seconds ?? 0)]));
  const ids = [...graceById.keys()];
  const rows = await db.selectFrom("api_tokens").select(["id", "digest"]).where("id", "in", ids).execute();
  const retired = rows.flatMap(({ id, digest }) => {
    const graceSeconds = graceById.get(id) ?? 0;
    if (graceSeconds === 0 || wanted.has(digest)) return [];
    return [{ digest, token_id: id, valid_until: new Date(Date.parse(now) + graceSeconds * 1000).toISOString() }];
  });
  const ended = ids.filter((id) => graceById.get(id) === 0);
  if (ended.length > 0) await db.deleteFrom("api_token_retired").where("token_id", "in", ended).execute();
  if (retired.length > 0) await db.insertInto("api_token_retired").values(retired).execute();
  // Not a digest, so no token has it; the new one follows in the same transaction.
  await db
    .updateTable("api_tokens")
    .set((eb) => ({ digest: eb(eb.val("replaced:"), "||", eb.ref("id")) }))
    .where("id", "in", ids)
    .execute();
}
