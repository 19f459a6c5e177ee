import type { Expression, ExpressionBuilder, SqlBool } from "kysely";
import type { Connection } from "../database/database.js";
import type { RunThrough, Tables } from "../database/tables.js";
import type { FieldChange } from "../plan/resource.js";
import { contains } from "./paging.js";

/** Which changes to list: those that match all of it. */
export interface JournalFilter {
  readonly kind?: string | undefined;
  /** One object under all the names that it has had, and others that had this name before it. */
  readonly entry?: { readonly kind: string; readonly key: string } | undefined;
  /** The name that objects of any kind had after the change. */
  readonly key?: string | undefined;
  readonly runId?: string | undefined;
  /** A part of who did it, or of whom they said to act for, in any case. */
  readonly actor?: string | undefined;
  /** The id of the user who did it in a signed-in browser. */
  readonly actorUserId?: string | undefined;
  readonly through?: RunThrough | undefined;
  readonly action?: JournalAction | undefined;
  /** From this moment on. */
  readonly sinceMs?: number | undefined;
  /** Before this moment. */
  readonly untilMs?: number | undefined;
  /** A part of the name, in any case. */
  readonly text?: string | undefined;
}

type JournalAction = "create" | "update" | "delete";

/** A field as it was recorded: personal data and secrets by their names alone. */
export type JournalField = Exclude<FieldChange, { readonly unknown: true }>;

/** A run that changed something. */
export interface JournalRun {
  readonly id: string;
  /** When it was done: ISO 8601, UTC. */
  readonly at: string;
  readonly actor: string;
  /** Of the user who did it in a signed-in browser; null for everybody else. The user may be gone. */
  readonly actorUserId: string | null;
  /** Whom the actor said to act for, which nobody has checked; null for nobody. */
  readonly claimedActor: string | null;
  /** Null for a run of a version that did not note it. */
  readonly through: RunThrough | null;
  /** The owners of the files that were applied; empty where none were. */
  readonly owners: readonly string[];
  readonly files: readonly JournalFile[];
  /** Of the program. */
  readonly version: string;
  /** Its place in the chain of runs; null for one that has none. */
  readonly number: number | null;
  readonly isSigned: boolean;
}

interface JournalFile {
  readonly file: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Only where a run applied the files of several owners. */
  readonly owner?: string;
}

/** What a run did to one object. */
export interface JournalEntry {
  readonly run: JournalRun;
  /** Its number in the run. */
  readonly sequence: number;
  readonly action: JournalAction;
  readonly kind: string;
  /** The name that it had afterwards. */
  readonly key: string;
  /** The id of its row, which a rename keeps. */
  readonly resourceId: string;
  readonly fields: readonly JournalField[];
}

/** Where a page ends. */
export interface JournalPosition {
  readonly at: string;
  readonly runId: string;
  readonly sequence: number;
}

export interface JournalPage {
  readonly entries: readonly JournalEntry[];
  /** Where older ones follow; undefined on the last page. */
  readonly next: JournalPosition | undefined;
}

const pageSize = 500;

/** What was changed, the newest run first, in pages: each page is read when it is asked for. */
export async function* readJournal(db: Connection, filter: JournalFilter): AsyncGenerator<readonly JournalEntry[]> {
  let after: JournalPosition | undefined;
  do {
    const { entries, next } = await readJournalPage(db, filter, { after, limit: pageSize });
    if (entries.length > 0) yield entries;
    after = next;
  } while (after !== undefined);
}

/** At most so many changes that follow a position: the newest ones without it. */
export async function readJournalPage(
  db: Connection,
  filter: JournalFilter,
  { after, limit }: { readonly after?: JournalPosition | undefined; readonly limit: number },
): Promise<JournalPage> {
  const { query } = await matchingChanges(db, filter, after);
  const rows = await query
    .orderBy("recorded_at", "desc")
    .orderBy("run_id", "desc")
    .orderBy("sequence", "desc")
    .limit(limit + 1)
    .execute();
  const entries = rows.slice(0, limit).map(toEntry);
  const last = entries.at(-1);
  return { entries, next: rows.length > limit && last !== undefined ? positionOf(last) : undefined };
}

/** The changes that match a filter, in no order; in an object, since a query itself can't be awaited. */
export async function matchingChanges(db: Connection, filter: JournalFilter, after?: JournalPosition) {
  const runIds = await runsOf(db, filter);
  const ids = filter.entry && (await idsNamed(db, filter.entry));
  const query = changesIn(db).where((eb) => eb.and(conditions(eb, filter, { runIds, ids, after })));
  return { query };
}

function positionOf({ run: { id, at }, sequence }: JournalEntry): JournalPosition {
  return { at, runId: id, sequence };
}

/** A position as text for an address. */
export function formatPosition({ at, runId, sequence }: JournalPosition): string {
  return `${at}_${runId}_${sequence}`;
}

/** The position that {@link formatPosition} wrote; undefined for any other text. */
export function parsePosition(text: string): JournalPosition | undefined {
  const parts = /^(?<at>[\dTZ:.-]{24})_(?<runId>[\w-]{1,64})_(?<sequence>\d{1,9})$/.exec(text)?.groups;
  const { at, runId, sequence } = parts ?? {};
  if (at === undefined || runId === undefined || sequence === undefined) return undefined;
  return { at, runId, sequence: Number(sequence) };
}

/** What a form can offer to filter by: the kinds of objects that were changed, and through what. */
export async function readJournalChoices(
  db: Connection,
): Promise<{ readonly kinds: readonly string[]; readonly throughs: readonly RunThrough[] }> {
  const kinds: string[] = [];
  // One look-up in the index for each kind: a distinct would read all of it.
  for (let kind = await kindAfter(db, ""); kind !== undefined; kind = await kindAfter(db, kind)) kinds.push(kind);
  const rows = await db.selectFrom("runs").select("through").distinct().execute();
  return { kinds, throughs: rows.flatMap(({ through }) => through ?? []).sort() };
}

async function kindAfter(db: Connection, kind: string): Promise<string | undefined> {
  const query = db.selectFrom("run_changes").select("kind").where("kind", ">", kind).orderBy("kind").limit(1);
  return (await query.executeTakeFirst())?.kind;
}

// From here on, most of the newest changes are likely to be of such a run.
const manyRuns = 2000;

/** The runs that match what the filter says of them, where these are few: their changes are found by their ids. */
async function runsOf(
  db: Connection,
  { actor, actorUserId, through }: JournalFilter,
): Promise<readonly string[] | undefined> {
  if (actor === undefined && actorUserId === undefined && through === undefined) return undefined;
  const rows = await db
    .selectFrom("runs")
    .select("id")
    .where((eb) => eb.and(runConditions(eb, { actor, actorUserId, through })))
    .limit(manyRuns + 1)
    .execute();
  return rows.length > manyRuns ? undefined : rows.map(({ id }) => id);
}

function runConditions(
  eb: ExpressionBuilder<Tables, "runs">,
  { actor, actorUserId, through }: JournalFilter,
): Expression<SqlBool>[] {
  return [
    ...(through === undefined ? [] : [eb("through", "=", through)]),
    ...(actorUserId === undefined ? [] : [eb("actor_user_id", "=", actorUserId)]),
    ...(actor === undefined ? [] : [eb.or([contains("actor", actor), contains("claimed_actor", actor)])]),
  ];
}

interface Found {
  /** Undefined where there are many, or all match. */
  readonly runIds: readonly string[] | undefined;
  /** Of rows; undefined for all. */
  readonly ids: readonly string[] | undefined;
  readonly after: JournalPosition | undefined;
}

function conditions(
  eb: ExpressionBuilder<Tables, "runs" | "run_changes">,
  filter: JournalFilter,
  { runIds, ids, after }: Found,
): Expression<SqlBool>[] {
  const { kind, entry, key, runId, action, sinceMs, untilMs, text } = filter;
  const isNamed = entry && eb.and([eb("kind", "=", entry.kind), eb("key", "=", entry.key)]);
  return [
    ...(isNamed ? [ids?.length ? eb.or([eb("resource_id", "in", ids), isNamed]) : isNamed] : []),
    ...(runIds === undefined
      ? runConditions(eb, filter)
      : [runIds.length > 0 ? eb("run_id", "in", runIds) : eb.lit(false)]),
    ...(kind === undefined ? [] : [eb("kind", "=", kind)]),
    ...(key === undefined ? [] : [eb("key", "=", key)]),
    ...(runId === undefined ? [] : [eb("run_id", "=", runId)]),
    ...(action === undefined ? [] : [eb("action", "=", action)]),
    ...(sinceMs === undefined ? [] : [eb("recorded_at", ">=", isoOf(sinceMs))]),
    ...(untilMs === undefined ? [] : [eb("recorded_at", "<", isoOf(untilMs))]),
    ...(text === undefined ? [] : [contains("key", text)]),
    ...(after === undefined
      ? []
      : [
          // An index gives this part of it.
          eb("recorded_at", "<=", after.at),
          eb.or([
            eb("recorded_at", "<", after.at),
            eb("run_id", "<", after.runId),
            eb.and([eb("run_id", "=", after.runId), eb("sequence", "<", after.sequence)]),
          ]),
        ]),
  ];
}

function changesIn(db: Connection) {
  return db
    .selectFrom("run_changes")
    .innerJoin("runs", "runs.id", "run_changes.run_id")
    .select(["run_id", "finished_at", "actor", "actor_user_id", "claimed_actor"])
    .select(["through", "owner", "version", "files", "number", "signature"])
    .select(["sequence", "action", "kind", "key", "resource_id", "fields", "recorded_at"]);
}

/** The ids of the rows that have this name now, or had it when they were deleted. */
async function idsNamed(
  db: Connection,
  { kind, key }: { readonly kind: string; readonly key: string },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("run_changes")
    .select("resource_id")
    .distinct()
    .where("kind", "=", kind)
    .where("key", "=", key)
    .execute();
  const ids: string[] = [];
  for (const { resource_id: id } of rows) {
    const latest = await db
      .selectFrom("run_changes")
      .select("key")
      .where("resource_id", "=", id)
      .orderBy("recorded_at", "desc")
      .orderBy("sequence", "desc")
      .limit(1)
      .executeTakeFirst();
    if (latest?.key === key) ids.push(id);
  }
  return ids;
}

type ChangeRow = Awaited<ReturnType<ReturnType<typeof changesIn>["executeTakeFirstOrThrow"]>>;

export function toEntry(row: ChangeRow): JournalEntry {
  return {
    run: {
      id: row.run_id,
      at: row.finished_at,
      actor: row.actor,
      actorUserId: row.actor_user_id,
      claimedActor: row.claimed_actor,
      through: row.through,
      owners: row.owner === "" ? [] : row.owner.split("\n"),
      files: JSON.parse(row.files) as readonly JournalFile[],
      version: row.version,
      number: row.number,
      isSigned: row.signature !== null,
    },
    sequence: row.sequence,
    // Only this program writes these.
    action: row.action as JournalAction,
    kind: row.kind,
    key: row.key,
    resourceId: row.resource_id,
    fields: JSON.parse(row.fields) as readonly JournalField[],
  };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
