import { type Kysely, sql } from "kysely";
import { createTable } from "./create-table.js";
import { type AnyTables, chunk, type SqlValue } from "./database.js";
import { type ChangeColumns, chainDigest, noLink, type RunColumns } from "./journal-chain.js";

/** Readers of the journal page through its changes by their time, which only their runs had. */
export async function addRecordedAt(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .alterTable("run_changes")
    .addColumn("recorded_at", "text", (column) => column.notNull().defaultTo(""))
    .execute();
  await sql`update run_changes set recorded_at = (select finished_at from runs where runs.id = run_id)`.execute(db);
  for (const [name, columns] of [
    ["run_changes_time", ["recorded_at"]],
    ["run_changes_kind", ["kind", "recorded_at"]],
    ["run_changes_name", ["key"]],
  ] as const) {
    await db.schema
      .createIndex(name)
      .on("run_changes")
      .columns([...columns])
      .execute();
  }
}

/** Makes a chain of the runs. */
export async function chainRuns(db: Kysely<AnyTables>): Promise<void> {
  for (const [name, type] of [
    ["number", "integer"],
    ["digest", "text"],
    ["signature", "text"],
  ] as const) {
    await db.schema.alterTable("runs").addColumn(name, type).execute();
  }
  await createTable(db, {
    name: "journal_head",
    texts: ["digest", "trimmed_digest"],
    optionalTexts: ["signature", "trimmed_signature"],
    integers: ["id", "number", "trimmed_number"],
    primaryKey: ["id"],
  });
  await chainExistingRuns(db);
  await db.schema.createIndex("runs_number").unique().on("runs").column("number").execute();
}

/**
 * Brings the runs of earlier versions into the chain, oldest first, without signatures: the first signed run after them covers
 * them.
 */
async function chainExistingRuns(db: Kysely<AnyTables>): Promise<void> {
  let head = noLink;
  const all = await db.selectFrom("runs").select("id").orderBy("finished_at").orderBy("id").execute();
  for (const batch of chunk(all, 200)) {
    const ids = batch.map(({ id }) => id ?? "");
    const runs = await db.selectFrom("runs").selectAll().where("id", "in", ids).execute();
    const changes = await db
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "in", ids)
      .orderBy("run_id")
      .orderBy("sequence")
      .execute();
    const runById = new Map(runs.map((run) => [run.id, run as RunColumns]));
    const changesByRun = new Map<SqlValue | undefined, ChangeColumns[]>();
    for (const change of changes) {
      const ofRun = changesByRun.get(change.run_id) ?? [];
      changesByRun.set(change.run_id, [...ofRun, change as ChangeColumns]);
    }
    for (const id of ids) {
      const run = runById.get(id);
      if (run === undefined) continue;
      const number = head.number + 1;
      head = { number, digest: chainDigest(head, number, run, changesByRun.get(id) ?? []), signature: null };
      await db.updateTable("runs").set({ number, digest: head.digest }).where("id", "=", id).execute();
    }
  }
  const trimmed = { trimmed_number: 0, trimmed_digest: "", trimmed_signature: null };
  await db
    .insertInto("journal_head")
    .values({ id: 1, ...head, ...trimmed })
    .execute();
}
