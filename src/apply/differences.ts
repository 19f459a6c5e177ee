import type { Connection } from "../database/database.js";
import type { CurrentResource, Kind } from "../plan/kind.js";
import type { AttributeSpec } from "../plan/kind-shape.js";
import type { Drift, FieldChange, ResourceName } from "../plan/resource.js";
import { policy } from "../resources/kinds.js";
import { coreKinds } from "../resources/registry.js";
import { Secret } from "../secrets/secret.js";
import type { Vault } from "../secrets/vault.js";
import {
  findDrift,
  type RecordedChange,
  type Rename,
  readApplied,
  readEditTimes,
  readRecords,
  readRenames,
} from "./drift.js";

/** An entry of a file that is not as the file's last run left it. */
export interface EntryDifference extends ResourceName {
  /** Of the file. */
  readonly owner: string;
  /** `missing`: it was deleted in the database itself. */
  readonly state: "changed" | "missing";
  /** Each with what it was and became, but for secrets; none of a missing entry. */
  readonly fields: readonly FieldDifference[];
}

export interface FieldDifference {
  /** Of an attribute; or `disabled`, `revoked` or `deactivated`, which a command did. */
  readonly name: string;
  readonly drift: Drift;
}

/**
 * What differs from the files since they were last applied, as the record of runs tells it: the files themselves are not needed. What
 * files leave open, such as memberships by hand, is no difference.
 *
 * @param only one entry; without it, all
 */
export async function readDifferences(db: Connection, only?: ResourceName): Promise<readonly EntryDifference[]> {
  // A policy changes with its file alone.
  const kinds = coreKinds.filter(({ name }) => name !== policy.name && (only === undefined || only.kind === name));
  const applied = only === undefined ? await readApplied(db) : undefined;
  const renames = new Map<string, readonly Rename[]>();
  const differences: EntryDifference[] = [];
  for (const kind of kinds) {
    for (const { references } of Object.values(kind.attributes)) {
      if (references !== undefined && !renames.has(references))
        renames.set(references, await readRenames(db, references));
    }
    const rows = await kind.read({ db, vault: closed });
    const managed = rows.filter(({ key, owner }) => owner !== null && (only === undefined || key === only.key));
    const ended = (await kind.ended?.({ db, vault: closed })) ?? new Set<string>();
    const context = { kind, ended, renames };
    const suspects = applied ? await readSuspects(db, context, managed, applied.get(kind.name)) : managed;
    const records = await readRecords(
      db,
      suspects.map(({ id }) => id),
    );
    const changed = suspects.flatMap((row) => {
      const fields = fieldsOf(context, row, records.get(row.id) ?? []);
      return fields.length === 0 ? [] : [{ row, fields }];
    });
    const times = await readEditTimes(db, new Map([[kind, new Set(changed.map(({ row }) => row.id))]]), records);
    for (const { row, fields } of changed) {
      const { key, owner } = row;
      const timed = fields.map((field) => withTime(field, times.get(row.id)));
      differences.push({ kind: kind.name, key, owner: owner ?? "", state: "changed", fields: timed });
    }
    const there = new Set(rows.map(({ id }) => id));
    const made = applied ? [...(applied.get(kind.name)?.keys() ?? [])] : await idsNamed(db, kind, only?.key ?? "");
    const gone = made.filter((id) => !there.has(id));
    for (const missing of await readMissing(db, kind, gone)) {
      if (only === undefined || missing.key === only.key) differences.push(missing);
    }
  }
  return differences.sort(byName);
}

interface Context {
  readonly kind: Kind;
  /** The ids of what a command ended. */
  readonly ended: ReadonlySet<string>;
  readonly renames: ReadonlyMap<string, readonly Rename[]>;
}

/** Those that may differ, of which alone everything that was done to them is read then. */
async function readSuspects(
  db: Connection,
  context: Context,
  rows: readonly CurrentResource[],
  applied: ReadonlyMap<string, readonly RecordedChange[]> = new Map(),
): Promise<readonly CurrentResource[]> {
  const { kind, ended } = context;
  const hasSecrets = Object.values(kind.attributes).some((spec) => spec.sensitive && isCompared(spec));
  const touched = hasSecrets ? await idsWithNewSecrets(db, kind) : new Set<string>();
  return rows.filter(
    (row) => ended.has(row.id) || touched.has(row.id) || fieldsOf(context, row, applied.get(row.id) ?? []).length > 0,
  );
}

async function idsWithNewSecrets(db: Connection, { name }: Kind): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("run_changes")
    .innerJoin("runs", "runs.id", "run_changes.run_id")
    .select("resource_id")
    .where("kind", "=", name)
    .where("runs.owner", "=", "")
    .where("fields", "like", '%"sensitive":true%')
    .execute();
  return new Set(rows.map(({ resource_id: id }) => id));
}

async function idsNamed(db: Connection, { name }: Kind, key: string): Promise<readonly string[]> {
  const query = db.selectFrom("run_changes").select("resource_id").distinct().where("key", "=", key);
  return (await query.where("kind", "=", name).execute()).map(({ resource_id: id }) => id);
}

/** No value of a secret is compared, so none is opened. */
const closed: Vault = {
  seal: () => {
    throw new TypeError("nothing is sealed to be compared");
  },
  open: () => new Secret(""),
};

/** Files set the first only once, the second is what a sign-in left, and the third goes with the value that it generated. */
function isCompared({ createOnly, updateOnly, generates }: AttributeSpec): boolean {
  return !(createOnly || updateOnly || generates);
}

function fieldsOf(
  { kind, ended, renames }: Context,
  row: CurrentResource,
  history: readonly RecordedChange[],
): readonly FieldDifference[] {
  const changed = Object.entries(kind.attributes).flatMap(([name, spec]): readonly FieldDifference[] => {
    if (!isCompared(spec)) return [];
    const value = row.attributes[name];
    // A secret is only known to have changed.
    const field: FieldChange = spec.sensitive
      ? { name, sensitive: true }
      : { name, before: value === undefined || value instanceof Secret ? null : value, after: null };
    const drift = findDrift(field, spec, history, renames.get(spec.references ?? ""));
    return drift ? [{ name, drift }] : [];
  });
  return ended.has(row.id) ? [...changed, endOf(history)] : changed;
}

const endings: readonly string[] = ["disabled", "revoked", "deactivated"];

/** Who ended a token or user by a command, which no file undoes. */
function endOf(history: readonly RecordedChange[]): FieldDifference {
  const endIn = ({ fields }: RecordedChange) =>
    fields.find(({ name, after }) => endings.includes(name) && after !== false && after !== undefined);
  const record = history.findLast((change) => !change.isApply && endIn(change) !== undefined);
  const name = (record && endIn(record)?.name) ?? "disabled";
  const values = { was: false, became: true };
  if (record === undefined) return { name, drift: { ...values, at: null, by: null, through: "database" } };
  return { name, drift: { ...values, at: record.at, by: record.by, through: record.through } };
}

function withTime({ name, drift }: FieldDifference, at: string | undefined): FieldDifference {
  return { name, drift: drift.through === "database" ? { ...drift, at: at ?? null } : drift };
}

/** Entries that files made and no run deleted, of these that are not there. */
async function readMissing(
  db: Connection,
  { name: kind }: Kind,
  gone: readonly string[],
): Promise<readonly EntryDifference[]> {
  const records = await readRecords(db, gone);
  return gone.flatMap((id): readonly EntryDifference[] => {
    const history = records.get(id) ?? [];
    const last = history.at(-1);
    const applied = history.findLast(({ isApply }) => isApply);
    if (applied === undefined || last === undefined || last.action === "delete") return [];
    return [{ kind, key: last.key, owner: applied.owner, state: "missing", fields: [] }];
  });
}

function byName(one: EntryDifference, other: EntryDifference): number {
  const [first, second] = [`${one.kind} ${one.key}`, `${other.kind} ${other.key}`];
  return first < second ? -1 : Number(first > second);
}
