import { chunk } from "../../database/database.js";
import type { WriteContext } from "../../plan/kind.js";
import type { PlannedChange } from "../../plan/resource.js";
import { Secret } from "../../secrets/secret.js";
import { digestToken, generateToken } from "../../secrets/token.js";
import { writeTokenUsers } from "./kind-service-user.js";
import { retireDigests } from "./retire.js";

/** Writes tokens with their service users. A replaced value stays alive for the token's grace period. */
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

/** The digests of the values that are new, by the token's id. What was generated is handed out here, and only here. */
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
