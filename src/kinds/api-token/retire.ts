import type { PlannedChange } from "../../plan/change.js";
import type { WriteContext } from "../../plan/kind.js";
import { chunk } from "../chunk.js";

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
  for (const change of replaced) {
    const { digest } = await db
      .selectFrom("api_tokens")
      .select("digest")
      .where("id", "=", change.id)
      .executeTakeFirstOrThrow();
    const graceSeconds = Number(change.attributes.grace_seconds ?? 0);
    if (graceSeconds === 0) {
      await db.deleteFrom("api_token_retired").where("token_id", "=", change.id).execute();
    } else if (!wanted.has(digest)) {
      const validUntil = new Date(Date.parse(now) + graceSeconds * 1000).toISOString();
      await db
        .insertInto("api_token_retired")
        .values({ digest, token_id: change.id, valid_until: validUntil })
        .execute();
    }
    // Not a digest, so no token has it; the new one follows in the same transaction.
    await db
      .updateTable("api_tokens")
      .set({ digest: `replaced:${change.id}` })
      .where("id", "=", change.id)
      .execute();
  }
  // A value that is given again is a current one, whoever had it.
  for (const batch of chunk([...wanted], 500)) {
    await db.deleteFrom("api_token_retired").where("digest", "in", batch).execute();
  }
  await db.deleteFrom("api_token_retired").where("valid_until", "<", now).execute();
}
