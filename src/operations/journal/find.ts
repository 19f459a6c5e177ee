import type { Connection } from "../../database/database.js";
import { startsWith } from "../paging.js";
import { type JournalEntry, type JournalFilter, matchingChanges, toEntry } from "../read-journal.js";

const pageSize = 500;

/** A place in the journal in the order in which runs were committed: behind a change, or behind a run. */
export interface ChainPosition {
  /** Of the run. */
  readonly number: number;
  /** Of the change; infinite behind the last one. */
  readonly sequence: number;
}

/**
 * What was changed, in the order in which it was committed, in pages: what is committed later never comes before what was read, so
 * that a reader can go on from its last change.
 */
export async function* readJournalOnward(
  db: Connection,
  filter: JournalFilter,
  start: ChainPosition = { number: 0, sequence: Number.POSITIVE_INFINITY },
): AsyncGenerator<readonly JournalEntry[]> {
  let after = start;
  while (true) {
    const { number, sequence } = after;
    const { query } = await matchingChanges(db, filter);
    const rows = await query
      // An index gives this part of it.
      .where("number", ">=", number)
      .where((eb) =>
        Number.isFinite(sequence)
          ? eb.or([eb("number", ">", number), eb("sequence", ">", sequence)])
          : eb("number", ">", number),
      )
      .orderBy("number")
      .orderBy("sequence")
      .limit(pageSize)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(toEntry);
    after = { number: last.number ?? 0, sequence: last.sequence };
  }
}

/** The run with this id or number, or whose id alone starts so; undefined where there is none, or more than one. */
export async function findRun(
  db: Connection,
  named: string,
): Promise<{ readonly id: string; readonly number: number | null } | undefined> {
  const runs = db.selectFrom("runs").select(["id", "number"]);
  const exact = await runs.where("id", "=", named).executeTakeFirst();
  if (exact !== undefined) return exact;
  if (/^\d{1,9}$/.test(named)) {
    const numbered = await runs.where("number", "=", Number(named)).executeTakeFirst();
    if (numbered !== undefined) return numbered;
  }
  const [only, other] = await runs.where(startsWith("id", named)).limit(2).execute();
  return other === undefined ? only : undefined;
}

/** The names that objects had, of a kind or of all, at most so many. */
export async function readKeys(db: Connection, kind: string | undefined, limit: number): Promise<readonly string[]> {
  const query = db.selectFrom("run_changes").select("key").distinct().orderBy("key").limit(limit);
  const rows = await (kind === undefined ? query : query.where("kind", "=", kind)).execute();
  return rows.map(({ key }) => key);
}
