import type { CompiledQuery, Insertable } from "kysely";
import { anyTables, type Connection, chunk, type SqlValue } from "./database.js";
import { appendLink, type ChangeColumns, type SignRun } from "./journal-chain.js";
import type { RunThrough, Tables } from "./tables.js";

/** A run that changed something: an apply, a sign-in, or an operation at run time. */
export interface RunRecord {
  readonly id: string;
  /** ISO 8601, UTC, as `finishedAt`. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Who did it, such as `jan@host` or `sign-in:api-oidc`. */
  readonly actor: string;
  /** The id of the user who did it in a signed-in browser. */
  readonly actorUserId?: string | undefined;
  /** Whom the actor said to act for, if anyone. */
  readonly claimedActor?: string | undefined;
  readonly through: RunThrough;
  /** The configuration owner that it ran for, and the files; absent where none was applied. */
  readonly owner?: string;
  readonly version: string;
  readonly files?: readonly { readonly file: string; readonly sha256: string }[];
}

export interface ChangeRecord {
  readonly action: "create" | "update" | "delete";
  readonly kind: string;
  readonly key: string;
  /** The row's id. */
  readonly id: string;
  /** Each with its values, or only named where it is sensitive. */
  readonly fields: readonly object[];
}

/**
 * Writes one row for the run and one for each change (who, when, what), in the transaction that makes the changes, as the next
 * link of the journal's chain.
 *
 * @throws SetupError `DATABASE_DAMAGED` (refused) where the journal's head is missing
 */
export async function writeRun(
  tx: Connection,
  run: RunRecord,
  changes: readonly ChangeRecord[],
  sign: SignRun,
): Promise<void> {
  const { id, startedAt, finishedAt, actor, actorUserId = null, claimedActor = null, through } = run;
  const { owner = "", version, files = [] } = run;
  const row = {
    id,
    started_at: startedAt,
    finished_at: finishedAt,
    actor: asStored(actor),
    actor_user_id: actorUserId,
    claimed_actor: claimedActor === null ? null : asStored(claimedActor),
    through,
    owner: asStored(owner),
    version,
    files: JSON.stringify(files),
  };
  const link = await appendLink(tx, row, sign, (add) => insertRows(tx, "run_changes", changeRows(row, changes, add)));
  await tx
    .insertInto("runs")
    .values({ ...row, ...link })
    .execute();
}

/** The rows of a run's changes, each made when it is written, and added to the digest. */
function* changeRows(
  { id, finished_at }: { readonly id: string; readonly finished_at: string },
  changes: readonly ChangeRecord[],
  add: (row: ChangeColumns) => void,
) {
  const toJson = createListToJson();
  for (const [sequence, { action, kind, key, id: resourceId, fields }] of changes.entries()) {
    const row = {
      run_id: id,
      sequence,
      action,
      kind,
      key: asStored(key),
      resource_id: resourceId,
      fields: toJson(fields),
      recorded_at: finished_at,
    };
    add(row);
    yield row;
  }
}

/** Writes one list after the other as JSON. Rows that are created share most of their fields: what the list before had is known. */
function createListToJson(): (list: readonly object[]) => string {
  const latest: { item: object; json: string }[] = [];
  return (list) => {
    const parts = list.map((item, index) => {
      const known = latest[index];
      if (known?.item === item) return known.json;
      const json = JSON.stringify(item);
      latest[index] = { item, json };
      return json;
    });
    return `[${parts.join(",")}]`;
  };
}

/** A database gives half a surrogate pair back as another character, and the digest is over what it gives back. */
function asStored(text: string): string {
  return /^[ -~]*$/.test(text) ? text : Buffer.from(text).toString();
}

const newUser = {
  email: "",
  first_name: "",
  last_name: "",
  is_active: 1,
  is_staff: 0,
  is_superuser: 0,
  claim_superuser: 0,
  is_service: 0,
  password_hash: null,
  issuer: null,
  subject: null,
} as const;

type UserRow = Insertable<Tables["users"]>;
type TokenRow = Insertable<Tables["api_tokens"]>;

/**
 * Users that come with a sign-in or a token; those of a file are written as rows of their kind.
 *
 * @param now ISO 8601, UTC
 */
export async function insertUsers(
  db: Connection,
  now: string,
  users: Iterable<Pick<UserRow, "id" | "owner" | "username"> & Partial<UserRow>>,
): Promise<void> {
  await insertRows(db, "users", users, { created_at: now, updated_at: now, ...newUser });
}

/**
 * API tokens, of a file or created at run time.
 *
 * @param now ISO 8601, UTC
 */
export async function insertTokens(
  db: Connection,
  now: string,
  tokens: Iterable<
    Omit<TokenRow, "created_at" | "updated_at" | "last_used_at" | "value_since" | "disabled_at" | "disabled_by">
  >,
): Promise<void> {
  await insertRows(db, "api_tokens", tokens, { created_at: now, updated_at: now, value_since: now });
}

/** The columns of a token that gets this value: it works, whatever became of the one before. */
export function newTokenValue(digest: string, now: string) {
  return { digest, value_since: now, disabled_at: null, disabled_by: null };
}

/**
 * Retires the current values of tokens that get new ones, in the same transaction: into their grace period, or for good where that
 * is 0 or the value was revoked.
 *
 * @param graceSeconds by the token's id
 * @param kept digests that another token is about to get
 */
export async function retireTokenValues(
  db: Connection,
  now: string,
  graceSeconds: ReadonlyMap<string, number>,
  kept: ReadonlySet<string>,
): Promise<void> {
  for (const ids of chunk([...graceSeconds.keys()], 500)) {
    const rows = await db
      .selectFrom("api_tokens")
      .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_tokens.digest")
      .select(["id", "api_tokens.digest", "value_since", "last_used_at", "revoked_at"])
      .where("id", "in", ids)
      .execute();
    const retired = rows.flatMap(({ id, digest, value_since: since, last_used_at, revoked_at }) => {
      const grace = graceSeconds.get(id) ?? 0;
      if (grace === 0 || revoked_at !== null || kept.has(digest)) return [];
      const valid_until = new Date(Date.parse(now) + grace * 1000).toISOString();
      return [{ digest, token_id: id, valid_until, since, last_used_at }];
    });
    const ended = ids.filter((id) => graceSeconds.get(id) === 0);
    if (ended.length > 0) await db.deleteFrom("api_token_retired").where("token_id", "in", ended).execute();
    if (retired.length > 0) await db.insertInto("api_token_retired").values(retired).execute();
    // Not a digest, so no token matches it; the new one follows.
    await db
      .updateTable("api_tokens")
      .set((eb) => ({ digest: eb(eb.val("replaced:"), "||", eb.ref("id")) }))
      .where("id", "in", ids)
      .execute();
  }
}

/** Whether a run with this id was committed. */
export async function isCommitted(tx: Connection, runId: string): Promise<boolean> {
  return (await tx.selectFrom("runs").select("id").where("id", "=", runId).executeTakeFirst()) !== undefined;
}

/** A new row: a value for each column, but for those with a default. */
type NewRow = Readonly<Record<string, SqlValue | undefined>>;

// Databases limit how many values one statement takes: SQLite 32,766, PostgreSQL 65,535.
const rowsAtOnce = 200;

/**
 * Inserts rows that have the same columns, many at once: of many rows, only these are in memory. Building a statement takes longer than
 * running it, so that all full batches share one.
 *
 * @param common values that all rows have
 */
export async function insertRows(
  db: Connection,
  table: string,
  rows: Iterable<NewRow>,
  common: NewRow = {},
): Promise<void> {
  let columns: readonly string[] | undefined;
  let whole: CompiledQuery | undefined;
  for (const batch of chunk(rows, rowsAtOnce)) {
    columns ??= columnsOf({ ...common, ...batch[0] });
    const isWhole = batch.length === rowsAtOnce;
    const statement = (isWhole ? whole : undefined) ?? compileInsert(db, table, columns, batch.length);
    if (isWhole) whole = statement;
    const values: SqlValue[] = [];
    for (const row of batch) {
      for (const column of columns) {
        const value = row[column];
        values.push((value === undefined ? common[column] : value) ?? null);
      }
    }
    await db.executeQuery({ ...statement, parameters: values });
  }
}

function columnsOf(row: NewRow): readonly string[] {
  return Object.keys(row).filter((column) => row[column] !== undefined);
}

function compileInsert(db: Connection, table: string, columns: readonly string[], count: number): CompiledQuery {
  const row = Object.fromEntries(columns.map((column) => [column, null]));
  return anyTables(db).insertInto(table).values(new Array(count).fill(row)).compile();
}
