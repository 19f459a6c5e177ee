import type { Insertable, Transaction } from "kysely";
import { type Connection, chunk, type Database, readInPieces } from "../database/database.js";
import type { LockedResult } from "../database/lock.js";
import type { Flag, Tables } from "../database/tables.js";
import type { Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
import {
  type Actor,
  type EntriesChanged,
  type RecordOptions,
  recordChanges,
  type UnknownNames,
  unknownNames,
} from "./record.js";

/** Why values are revoked. */
export type RevocationReason = "leaked" | "compromised" | "superseded" | "unused" | "other";

interface Revocation extends Actor {
  readonly reason: RevocationReason;
}

type RevokedTokens = Pick<EntriesChanged, "changes" | "unchanged">;

/** `unknown` counts from 1: the values that no token has or had. */
export interface ValuesRevoked extends EntriesChanged {
  readonly unknown: readonly number[];
}

/** A token that was named. */
interface NamedToken extends RevokedValue {
  readonly owner: string | null;
  readonly enabled: Flag;
}

/** A value to revoke, and the token that it belongs to. */
interface RevokedValue {
  readonly digest: string;
  readonly id: string;
  readonly identifier: string;
}

/** Revokes every value of these tokens, inside a transaction that holds the lock. */
export async function revokeTokens(
  tx: Transaction<Tables>,
  names: readonly string[],
  revocation: Revocation,
  options: RecordOptions,
): Promise<LockedResult<EntriesChanged | UnknownNames>> {
  const tokens = await findTokens(tx, names);
  const unknown = unknownNames(names, tokens);
  if (unknown) return { commit: false, value: unknown };
  const done = await revokeAllValues(tx, [...tokens.values()], revocation, options);
  const runId = await recordChanges(tx, revocation, done.changes, options);
  return { commit: done.changes.length > 0, value: { kind: "changed", ...done, runId } };
}

/** Revokes what these tokens have: their current values, and those in their grace period. Records no run. */
export async function revokeAllValues(
  tx: Transaction<Tables>,
  tokens: readonly RevokedValue[],
  revocation: Revocation,
  options: RecordOptions,
): Promise<RevokedTokens> {
  const names = new Map(tokens.map(({ id, identifier }) => [id, identifier]));
  const values = [...tokens];
  const retired = tx.selectFrom("api_token_retired").select(["digest", "token_id as id"]);
  const rows = await readInPieces([...names.keys()], (ids) => retired.where("token_id", "in", ids).execute());
  for (const { digest, id } of rows) values.push({ digest, id, identifier: names.get(id) ?? "" });
  return revokeValues(tx, values, revocation, options);
}

/**
 * Revokes values that leaked, inside a transaction that holds the lock: also replaced ones in their grace period. A token's other
 * values keep working.
 */
export async function revokeLeakedValues(
  tx: Transaction<Tables>,
  values: readonly Secret[],
  revocation: Revocation,
  options: RecordOptions,
): Promise<LockedResult<ValuesRevoked>> {
  const digests = values.map(digestToken);
  const known = new Map<string, RevokedValue | "revoked">();
  for (const batch of chunk([...new Set(digests)], 500)) {
    const current = tx.selectFrom("api_tokens").select(["digest", "id", "identifier"]).where("digest", "in", batch);
    const retired = tx
      .selectFrom("api_token_retired")
      .innerJoin("api_tokens", "api_tokens.id", "api_token_retired.token_id")
      .select(["api_token_retired.digest", "api_tokens.id", "api_tokens.identifier"])
      .where("api_token_retired.digest", "in", batch);
    for (const row of await current.union(retired).execute()) known.set(row.digest, row);
    for (const digest of await revokedAmong(tx, batch)) if (!known.has(digest)) known.set(digest, "revoked");
  }
  const found = [...known.values()].filter((value) => value !== "revoked");
  const done = await revokeValues(tx, found, revocation, options);
  const runId = await recordChanges(tx, revocation, done.changes, options);
  const unknown = digests.flatMap((digest, index) => (known.has(digest) ? [] : [index + 1]));
  return { commit: done.changes.length > 0, value: { kind: "changed", ...done, runId, unknown } };
}

/** The tokens with these names, by name. */
export async function findTokens(db: Connection, names: readonly string[]): Promise<ReadonlyMap<string, NamedToken>> {
  const tokens = db.selectFrom("api_tokens").select(["id", "identifier", "digest", "owner", "enabled"]);
  const rows = await readInPieces([...new Set(names)], (some) => tokens.where("identifier", "in", some).execute());
  return new Map(rows.map((row) => [row.identifier, row]));
}

async function revokedAmong(db: Connection, digests: readonly string[]): Promise<ReadonlySet<string>> {
  const revoked = db.selectFrom("api_token_revoked").select("digest");
  const rows = await readInPieces(digests, (some) => revoked.where("digest", "in", some).execute());
  return new Set(rows.map(({ digest }) => digest));
}

type RevokedRow = Insertable<Tables["api_token_revoked"]>;

/** Every revocation of a database that may be of an earlier version. */
export async function readRevocations(database: Database, db: Connection): Promise<readonly RevokedRow[]> {
  const tables = await database.tableNames(db);
  return tables.includes("api_token_revoked") ? await db.selectFrom("api_token_revoked").selectAll().execute() : [];
}

/** Adds the revocations that a restored database lacks. Returns how many these are. */
export async function carryRevocations(tx: Transaction<Tables>, revocations: readonly RevokedRow[]): Promise<number> {
  const digests = revocations.map(({ digest }) => digest);
  const known = await revokedAmong(tx, digests);
  const added = revocations.filter(({ digest }) => !known.has(digest));
  await insertRevocations(tx, added);
  return added.length;
}

/** A value that was revoked before keeps its first reason. */
async function revokeValues(
  tx: Transaction<Tables>,
  values: readonly RevokedValue[],
  { reason, actor, claimedActor }: Revocation,
  { now }: RecordOptions,
): Promise<RevokedTokens> {
  const earlier = await revokedAmong(
    tx,
    values.map(({ digest }) => digest),
  );
  const added = values.filter(({ digest }) => !earlier.has(digest));
  const revokedAt = new Date(now()).toISOString();
  const rows = added.map(({ digest, identifier }) => ({
    digest,
    identifier,
    revoked_at: revokedAt,
    revoked_by: claimedActor ?? actor,
    reason,
  }));
  await insertRevocations(tx, rows);
  const changed = new Map(added.map(({ id, identifier }) => [id, identifier]));
  const changes = [...changed]
    .sort(([, one], [, other]) => (one < other ? -1 : 1))
    .map(([id, key]) => ({
      action: "update" as const,
      kind: "api_token",
      key,
      id,
      fields: [{ name: "revoked", before: null, after: reason }],
    }));
  const unchanged = [...new Set(values.flatMap(({ id, identifier }) => (changed.has(id) ? [] : [identifier])))];
  return { changes, unchanged };
}

/** The only writer of revocations. */
async function insertRevocations(tx: Transaction<Tables>, rows: readonly RevokedRow[]): Promise<void> {
  for (const batch of chunk(rows, 500)) await tx.insertInto("api_token_revoked").values(batch).execute();
  // What is revoked has no grace period.
  for (const batch of chunk(rows, 500)) {
    const digests = batch.map(({ digest }) => digest);
    await tx.deleteFrom("api_token_retired").where("digest", "in", digests).execute();
  }
}
