import { anyTables, type Connection, chunk, readInPieces } from "./database.js";
import type { Flag } from "./tables.js";

/** What files say of a row beside its attributes, whatever its kind. */
interface StoredSettings {
  readonly protect: boolean;
  readonly renamedFrom: string | null;
}

type SettingsById = ReadonlyMap<string, StoredSettings>;

/**
 * The settings of rows that have some: by kind, then by the row's id.
 *
 * @param ids of these rows alone; without it, of all
 */
export async function readEntrySettings(
  db: Connection,
  ids?: readonly string[],
): Promise<ReadonlyMap<string, SettingsById>> {
  const all = db.selectFrom("entry_settings").selectAll();
  const kinds = new Map<string, Map<string, StoredSettings>>();
  const rows = await readInPieces(ids, (some) => (some ? all.where("resource_id", "in", some) : all).execute());
  for (const { kind, resource_id, protect, renamed_from: renamedFrom } of rows) {
    const known = kinds.get(kind) ?? new Map<string, StoredSettings>();
    kinds.set(kind, known.set(resource_id, { protect: protect === 1, renamedFrom }));
  }
  return kinds;
}

/** A row under the name that it had before a file renamed it. */
export interface FormerName {
  readonly kind: string;
  /** The row's. */
  readonly id: string;
  readonly name: string;
}

/** The former names that rows still go by. */
export async function readFormerNames(db: Connection): Promise<readonly FormerName[]> {
  const rows = await db
    .selectFrom("entry_settings")
    .select(["kind", "resource_id", "renamed_from"])
    .where("renamed_from", "is not", null)
    .execute();
  return rows.map(({ kind, resource_id: id, renamed_from: name }) => ({ kind, id, name: name ?? "" }));
}

interface SettingsChange {
  readonly action: "create" | "update" | "delete";
  readonly kind: string;
  /** The row's id. */
  readonly id: string;
  readonly settings?: StoredSettings | undefined;
}

/** Remembers the settings that a run's changes give their rows, and forgets those of deleted rows. */
export async function writeEntrySettings(db: Connection, changes: readonly SettingsChange[]): Promise<void> {
  const changed = changes.filter(({ action, settings }) => action === "delete" || settings !== undefined);
  for (const batch of chunk(changed, 500)) {
    const ids = batch.map(({ id }) => id);
    await db.deleteFrom("entry_settings").where("resource_id", "in", ids).execute();
  }
  const rows = changed.flatMap(({ kind, id, settings }) => {
    if (!settings || (!settings.protect && settings.renamedFrom === null)) return [];
    const protect: Flag = settings.protect ? 1 : 0;
    return [{ kind, resource_id: id, protect, renamed_from: settings.renamedFrom }];
  });
  for (const batch of chunk(rows, 500)) await db.insertInto("entry_settings").values(batch).execute();
}

/** Forgets that these rows had another name; of a row that has got yet another one, that stays. */
export async function forgetFormerNames(
  db: Connection,
  rows: readonly { readonly id: string; readonly renamedFrom: string }[],
): Promise<void> {
  for (const { id, renamedFrom } of rows) {
    const row = db.updateTable("entry_settings").set({ renamed_from: null }).where("resource_id", "=", id);
    await row.where("renamed_from", "=", renamedFrom).execute();
  }
}

/** Whether a file protects a row from deletion. */
export async function isProtected(db: Connection, kind: string, id: string): Promise<boolean> {
  const row = await db
    .selectFrom("entry_settings")
    .select("protect")
    .where("kind", "=", kind)
    .where("resource_id", "=", id)
    .executeTakeFirst();
  return row?.protect === 1;
}

/** The ids of a kind's protected rows that are not in its table. */
export async function missingProtected(db: Connection, kind: string, table: string): Promise<readonly string[]> {
  const tables = anyTables(db);
  const rows = await tables
    .selectFrom("entry_settings")
    .select("resource_id")
    .where("kind", "=", kind)
    .where("protect", "=", 1)
    .where("resource_id", "not in", tables.selectFrom(table).select("id"))
    .execute();
  return rows.map(({ resource_id }) => String(resource_id));
}
