import type { Transaction } from "kysely";
import { columnNames } from "../database/create-table.js";
import type { Connection, Database } from "../database/database.js";
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

/** Reads it from a database that may be of an earlier version. */
export async function readEndings(database: Database, db: Connection): Promise<Endings> {
  const tables = await database.tableNames(db);
  const has = async (table: string, column: string): Promise<boolean> =>
    tables.includes(table) && (await columnNames(db, table)).includes(column);
  return {
    revocations: await readRevocations(database, db),
    disabled: (await has("api_tokens", "disabled_at"))
      ? fromRows(
          await db
            .selectFrom("api_tokens")
            .select(["id", "identifier as name", "disabled_at as at", "disabled_by as by"])
            .where("disabled_at", "is not", null)
            .execute(),
        )
      : [],
    deactivated: (await has("users", "deactivated_at"))
      ? fromRows(
          await db
            .selectFrom("users")
            .select(["id", "username as name", "deactivated_at as at", "deactivated_by as by"])
            .where("deactivated_at", "is not", null)
            .execute(),
        )
      : [],
  };
}

function fromRows(rows: readonly (Omit<Ended, "at"> & { readonly at: string | null })[]): readonly Ended[] {
  return rows.map(({ at, ...row }) => ({ ...row, at: at ?? "" }));
}

/** Ends the same in a restored database: entries with the same id, and those that have the name, since that is what people ended. */
export async function carryEndings(
  tx: Transaction<Tables>,
  { revocations, disabled, deactivated }: Endings,
): Promise<CarriedOver> {
  const disable = async (column: "id" | "identifier", key: string, { at, by }: Ended) => {
    const rows = await tx
      .updateTable("api_tokens")
      .set({ disabled_at: at, disabled_by: by })
      .where(column, "=", key)
      .where("disabled_at", "is", null)
      .returning("id")
      .execute();
    return rows.length;
  };
  const deactivate = async (column: "id" | "username", key: string, { at, by }: Ended) => {
    const rows = await tx
      .updateTable("users")
      .set({ deactivated_at: at, deactivated_by: by })
      .where(column, "=", key)
      .where("deactivated_at", "is", null)
      .returning("id")
      .execute();
    return rows.length;
  };
  const count = { disabled: 0, deactivated: 0 };
  for (const ended of disabled) {
    count.disabled += (await disable("id", ended.id, ended)) + (await disable("identifier", ended.name, ended));
  }
  for (const ended of deactivated) {
    count.deactivated += (await deactivate("id", ended.id, ended)) + (await deactivate("username", ended.name, ended));
  }
  return { revocations: await carryRevocations(tx, revocations), ...count };
}
