import { anyTables, type Connection } from "../database/database.js";
import { readEntrySettings, readFormerNames } from "../database/entry-settings.js";
import { maxNamed } from "../errors.js";
import type { CurrentResource, Kind, OwnedRows, PlanInput, ReadContext, RunOwner, WantedRows } from "../plan/kind.js";
import type { Plan } from "../plan/plan.js";
import type { Resource } from "../plan/resource.js";
import { ownKindName, requireTables, withOwnTables } from "./run.js";

/** Rows as a plan compares them: all, or with `others` those that it needs. */
export type ReadRows = Pick<PlanInput, "current" | "others">;

/** What is read where a run declares much less than the database holds. */
export interface WantedInput {
  readonly kinds: readonly Kind[];
  readonly desired: readonly Resource[];
  readonly owners: readonly RunOwner[];
  readonly prune: boolean;
  /** A table that has more than this and twice the desired resources is not read whole. */
  readonly fewRows: number;
}

/**
 * Reads the rows that a plan of these resources needs: under their names, former names and values, under the names that they refer to,
 * and with `prune` all of the owners; undefined where that is most of what there is, so that all can be read.
 */
export async function readWanted(context: ReadContext, input: WantedInput): Promise<ReadRows | undefined> {
  const { db } = context;
  const { kinds, desired, owners } = input;
  const large = await findLarge(db, kinds, input.fewRows + 2 * desired.length);
  if (large.size === 0) return undefined;
  const former = await readFormerNames(db);
  const names = wantedNames(kinds, desired);
  for (const { kind, name } of former) names.get(kind)?.add(name);
  const current = new Map<string, readonly CurrentResource[]>();
  const owned = new Map(owners.map(({ name }) => [name, new Map<string, OwnedRows>()]));
  for (const kind of kinds) {
    await requireTables(kind, db);
    const own = ownKindName(kind);
    await withOwnTables(own, async () => {
      const isWhole = kind.isReadWhole || !large.has(kind.name);
      const found = new Map<string, CurrentResource>();
      const add = async (wanted?: WantedRows): Promise<void> => {
        if (wanted?.values.length === 0) return;
        for (const row of await kind.read(context, wanted)) found.set(row.id, row);
      };
      const ofKind = kind.resourcesOf(desired);
      if (isWhole) await add();
      else {
        await add({ by: "key", values: [...(names.get(kind.name) ?? [])] });
        const ids = former.flatMap((entry) => (entry.kind === kind.name ? [entry.id] : []));
        await add({ by: "id", values: ids });
        await add({ by: "identity", values: movedIdentities(kind, ofKind, [...found.values()]) });
      }
      for (const { name } of owners) {
        const isPruned = input.prune && !isWhole;
        const few = maxNamed + ofKind.length;
        const { count, keys } = await kind.countOwned(db, name, isPruned ? Number.MAX_SAFE_INTEGER : few);
        owned.get(name)?.set(kind.name, { count, keys: keys.slice(0, few) });
        if (isPruned) await add({ by: "key", values: keys });
      }
      current.set(kind.name, [...found.values()].sort(byKey));
    });
  }
  return { current: await withSettings(db, current), others: { kinds: large, owned } };
}

/** Whether a plan that was made from some of the rows is the one that all of them give. */
export function standsAlone({ changes, refusals, diagnostics }: Plan): boolean {
  // What is deleted or renamed may be referred to, and what is missing may be misspelt.
  const isFar = changes.some(
    (change) => change.action === "delete" || (change.action === "update" && change.previousKey),
  );
  const isMissing = [...refusals, ...diagnostics].some(
    ({ code }) => code === "REFERENCE_NOT_FOUND" || code === "RESOURCE_IN_USE",
  );
  return !isFar && !isMissing;
}

/** The rows of every kind, sorted by key: databases have their own orders, or none. */
export async function readAll(context: ReadContext, kinds: readonly Kind[]): Promise<ReadRows> {
  const current = new Map<string, readonly CurrentResource[]>();
  for (const kind of kinds) {
    await requireTables(kind, context.db);
    const rows = await withOwnTables(ownKindName(kind), () => kind.read(context));
    current.set(kind.name, [...rows].sort(byKey));
  }
  return { current: await withSettings(context.db, current, "all") };
}

async function withSettings(
  db: Connection,
  current: ReadonlyMap<string, readonly CurrentResource[]>,
  which?: "all",
): Promise<ReadRows["current"]> {
  const ids = which ?? [...current.values()].flatMap((rows) => rows.map(({ id }) => id));
  const settings = await readEntrySettings(db, ids === "all" ? undefined : ids);
  if (settings.size === 0) return current;
  return new Map(
    [...current].map(([kind, rows]) => {
      const ofKind = settings.get(kind);
      return [kind, ofKind ? rows.map((row) => ({ ...row, settings: ofKind.get(row.id) })) : rows];
    }),
  );
}

function byKey({ key: first }: CurrentResource, { key: second }: CurrentResource): number {
  return first < second ? -1 : Number(first > second);
}

/** The kinds whose tables have more rows than that. */
async function findLarge(db: Connection, kinds: readonly Kind[], count: number): Promise<ReadonlySet<string>> {
  const large = new Set<string>();
  for (const kind of kinds) {
    if (kind.isReadWhole) continue;
    const beyond = anyTables(db).selectFrom(kind.table).select("id").limit(1).offset(count);
    const row = await withOwnTables(ownKindName(kind), () => beyond.executeTakeFirst());
    if (row) large.add(kind.name);
  }
  return large;
}

/** The names that a plan looks up, by kind. */
function wantedNames(kinds: readonly Kind[], desired: readonly Resource[]): ReadonlyMap<string, Set<string>> {
  const names = new Map(kinds.map(({ name }) => [name, new Set<string>()]));
  for (const kind of kinds) {
    const references = Object.entries(kind.attributes).flatMap(([attribute, spec]) =>
      spec.references === undefined ? [] : [[attribute, names.get(spec.references)] as const],
    );
    for (const { key, renamedFrom, attributes } of kind.resourcesOf(desired)) {
      names.get(kind.name)?.add(key);
      if (renamedFrom !== undefined) names.get(kind.name)?.add(renamedFrom);
      for (const [attribute, referred] of references) {
        for (const name of [attributes[attribute]].flat()) if (typeof name === "string") referred?.add(name);
      }
    }
    for (const { kind: other, key } of kind.asksFor?.(desired) ?? []) names.get(other)?.add(key);
  }
  return names;
}

/** The values of attributes that no two resources can share, where another row than the resource's may have them. */
function movedIdentities(
  kind: Kind,
  desired: readonly Resource[],
  found: readonly CurrentResource[],
): readonly string[] {
  const rows = new Map(found.map((row) => [row.key, row]));
  return Object.entries(kind.attributes).flatMap(([name, { identity }]) =>
    identity === undefined
      ? []
      : desired.flatMap(({ key, present, attributes }) => {
          const value = present ? identity(attributes[name]) : undefined;
          return value === undefined || rows.get(key)?.attributes[name] === value ? [] : [value];
        }),
  );
}
