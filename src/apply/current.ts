import type { Connection } from "../database/database.js";
import type { CurrentResource, Kind } from "../plan/kind.js";
import type { Vault } from "../secrets/vault.js";

/** The rows of every kind, in the order of their keys: databases have orders of their own, or none. */
export async function readCurrent(
  db: Connection,
  kinds: readonly Kind[],
  vault: Vault,
): Promise<ReadonlyMap<string, readonly CurrentResource[]>> {
  const current = new Map<string, readonly CurrentResource[]>();
  for (const kind of kinds) {
    const rows = await kind.read({ db, vault });
    current.set(kind.name, [...rows].sort(byKey));
  }
  return current;
}

function byKey({ key: first }: CurrentResource, { key: second }: CurrentResource): number {
  return first < second ? -1 : Number(first > second);
}

/** The id of the key that secrets were sealed with; null before the first. */
export async function readKeyId(db: Connection): Promise<string | null> {
  const state = await db.selectFrom("setup_state").select("key_id").executeTakeFirst();
  return state?.key_id ?? null;
}
