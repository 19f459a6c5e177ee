import { type Connection, chunk, readInPieces } from "../../database/database.js";
import type { PlannedChange } from "../../plan/resource.js";

/** When a user's memberships end, by the group's name: ISO 8601, UTC. The others are for good. */
type MembershipEnds = Readonly<Record<string, string>>;

/** The ends of the memberships that files declare, by the user's id. Claims and people give memberships for good. */
export async function readMembershipEnds(
  db: Connection,
  userIds?: readonly string[],
): Promise<ReadonlyMap<string, MembershipEnds>> {
  const all = db
    .selectFrom("user_groups")
    .innerJoin("groups", "groups.id", "user_groups.group_id")
    .select(["user_groups.user_id", "groups.name", "user_groups.until"])
    .where("user_groups.origin", "=", "config")
    .where("user_groups.until", "is not", null);
  const ends = new Map<string, Record<string, string>>();
  const rows = await readInPieces(userIds, (ids) =>
    (ids ? all.where("user_groups.user_id", "in", ids) : all).execute(),
  );
  for (const { user_id: userId, name, until } of rows) ends.set(userId, { ...ends.get(userId), [name]: until ?? "" });
  return ends;
}

/**
 * Writes memberships with their ends.
 *
 * @param writeRows writes the users and their memberships, all for good
 */
export async function writeMembershipEnds(
  db: Connection,
  changes: readonly PlannedChange[],
  writeRows: () => Promise<void>,
): Promise<void> {
  const isMoved = (change: PlannedChange) =>
    change.action === "create" || change.changed.includes("groups") || change.changed.includes("groups_until");
  const moved = changes.filter(isMoved);
  const ids = moved.flatMap(({ action, id }) => (action === "update" ? [id] : []));
  // A step that declares no ends leaves them as they are.
  const before = await readMembershipEnds(db, ids);
  await writeRows();
  for (const batch of chunk(ids, 500)) {
    const endless = db.updateTable("user_groups").set({ until: null }).where("user_id", "in", batch);
    await endless.where("origin", "=", "config").where("until", "is not", null).execute();
  }
  const members = new Map<string, { readonly name: string; readonly until: string; readonly ids: string[] }>();
  for (const { id, attributes } of moved) {
    // The shape has accepted it as such.
    const ends = (attributes.groups_until as MembershipEnds | undefined) ?? before.get(id) ?? {};
    for (const [name, until] of Object.entries(ends)) {
      const key = `${until} ${name}`;
      const same = members.get(key) ?? { name, until, ids: [] };
      members.set(key, same);
      same.ids.push(id);
    }
  }
  for (const { name, until, ids: userIds } of members.values()) {
    const { id: groupId } = await db
      .selectFrom("groups")
      .select("id")
      .where("name", "=", name)
      .executeTakeFirstOrThrow();
    for (const batch of chunk(userIds, 500)) {
      const ending = db.updateTable("user_groups").set({ until }).where("group_id", "=", groupId);
      await ending.where("user_id", "in", batch).where("origin", "=", "config").execute();
    }
  }
}
