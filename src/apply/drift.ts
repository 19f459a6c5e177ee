import { isDeepStrictEqual } from "node:util";
import { anyTables, type Connection, chunk, readInPieces } from "../database/database.js";
import type { RunThrough } from "../database/tables.js";
import type { Kind } from "../plan/kind.js";
import type { AttributeSpec } from "../plan/kind-shape.js";
import { type Change, type Drift, type FieldChange, hasDrift, type PlainValue } from "../plan/resource.js";
import type { RunResult } from "./run.js";

/**
 * Marks the changes that undo what was done at run time since the files were last applied. Only for entries that the plan updates
 * does it read the record of runs.
 */
export async function markDrift(
  db: Connection,
  kinds: readonly Kind[],
  changes: readonly Change[],
): Promise<readonly Change[]> {
  const updates = changes.filter(({ action }) => action === "update");
  if (updates.length === 0) return changes;
  const records = await readRecords(
    db,
    updates.map(({ id }) => id),
  );
  const renames = new Map<string, readonly Rename[]>();
  const found = new Map<Change, readonly FieldChange[]>();
  const edited = new Map<Kind, Set<string>>();
  for (const kind of kinds) {
    for (const change of updates.filter((update) => update.kind === kind.name)) {
      const history = records.get(change.id) ?? [];
      const fields: FieldChange[] = [];
      for (const field of change.fields) {
        const spec = kind.attributes[field.name];
        const target = spec?.references;
        if (target !== undefined && !renames.has(target)) renames.set(target, await readRenames(db, target));
        const drift = spec && findDrift(field, spec, history, renames.get(target ?? ""));
        fields.push(drift ? { ...field, drift } : field);
        if (drift?.through === "database") edited.set(kind, (edited.get(kind) ?? new Set()).add(change.id));
      }
      found.set(change, fields);
    }
  }
  const times = await readEditTimes(db, edited, records);
  const withTime = (id: string, field: FieldChange): FieldChange =>
    "drift" in field && field.drift?.through === "database"
      ? { ...field, drift: { ...field.drift, at: times.get(id) ?? null } }
      : field;
  return changes.map((change) => {
    const fields = found.get(change);
    return fields === undefined ? change : { ...change, fields: fields.map((field) => withTime(change.id, field)) };
  });
}

/** A plan with only the changes that undo what was done at run time. */
export function onlyDrift(plan: RunResult): RunResult {
  const changes = plan.changes.filter(hasDrift);
  const ids = new Set(changes.map(({ id }) => id));
  const { gains, losses } = plan.access;
  const access = {
    ...plan.access,
    gains: gains.filter(({ cause }) => ids.has(cause.id)),
    losses: losses.filter(({ cause }) => ids.has(cause.id)),
  };
  return { ...plan, outcome: changes.length > 0 ? "planned" : "unchanged", migrations: [], changes, access };
}

/** A change of one entry that a run recorded. */
export interface RecordedChange {
  readonly isApply: boolean;
  /** Of the files of an apply. */
  readonly owner: string;
  /** The name that the entry had then. */
  readonly key: string;
  readonly action: string;
  readonly at: string;
  readonly by: string;
  readonly through: RunThrough | null;
  readonly fields: readonly RecordedField[];
}

type RecordedField = { readonly name: string; readonly after?: PlainValue };

export interface Rename {
  readonly from: string;
  readonly to: string;
  readonly at: string;
}

/** What was done at run time to a field since files last set it; `field.before` is its value now. */
export function findDrift(
  field: FieldChange,
  spec: AttributeSpec,
  history: readonly RecordedChange[],
  renames: readonly Rename[] = [],
): Drift | undefined {
  if ("unknown" in field) return undefined;
  const names = [field.name, ...(spec.recordedAs ?? [])];
  const fieldOf = ({ fields }: RecordedChange) => fields.find(({ name }) => names.includes(name));
  const isFromFiles = (record: RecordedChange) =>
    record.isApply && (record.action === "create" || fieldOf(record) !== undefined);
  const last = history.findLastIndex(isFromFiles);
  const applied = history[last];
  if (applied === undefined) return undefined;
  const later = history.slice(last + 1).filter((record) => !record.isApply);
  if ("sensitive" in field) {
    const run = later.findLast((record) => fieldOf(record) !== undefined);
    return run && { at: run.at, by: run.by, through: run.through };
  }
  // The files may have left it alone so far.
  const set = fieldOf(applied)?.after;
  if (set === undefined) return undefined;
  const was = renames.reduce((value, rename) => (rename.at < applied.at ? value : withRename(value, rename)), set);
  const became = field.before;
  if ((spec.same ?? isDeepStrictEqual)(was, became)) return undefined;
  const run = later.findLast((record) => {
    const recorded = fieldOf(record);
    // Personal data is recorded by name alone.
    return recorded && (recorded.after === undefined || isDeepStrictEqual(recorded.after, became));
  });
  if (run === undefined) return { was, became, at: null, by: null, through: "database" };
  return { was, became, at: run.at, by: run.by, through: run.through };
}

type Records = ReadonlyMap<string, readonly RecordedChange[]>;

/** What runs did to these entries, by the entry's id, the oldest first. */
export async function readRecords(db: Connection, ids: readonly string[]): Promise<Records> {
  const records = new Map<string, RecordedChange[]>();
  // A run begins before it waits for the lock, and is finished under it.
  const all = recorded(db).orderBy("finished_at").orderBy("sequence");
  const rows = await readInPieces(ids, (some) => all.where("resource_id", "in", some).execute());
  for (const row of rows) addRecord(records, row);
  return records;
}

/** What files did to all entries, by kind and id, the oldest first. Few of many runs are of files. */
export async function readApplied(db: Connection): Promise<ReadonlyMap<string, Records>> {
  const runs = await db.selectFrom("runs").select("id").where("owner", "!=", "").orderBy("finished_at").execute();
  const byKind = new Map<string, Map<string, RecordedChange[]>>();
  for (const batch of chunk(runs, 200)) {
    const ids = batch.map(({ id }) => id);
    const rows = await recorded(db).where("run_id", "in", ids).orderBy("finished_at").orderBy("sequence").execute();
    for (const row of rows) {
      const records = byKind.get(row.kind) ?? new Map<string, RecordedChange[]>();
      byKind.set(row.kind, records);
      addRecord(records, row);
    }
  }
  return byKind;
}

function recorded(db: Connection) {
  return db
    .selectFrom("run_changes")
    .innerJoin("runs", "runs.id", "run_changes.run_id")
    .select(["kind", "resource_id", "action", "key", "fields", "runs.owner", "actor", "claimed_actor", "through"])
    .select("finished_at");
}

type RecordRow = Awaited<ReturnType<ReturnType<typeof recorded>["executeTakeFirstOrThrow"]>>;

function addRecord(records: Map<string, RecordedChange[]>, row: RecordRow): void {
  const record: RecordedChange = {
    isApply: row.owner !== "",
    owner: row.owner,
    key: row.key,
    action: row.action,
    at: row.finished_at,
    by: row.claimed_actor ?? row.actor,
    through: row.through,
    fields: JSON.parse(row.fields) as readonly RecordedField[],
  };
  const known = records.get(row.resource_id);
  if (known) known.push(record);
  else records.set(row.resource_id, [record]);
}

/** Entries that others refer to, and that were renamed: the references stay. The oldest first. */
export async function readRenames(db: Connection, kind: string): Promise<readonly Rename[]> {
  const rows = await db
    .selectFrom("run_changes")
    .innerJoin("runs", "runs.id", "run_changes.run_id")
    .select(["key", "fields", "finished_at"])
    .where("kind", "=", kind)
    .where("action", "=", "update")
    .where("fields", "like", '[{"name":"key",%')
    .orderBy("finished_at")
    .execute();
  return rows.map(({ key, fields, finished_at: at }) => {
    const [{ before: from }] = JSON.parse(fields) as readonly [{ readonly before: string }];
    return { from, to: key, at };
  });
}

function withRename(value: PlainValue, rename: Rename): PlainValue {
  if (value === rename.from) return rename.to;
  // A list of references is a set, which its kind sorts.
  if (Array.isArray(value)) return value.map((item) => withRename(item, rename)).sort();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key === rename.from ? rename.to : key, part]));
}

/** When these rows were edited, where the row itself has a later time than any run's. */
export async function readEditTimes(
  db: Connection,
  edited: ReadonlyMap<Kind, ReadonlySet<string>>,
  records: ReadonlyMap<string, readonly RecordedChange[]>,
): Promise<ReadonlyMap<string, string>> {
  const times = new Map<string, string>();
  for (const [{ table }, ids] of edited) {
    const edits = anyTables(db).selectFrom(table).select(["id", "updated_at"]);
    for (const row of await readInPieces([...ids], (some) => edits.where("id", "in", some).execute())) {
      const [id, at] = [String(row.id), String(row.updated_at)];
      if (at > (records.get(id)?.at(-1)?.at ?? "")) times.set(id, at);
    }
  }
  return times;
}
