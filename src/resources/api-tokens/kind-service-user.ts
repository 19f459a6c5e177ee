import { chunk, readInPieces } from "../../database/database.js";
import type { Flag } from "../../database/tables.js";
import { insertUsers } from "../../database/write-rows.js";
import type { WriteContext } from "../../plan/kind.js";
import type { KindShape } from "../../plan/kind-shape.js";
import type { AttributeValue, PlannedChange } from "../../plan/resource.js";
import type { apiToken } from "../kinds.js";
import { type SetTable, writeSets } from "../table-rows.js";

export const servicePermissions: SetTable = {
  table: "user_permissions",
  rowColumn: "user_id",
  memberColumn: "permission",
};

export type TokenChange = typeof apiToken extends KindShape<infer A> ? PlannedChange<A> : never;

/** The users of the changed tokens, by the token's id: created, renamed and dropped as the tokens require. */
export interface TokenUsers {
  readonly idOf: (change: TokenChange) => string;
  /** Removes service users whose token moved to another user; only possible once the tokens are written. */
  readonly dropLeftOver: () => Promise<void>;
}

/** Frees the names of service users that are removed or renamed: a placeholder that no user can have replaces each. */
export async function releaseNames(context: WriteContext, changes: readonly TokenChange[]): Promise<void> {
  const leaving = changes.filter(
    (change) =>
      change.action === "update" && (change.previousKey !== undefined || typeof change.attributes.user === "string"),
  );
  const users = [...(await serviceUsers(context, leaving)).values()];
  for (const ids of chunk(users, 500)) {
    await context.db
      .updateTable("users")
      .set((eb) => ({ username: eb(eb.val("released:"), "||", eb.ref("id")) }))
      .where("id", "in", ids)
      .execute();
  }
}

/** Makes sure that each changed token has its user. A token's `user` is null for its own service user. */
export async function writeTokenUsers(context: WriteContext, changes: readonly TokenChange[]): Promise<TokenUsers> {
  const { db, now } = context;
  const named = await namedUsers(context, changes);
  const current = await serviceUsers(
    context,
    changes.filter(({ action }) => action === "update"),
  );
  const ids = new Map<string, string>();
  const leftOver: string[] = [];
  const created: TokenChange[] = [];
  const updated: string[] = [];
  const permissions = new Map<string, AttributeValue>();

  const idOf = (change: TokenChange) => ids.get(change.id) ?? "";
  function* newUsers() {
    for (const change of created) yield { id: idOf(change), is_service: 1, ...userColumns(change, now) } as const;
  }

  for (const change of changes) {
    const existing = current.get(change.id);
    const username = change.attributes.user;
    if (typeof username === "string") {
      ids.set(change.id, named.get(username) ?? "");
      if (existing) leftOver.push(existing);
      continue;
    }
    const id = existing ?? context.newId();
    if (existing) {
      await db.updateTable("users").set(userColumns(change, now)).where("id", "=", id).execute();
      updated.push(id);
    } else created.push(change);
    ids.set(change.id, id);
    permissions.set(id, change.attributes.permissions);
  }
  await insertUsers(db, now, newUsers());
  await writeSets(db, servicePermissions, permissions, updated, () => "");

  return { idOf, dropLeftOver: () => removeUsers(context, leftOver) };
}

function userColumns({ key, owner, attributes }: TokenChange, now: string) {
  const is_superuser: Flag = attributes.is_superuser ? 1 : 0;
  return { username: key, owner, is_superuser, updated_at: now };
}

/** The service user of each token that has one, by the token's id. */
export async function serviceUsers(
  { db }: WriteContext,
  tokens: readonly { readonly id: string }[],
): Promise<ReadonlyMap<string, string>> {
  const all = db
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .select(["api_tokens.id as token", "users.id as user"])
    .where("users.is_service", "=", 1);
  const ids = tokens.map(({ id }) => id);
  const rows = await readInPieces(ids, (some) => all.where("api_tokens.id", "in", some).execute());
  return new Map(rows.map((row) => [row.token, row.user]));
}

export async function removeUsers({ db }: WriteContext, ids: readonly string[]): Promise<void> {
  for (const batch of chunk(ids, 500)) await db.deleteFrom("users").where("id", "in", batch).execute();
}

async function namedUsers({ db }: WriteContext, changes: readonly TokenChange[]): Promise<ReadonlyMap<string, string>> {
  const usernames = new Set(
    changes.flatMap(({ attributes }) => (typeof attributes.user === "string" ? attributes.user : [])),
  );
  const users = db.selectFrom("users").select(["id", "username"]);
  const rows = await readInPieces([...usernames], (some) => users.where("username", "in", some).execute());
  return new Map(rows.map((row) => [row.username, row.id]));
}
