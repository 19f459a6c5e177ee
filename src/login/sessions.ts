import { randomBytes } from "node:crypto";
import type { Transaction } from "kysely";
import type { LiveDatabase, Write } from "../database/live-database.js";
import type { Tables } from "../database/tables.js";
import { andThen, type MaybePromise } from "../maybe-promise.js";
import type { Secret } from "../secrets/secret.js";
import { createGrantReader, type GrantRow, type Grants, type ReadGrants, selectGrants } from "../users/principal.js";
import type { Seals } from "./cookies.js";
import type { LoginEvent } from "./event.js";
import { digest } from "./login-state.js";
import type { LoginSettings } from "./settings.js";

export interface NewSession {
  readonly userId: string;
  /** The client's row; null after a sign-in with a password. */
  readonly clientId: string | null;
  /** When the user proved who it is; undefined if that is unknown. */
  readonly authenticatedAtMs: number | undefined;
  readonly idToken?: Secret | undefined;
  readonly code?: string | undefined;
}

/** A session that has ended. */
export interface EndedSession {
  readonly userId: string;
  /** The user signed in through the provider. */
  readonly isOfProvider: boolean;
  readonly idToken: Secret | undefined;
}

/** The rows of signed-in browsers. Only the browser's cookie has a session's id; the database has its digest. */
export interface Sessions {
  /**
   * Returns the new session's id, 256 random bits.
   *
   * @param alongside runs in the same transaction
   */
  readonly begin: (session: NewSession, alongside?: (tx: Transaction<Tables>) => Promise<void>) => Promise<string>;
  /** A session that has not expired. */
  readonly find: (id: string) => Promise<FoundSession | undefined>;
  readonly end: (id: string) => Promise<EndedSession | undefined>;
  /** Ends all sessions of a user; returns how many. */
  readonly endAllOf: (userId: string) => Promise<number>;
  /** Ends the session that was started with a code. */
  readonly endByCode: (code: string) => Promise<EndedSession | undefined>;
}

const noteEveryMs = 60_000;

interface SessionsOptions {
  readonly database: LiveDatabase;
  readonly write: Write;
  readonly seals: Seals;
  readonly settings: LoginSettings;
  readonly report: (event: LoginEvent) => void;
  readonly now: () => number;
}

export function createSessions({ database, write, seals, settings, report, now }: SessionsOptions): Sessions {
  const { client, idleTimeoutMs, lifetimeMs } = settings;
  const lookUp = prepareSessionLookup(database, now);
  const noting = new Set<string>();

  const end = (column: "digest" | "code_digest", value: string): Promise<EndedSession | undefined> =>
    write(async (tx) => {
      const row = await tx
        .deleteFrom("login_sessions")
        .where(column, "=", value)
        .where("client", "=", client)
        .returning(["digest", "user_id", "client_id", "id_token"])
        .executeTakeFirst();
      if (!row) return undefined;
      const { user_id: userId, client_id: clientId, id_token: sealed } = row;
      const idToken = sealed === null ? undefined : seals.open(sealed, purposeOf(row.digest));
      return { userId, isOfProvider: clientId !== null, idToken };
    });

  /** In the background: no request waits for it or fails because of it. */
  const note = (sessionDigest: string, nowMs: number): void => {
    if (noting.has(sessionDigest)) return;
    noting.add(sessionDigest);
    const seen = { seen_at: new Date(nowMs).toISOString() };
    write((tx) => tx.updateTable("login_sessions").set(seen).where("digest", "=", sessionDigest).execute())
      .catch(() => report({ kind: "session_not_noted", client }))
      .finally(() => noting.delete(sessionDigest));
  };

  return {
    begin: async ({ userId, clientId, authenticatedAtMs, idToken, code }, alongside) => {
      const id = randomBytes(32).toString("base64url");
      const sessionDigest = digest(id);
      const nowMs = now();
      const at = new Date(nowMs).toISOString();
      await write(async (tx) => {
        await tx
          .insertInto("login_sessions")
          .values({
            digest: sessionDigest,
            user_id: userId,
            client,
            client_id: clientId,
            created_at: at,
            authenticated_at: authenticatedAtMs === undefined ? null : new Date(authenticatedAtMs).toISOString(),
            seen_at: at,
            expires_at: new Date(nowMs + lifetimeMs).toISOString(),
            id_token: idToken ? seals.seal(idToken.reveal(), purposeOf(sessionDigest)) : null,
            code_digest: code === undefined ? null : digest(code),
          })
          .execute();
        await tx.updateTable("users").set({ last_sign_in_at: at }).where("id", "=", userId).execute();
        await tx.deleteFrom("login_sessions").where("expires_at", "<=", at).execute();
        await alongside?.(tx);
      });
      return id;
    },
    find: async (id) => {
      const nowMs = now();
      const found = await lookUp(digest(id));
      if (!found || found.client !== client) return undefined;
      if (nowMs >= found.endsAtMs || nowMs >= found.seenAtMs + idleTimeoutMs) return undefined;
      if (nowMs >= found.seenAtMs + noteEveryMs) note(digest(id), nowMs);
      return found;
    },
    end: (id) => end("digest", digest(id)),
    endAllOf: (userId) =>
      write(async (tx) => {
        const ended = await tx
          .deleteFrom("login_sessions")
          .where("user_id", "=", userId)
          .where("client", "=", client)
          .returning("digest")
          .execute();
        return ended.length;
      }),
    endByCode: (code) => end("code_digest", digest(code)),
  };
}

function purposeOf(sessionDigest: string): string {
  return `login_sessions/${sessionDigest}/id_token`;
}

/** A session with its current user and client. */
interface FoundSession {
  readonly client: string;
  readonly isUserActive: boolean;
  readonly isByPassword: boolean;
  /** True without a client: the user signed in with a password. */
  readonly isClientEnabled: boolean;
  readonly grants: Grants;
  readonly startedAtMs: number;
  readonly authenticatedAtMs: number | undefined;
  readonly seenAtMs: number;
  readonly endsAtMs: number;
}

type SessionRow = readonly [
  ...GrantRow,
  client: string,
  createdAt: string,
  authenticatedAt: string | null,
  seenAt: string,
  expiresAt: string,
  clientId: string | null,
  enabled: number | null,
];

/** Prepares a look-up of sessions by digest. */
function prepareSessionLookup(
  database: LiveDatabase,
  now: () => number,
): (digest: string) => MaybePromise<FoundSession | undefined> {
  const read = database.prepare<SessionRow>(
    database.kysely
      .selectFrom("users")
      .innerJoin("login_sessions as s", "s.user_id", "users.id")
      .leftJoin("oidc_clients as c", "c.id", "s.client_id")
      .select(selectGrants(database))
      .select([
        "s.client",
        "s.created_at",
        "s.authenticated_at",
        "s.seen_at",
        "s.expires_at",
        "s.client_id",
        "c.enabled",
      ])
      .where("s.digest", "=", "")
      // A password session ends when the user may no longer sign in with a password.
      .where((eb) =>
        eb.or([
          eb("s.client_id", "is not", null),
          eb.and([eb("users.password_hash", "is not", null), eb("users.issuer", "is", null)]),
        ]),
      )
      .compile(),
  );
  const readGrants = createGrantReader();
  return (digest) => andThen(read(digest), (row) => row && readRow(row, readGrants, now()));
}

function readRow(row: SessionRow, readGrants: ReadGrants, nowMs: number): FoundSession {
  const [, , isActive, , , , , , client, createdAt, authenticatedAt, seenAt, expiresAt, clientId, enabled] = row;
  return {
    client,
    isUserActive: isActive === 1,
    isByPassword: clientId === null,
    isClientEnabled: clientId === null || enabled === 1,
    grants: readGrants(row, nowMs),
    startedAtMs: Date.parse(createdAt),
    authenticatedAtMs: authenticatedAt === null ? undefined : Date.parse(authenticatedAt),
    seenAtMs: Date.parse(seenAt),
    endsAtMs: Date.parse(expiresAt),
  };
}
