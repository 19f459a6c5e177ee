import type { Kysely } from "kysely";
import { createTable, type TableShape } from "./create-table.js";
import type { AnyTables } from "./database.js";

/** A table whose rows are resources; the columns that every resource has are added to those named here. */
export interface ResourceTableShape extends Omit<TableShape, "texts" | "primaryKey"> {
  /** The column that holds a resource's key, which no two rows share. */
  readonly keyColumn: string;
  readonly texts?: readonly string[];
}

/** Makes the table of a kind: {@link createTable} with `id`, `owner`, `created_at`, `updated_at` and the key. */
export function createResourceTable(db: Kysely<AnyTables>, shape: ResourceTableShape): Promise<void> {
  const { keyColumn, texts = [], optionalTexts = [], unique = [], ...rest } = shape;
  return createTable(db, {
    ...rest,
    texts: ["id", "created_at", "updated_at", keyColumn, ...texts],
    optionalTexts: ["owner", ...optionalTexts],
    primaryKey: ["id"],
    unique: [[keyColumn], ...unique],
  });
}
