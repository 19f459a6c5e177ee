import { randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { Transaction } from "kysely";
import { administratorSignIns } from "../access/administrators.js";
import { readAccessFacts } from "../access/read-facts.js";
import type { Connection } from "../database/database.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
import { isActiveUser } from "../users/principal.js";
import { type RecordOptions, recordChanges } from "./record.js";

/** How long a one-time code can be typed, and how long its session lasts, in milliseconds. */
const codeForMs = 10 * 60_000;
const sessionForMs = 60 * 60_000;

// No two look alike in any type, and none spell a word: 16 of 24 have 73 bits.
const alphabet = "CDFGHJKMPQRTVWXY23456789";
const groups = 4;
const groupLength = 4;

/** Proves that its reader looks after the server, where nobody can sign in as an administrator yet. */
export interface BootstrapCode {
  /** Four groups of four letters and digits, such as `K7TM-4XQR-9WHC-DPV3`. */
  readonly code: Secret;
  readonly expiresAt: Date;
}

/** The session of a browser in which a one-time code was typed. */
export interface BootstrapSession {
  readonly startedAtMs: number;
  readonly expiresAtMs: number;
}

/** Whether anyone can sign in as an administrator. */
export async function hasAdministrator(db: Connection): Promise<boolean> {
  return administratorSignIns(await readAccessFacts(db)).length > 0;
}

/** Whether a superuser could sign in with a password while no provider can be reached. */
export async function hasEmergencyAccount(db: Connection): Promise<boolean> {
  const found = db
    .selectFrom("users")
    .select("users.id")
    .where("is_superuser", "=", 1)
    // Whom claims made superuser, the claims of the next sign-in decide about.
    .where("claim_superuser", "=", 0)
    .where("password_hash", "is not", null)
    .where("issuer", "is", null)
    .where(isActiveUser(), "=", 1);
  return (await found.limit(1).executeTakeFirst()) !== undefined;
}

/** Makes a one-time code, where nobody can sign in as an administrator; those of other servers stay. Inside the lock. */
export async function createBootstrapCode(
  tx: Transaction<Tables>,
  nowMs: number,
): Promise<LockedResult<BootstrapCode | undefined>> {
  if (await hasAdministrator(tx)) return { commit: false, value: undefined };
  const code = new Secret(
    Array.from({ length: groups }, () =>
      Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join(""),
    ).join("-"),
  );
  const expiresAt = new Date(nowMs + codeForMs);
  await tx
    .deleteFrom("bootstrap_codes")
    .where("created_at", "<=", isoTime(nowMs - sessionForMs - codeForMs))
    .execute();
  await tx
    .insertInto("bootstrap_codes")
    .values({ digest: codeDigest(code), created_at: isoTime(nowMs), expires_at: expiresAt.toISOString() })
    .execute();
  return { commit: true, value: { code, expiresAt } };
}

/** What became of a typed code. */
export type SpentCode =
  | { readonly kind: "spent"; readonly sessionId: Secret; readonly session: BootstrapSession; readonly runId: string }
  /** It is wrong, expired or was typed before. */
  | { readonly kind: "wrong_code" }
  /** Someone can sign in as an administrator by now. */
  | { readonly kind: "bootstrap_over" };

/** Whether a code can be typed. */
export async function hasBootstrapCode(db: Connection, nowMs: number): Promise<boolean> {
  const open = db.selectFrom("bootstrap_codes").select("digest").where("session_digest", "is", null);
  return (await open.where("expires_at", ">", isoTime(nowMs)).limit(1).executeTakeFirst()) !== undefined;
}

/**
 * Begins a session with a code, which then works no more, nor does any other code, nor an earlier one's session. Inside the lock, so
 * that of two who type it at once, one has it.
 */
export async function spendBootstrapCode(
  tx: Transaction<Tables>,
  typed: Secret,
  options: RecordOptions,
): Promise<LockedResult<SpentCode>> {
  if (await hasAdministrator(tx)) return { commit: false, value: { kind: "bootstrap_over" } };
  const startedAtMs = options.now();
  const open = await tx
    .selectFrom("bootstrap_codes")
    .select("digest")
    .where("session_digest", "is", null)
    .where("expires_at", ">", isoTime(startedAtMs))
    .execute();
  const spent = findInConstantTime(
    open.map(({ digest }) => digest),
    codeDigest(typed),
  );
  if (spent === undefined) return { commit: false, value: { kind: "wrong_code" } };
  const sessionId = new Secret(randomBytes(32).toString("base64url"));
  await tx.deleteFrom("bootstrap_codes").where("digest", "!=", spent).execute();
  await tx
    .updateTable("bootstrap_codes")
    .set({ session_digest: digestToken(sessionId), session_started_at: isoTime(startedAtMs) })
    .where("digest", "=", spent)
    .execute();
  const session = { startedAtMs, expiresAtMs: startedAtMs + sessionForMs };
  const field = { name: "expires_at", before: null, after: isoTime(session.expiresAtMs) };
  const change = { kind: "bootstrap_session", key: "bootstrap", id: options.newId(), fields: [field] };
  const runId = await recordChanges(tx, { actor: "bootstrap" }, [{ ...change, action: "create" }], options);
  return { commit: true, value: { kind: "spent", sessionId, session, runId } };
}

/** A session that has neither expired nor ended. */
export async function findBootstrapSession(
  db: Connection,
  sessionId: Secret,
  nowMs: number,
): Promise<BootstrapSession | undefined> {
  const row = await db
    .selectFrom("bootstrap_codes")
    .select("session_started_at")
    .where("session_digest", "=", digestToken(sessionId))
    .executeTakeFirst();
  if (row?.session_started_at == null) return undefined;
  const startedAtMs = Date.parse(row.session_started_at);
  const expiresAtMs = startedAtMs + sessionForMs;
  return nowMs < expiresAtMs ? { startedAtMs, expiresAtMs } : undefined;
}

export async function endBootstrapSession(tx: Transaction<Tables>, sessionId: Secret): Promise<LockedResult<void>> {
  await tx.deleteFrom("bootstrap_codes").where("session_digest", "=", digestToken(sessionId)).execute();
  return { commit: true, value: undefined };
}

/** However it is typed: in small letters, with spaces or without hyphens. */
function codeDigest(code: Secret): string {
  return digestToken(new Secret(code.reveal().replaceAll(/[\s-]/g, "").toUpperCase()));
}

function findInConstantTime(digests: readonly string[], digest: string): string | undefined {
  const sought = Buffer.from(digest);
  return digests.filter((one) => timingSafeEqual(Buffer.from(one), sought))[0];
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
