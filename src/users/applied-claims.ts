import type { Connection, Database } from "../database/database.js";
import { attempt, type Writer } from "../database/live-database.js";
import { parseList } from "../database/tables.js";

/** The age of claims. */
export interface ClaimsAge {
  /** The `iat` of their token, or when the token was first seen. */
  readonly issuedAtMs: number;
  /** When the provider returned them: its answers about a token may change after the token was issued. */
  readonly saidAtMs: number;
  /** Hex SHA-256 of the token. */
  readonly token: string;
}

/** The claims that were last applied to a user, through one client. */
interface AppliedClaims extends ClaimsAge {
  /** Tokens that were issued at the same time and applied earlier. */
  readonly superseded: readonly string[];
  /** The username from them; null if the user kept another one. */
  readonly username: string | null;
}

/** The user of claims, and the client that received them. */
interface ClaimsKey {
  readonly userId: string;
  readonly clientId: string;
}

/** How old claims are, compared to the last applied ones. `same` may change the user, but alone is not stored. */
export type Standing = "older" | "same" | "newer";

// Further tokens of the same second change nothing.
const maxSuperseded = 8;

export async function readAppliedClaims(
  db: Connection,
  { userId, clientId }: ClaimsKey,
): Promise<AppliedClaims | undefined> {
  const row = await db
    .selectFrom("applied_claims")
    .select(["issued_at", "said_at", "token", "superseded", "username"])
    .where("user_id", "=", userId)
    .where("client_id", "=", clientId)
    .executeTakeFirst();
  if (!row) return undefined;
  const { issued_at: issuedAt, said_at: saidAt, token, superseded, username } = row;
  return {
    issuedAtMs: Date.parse(issuedAt),
    saidAtMs: Date.parse(saidAt),
    token,
    superseded: parseList(superseded),
    username,
  };
}

/** Of tokens that were issued at the same time, only the last applied one counts. */
export function standingOf(age: ClaimsAge, applied: AppliedClaims | undefined): Standing {
  if (!applied) return "newer";
  const isSameToken = age.token === applied.token;
  const difference = age.issuedAtMs - applied.issuedAtMs || (isSameToken ? age.saidAtMs - applied.saidAtMs : 0);
  if (difference !== 0) return difference > 0 ? "newer" : "older";
  if (isSameToken) return "same";
  const isOver = applied.superseded.includes(age.token) || applied.superseded.length >= maxSuperseded;
  return isOver ? "older" : "same";
}

/**
 * Stores these claims as the last applied ones.
 *
 * @param givenName the username, if it is the one in these claims; otherwise, the stored one stays
 */
export async function writeAppliedClaims(
  tx: Connection,
  { userId, clientId }: ClaimsKey,
  age: ClaimsAge,
  applied: AppliedClaims | undefined,
  givenName: string | undefined,
): Promise<void> {
  const earlier = applied?.issuedAtMs === age.issuedAtMs ? [...applied.superseded, applied.token] : [];
  const row = {
    issued_at: new Date(age.issuedAtMs).toISOString(),
    said_at: new Date(age.saidAtMs).toISOString(),
    token: age.token,
    superseded: JSON.stringify(earlier.filter((token) => token !== age.token)),
    username: givenName ?? applied?.username ?? null,
  };
  await tx
    .insertInto("applied_claims")
    .values({ user_id: userId, client_id: clientId, ...row })
    .onConflict((conflict) => conflict.columns(["user_id", "client_id"]).doUpdateSet(row))
    .execute();
}

interface FirstSeenOptions {
  /** Only read. */
  readonly database: Database;
  readonly writer: Pick<Writer, "use">;
  /** In milliseconds. */
  readonly now: () => number;
}

// Longer than a token is unused.
const keptMs = 7 * 24 * 3_600_000;

/**
 * When any process first saw a token without `iat`, in milliseconds. Stored, so that the token has the same age in all processes
 * and after a restart. Deleted after a week without use.
 */
export async function whenFirstSeen(token: string, { database, writer, now }: FirstSeenOptions): Promise<number> {
  const nowMs = now();
  const known = await readSeen(database, token);
  if (known && Date.parse(known.expires_at) - nowMs > keptMs / 2) return Date.parse(known.seen_at);
  const at = new Date(nowMs).toISOString();
  const expiry = { expires_at: new Date(nowMs + keptMs).toISOString() };
  const write = async (open: Database): Promise<void> => {
    await open.kysely.deleteFrom("seen_tokens").where("expires_at", "<", at).execute();
    await open.kysely
      .insertInto("seen_tokens")
      .values({ token, seen_at: at, ...expiry })
      .onConflict((conflict) => conflict.column("token").doUpdateSet(expiry))
      .execute();
  };
  // Another process holds the lock, so the token's claims won't be written either.
  await writer.use((open) => attempt(() => write(open)));
  return Date.parse((await readSeen(database, token))?.seen_at ?? at);
}

function readSeen({ kysely }: Database, token: string) {
  return kysely
    .selectFrom("seen_tokens")
    .select(["seen_at", "expires_at"])
    .where("token", "=", token)
    .executeTakeFirst();
}
