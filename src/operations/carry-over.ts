import type { Transaction } from "kysely";
import { columnNames } from "../database/create-table.js";
import { anyTables, type Connection, type Database } from "../database/database.js";
import type { Tables } from "../database/tables.js";
import { carryRevocations, readRevocations } from "./revoke-tokens.js";

/** A token that a command disabled, or a user that one deactivated. */
interface Ended {
  readonly id: string;
  readonly name: string;
  readonly at: string;
  readonly by: string | null;
}

/** Everything that commands ended in a database, which a backup from before may not know. */
interface Endings {
  readonly revocations: Awaited<ReturnType<typeof readRevocations>>;
  readonly disabled: readonly Ended[];
  readonly deactivated: readonly Ended[];
}

/** How much of it a backup did not know. */
export interface CarriedOver {
  readonly revocations: number;
  readonly disabled: number;
  readonly deactivated: number;
}

/** Where a table keeps when and by whom a command ended one of its rows, and what people call the row. */
const endings = {
  disabled: { table: "api_tokens", name: "identifier", at: "disabled_at", by: "disabled_by" },
  deactivated: { table: "users", name: "username", at: "deactivated_at", by: "deactivated_by" },
} as const;

type Ending = (typeof endings)[keyof typeof endings];

/** Reads it from a database that may be of an earlier version. */
export async function readEndings(database: Database, db: Connection): Promise<Endings> {
  const tables = await database.tableNames(db);
  const read = async ({ table, name, at, by }: Ending): Promise<readonly Ended[]> => {
    if (!tables.includes(table) || !(await columnNames(db, table)).includes(at)) return [];
    const rows = await anyTables(db).selectFrom(table).select(["id", name, at, by]).where(at, "is not", null).execute();
    return rows.map((row) => ({
      id: String(row.id),
      name: String(row[name]),
      at: String(row[at]),
      by: row[by] === null ? null : String(row[by]),
    }));
  };
  return {
    revocations: await readRevocations(database, db),
    disabled: await read(endings.disabled),
    deactivated: await read(endings.deactivated),
  };
}

/** Ends the same in a restored database: entries with the same id, and those that have the name, since that is what people ended. */
export async function carryEndings(
  tx: Transaction<Tables>,
  { revocations, disabled, deactivated }: Endings,
): Promise<CarriedOver> {
  const end = async ({ table, name, at, by }: Ending, all: readonly Ended[]): Promise<number> => {
    let count = 0;
    for (const ended of all) {
      const rows = await anyTables(tx)
        .updateTable(table)
        .set({ [at]: ended.at, [by]: ended.by })
        .where((eb) => eb.or([eb("id", "=", ended.id), eb(name, "=", ended.name)]))
        .where(at, "is", null)
        .returning("id")
        .execute();
      count += rows.length;
    }
    return count;
  };
  return {
    revocations: await carryRevocations(tx, revocations),
    disabled: await end(endings.disabled, disabled),
    deactivated: await end(endings.deactivated, deactivated),
  };
}
