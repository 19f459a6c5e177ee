import { chunk } from "../../database/database.js";
import { parseList } from "../../database/tables.js";
import type { CurrentResource, ReadContext, WriteContext } from "../../plan/kind.js";
import type { PlannedChange } from "../../plan/resource.js";
import { Secret } from "../../secrets/secret.js";
import { digestToken, generateToken } from "../../secrets/token.js";
import { readSets } from "../columns.js";
import { removeUsers, servicePermissions, serviceUsers, writeTokenUsers } from "./kind-service-user.js";

/** Writes tokens with their service users. A replaced value stays valid for the token's grace period. */
export async function writeTokens(context: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  const { db, now, owner } = context;
  const digests = newDigests(context, changes);
  await retireDigests(context, changes, digests);
  const users = await writeTokenUsers(context, changes);
  const created = [];
  for (const change of changes) {
    const row = {
      ...columnsOf(change),
      identifier: change.key,
      user_id: users.idOf(change),
      owner,
      updated_at: now,
    };
    const digest = digests.get(change.id);
    if (change.action === "create") {
      created.push({ id: change.id, created_at: now, last_used_at: null, ...row, digest: digest ?? "" });
    } else {
      const changed = { ...row, ...(digest !== undefined && { digest }) };
      await db.updateTable("api_tokens").set(changed).where("id", "=", change.id).execute();
    }
  }
  for (const rows of chunk(created, 200)) await db.insertInto("api_tokens").values(rows).execute();
  await users.dropLeftOver();
}

/** The digests of the new values, by the token's id. Only here are generated values returned. */
function newDigests(context: WriteContext, changes: readonly PlannedChange[]): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  for (const change of changes) {
    const { token, generated } = change.attributes;
    const changed = (name: string) => change.action === "create" || change.changed.includes(name);
    if (token instanceof Secret) {
      if (changed("token")) digests.set(change.id, digestToken(token));
    } else if (generated === true && changed("generated")) {
      const value = generateToken();
      digests.set(change.id, digestToken(value));
      context.generated({ kind: change.kind, key: change.key, value });
    }
  }
  return digests;
}

function columnsOf({ attributes }: PlannedChange) {
  const text = (name: string) => (typeof attributes[name] === "string" ? String(attributes[name]) : "");
  const narrowing = typeof attributes.user === "string" ? (attributes.permissions ?? null) : null;
  return {
    generated: attributes.generated === true ? 1 : 0,
    contact_person: text("contact_person"),
    email: text("email"),
    organization: text("organization"),
    application: text("application"),
    administration: text("administration"),
    permissions: narrowing === null ? null : JSON.stringify(narrowing),
    expires_at: typeof attributes.expires_at === "string" ? attributes.expires_at : null,
    grace_seconds: Number(attributes.grace_seconds ?? 0),
  } as const;
}

/** Every API token with its user's name, or null where the user exists for the token alone. */
export async function readTokens({ db }: ReadContext): Promise<readonly CurrentResource[]> {
  const rows = await db
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .selectAll("api_tokens")
    .select(["users.username", "users.is_service", "users.is_superuser"])
    .execute();
  const permissions = await readSets(db, servicePermissions, () => "");
  return rows.map((row) => {
    const service = row.is_service === 1;
    const narrowing = row.permissions === null ? null : parseList(row.permissions);
    return {
      id: row.id,
      key: row.identifier,
      owner: row.owner,
      attributes: {
        token: row.digest,
        generated: row.generated === 1,
        user: service ? null : row.username,
        is_superuser: service && row.is_superuser === 1,
        permissions: service ? (permissions.get(row.user_id) ?? []) : narrowing,
        contact_person: row.contact_person,
        email: row.email,
        organization: row.organization,
        application: row.application,
        administration: row.administration,
        expires_at: row.expires_at,
        grace_seconds: row.grace_seconds,
      },
    };
  });
}

/** Removes tokens, and the service users that existed for them. */
export async function removeTokens(context: WriteContext, ids: readonly string[]): Promise<void> {
  const users = await serviceUsers(
    context,
    ids.map((id) => ({ id })),
  );
  for (const batch of chunk(ids, 500)) await context.db.deleteFrom("api_tokens").where("id", "in", batch).execute();
  await removeUsers(context, [...users.values()]);
}

/**
 * Retires the values that are replaced: into their grace period, or for good. Afterwards no row holds a digest that
 * another one is about to get, so that tokens can swap their values.
 */
async function retireDigests(
  { db, now }: WriteContext,
  changes: readonly PlannedChange[],
  digests: ReadonlyMap<string, string>,
): Promise<void> {
  const wanted = new Set(digests.values());
  const replaced = changes.filter((change) => change.action === "update" && digests.has(change.id));
  for (const batch of chunk(replaced, 500)) await retireBatch(db, now, batch, wanted);
  // A value that is configured again is a current one, whichever token had it.
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
  // Not a digest, so no token matches it; the new one follows in the same transaction.
  await db
    .updateTable("api_tokens")
    .set((eb) => ({ digest: eb(eb.val("replaced:"), "||", eb.ref("id")) }))
    .where("id", "in", ids)
    .execute();
}
