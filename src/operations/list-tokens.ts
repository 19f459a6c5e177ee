import type { Connection } from "../database/database.js";
import { parseList } from "../database/tables.js";

/** An API token as its user may see it. Times are ISO 8601 in UTC. */
export interface TokenSummary {
  readonly identifier: string;
  readonly contactPerson: string;
  readonly email: string;
  readonly organization: string;
  readonly application: string;
  readonly administration: string;
  /** Null for all that the user may do. */
  readonly permissions: readonly string[] | null;
  readonly createdAt: string;
  /** Null where it never does. */
  readonly expiresAt: string | null;
  /** To the minute; null where it never was. */
  readonly lastUsedAt: string | null;
  /** A configuration file says what it is, so it is changed and ended there. */
  readonly isManaged: boolean;
}

/** A user's tokens, by their identifiers. */
export async function listTokens(db: Connection, userId: string): Promise<readonly TokenSummary[]> {
  const rows = await db.selectFrom("api_tokens").selectAll().where("user_id", "=", userId).execute();
  return rows
    .map((row) => ({
      identifier: row.identifier,
      contactPerson: row.contact_person,
      email: row.email,
      organization: row.organization,
      application: row.application,
      administration: row.administration,
      permissions: row.permissions === null ? null : parseList(row.permissions),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      lastUsedAt: row.last_used_at,
      isManaged: row.owner !== null,
    }))
    .sort((one, other) => (one.identifier < other.identifier ? -1 : 1));
}
