import type { LiveDatabase } from "../database/live-database.js";
import { type Eventual, follow } from "../eventual.js";
import { type GrantRow, type Grants, grantsOf, selectGrants } from "../users/principal.js";

/** A session with its user and client as they are now. */
export interface FoundSession {
  readonly client: string;
  readonly isUserActive: boolean;
  /** True without a client: the user came in with a password. */
  readonly isClientEnabled: boolean;
  readonly grants: Grants;
  readonly startedAtMs: number;
  readonly seenAtMs: number;
  readonly endsAtMs: number;
}

type SessionRow = readonly [
  ...GrantRow,
  client: string,
  createdAt: string,
  seenAt: string,
  expiresAt: string,
  clientId: string | null,
  enabled: number | null,
];

/** Gives a look-up of sessions by their digest, through one prepared statement. */
export function prepareSessionLookup(database: LiveDatabase): (digest: string) => Eventual<FoundSession | undefined> {
  const read = database.prepare<SessionRow>(
    database.kysely
      .selectFrom("users")
      .innerJoin("login_sessions as s", "s.user_id", "users.id")
      .leftJoin("oidc_clients as c", "c.id", "s.client_id")
      .select(selectGrants(database))
      .select(["s.client", "s.created_at", "s.seen_at", "s.expires_at", "s.client_id", "c.enabled"])
      .where("s.digest", "=", "")
      // Who came in with a password is in for as long as that would still let them in.
      .where((eb) =>
        eb.or([
          eb("s.client_id", "is not", null),
          eb.and([eb("users.password_hash", "is not", null), eb("users.issuer", "is", null)]),
        ]),
      )
      .compile(),
  );
  return (digest) => follow(read(digest), (row) => row && readRow(row));
}

function readRow(row: SessionRow): FoundSession {
  const [userId, username, isActive, isStaff, isSuperuser, isService, own, groups, ...session] = row;
  const [client, createdAt, seenAt, expiresAt, clientId, enabled] = session;
  return {
    client,
    isUserActive: isActive === 1,
    isClientEnabled: clientId === null || enabled === 1,
    grants: grantsOf([userId, username, isActive, isStaff, isSuperuser, isService, own, groups]),
    startedAtMs: Date.parse(createdAt),
    seenAtMs: Date.parse(seenAt),
    endsAtMs: Date.parse(expiresAt),
  };
}
