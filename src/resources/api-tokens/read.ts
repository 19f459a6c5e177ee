import { parseList } from "../../database/tables.js";
import type { CurrentResource, ReadContext } from "../../plan/kind.js";
import { readSets } from "../set-relation.js";
import { servicePermissions } from "./kind-service-user.js";

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
