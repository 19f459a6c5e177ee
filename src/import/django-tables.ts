import { parseJson } from "../characters.js";
import { columnNames } from "../database/create-table.js";
import { anyTables, type Connection, type Database } from "../database/database.js";
import { Secret } from "../secrets/secret.js";

/** A row of a Django database. Its secrets are of type {@link Secret}; databases give flags, lists and JSON in their own ways. */
export type DjangoRow = Readonly<Record<string, unknown>>;

export interface DjangoTable {
  readonly name: string;
  readonly columns: ReadonlySet<string>;
  readonly rows: readonly DjangoRow[];
}

/** The tables that an import reads, by name. */
export type DjangoTables = ReadonlyMap<string, DjangoTable>;

const secretColumns = new Set(["token", "key", "password", "oidc_rp_client_secret", "oidc_rp_idp_sign_key"]);

/** Everything about users, groups, tokens and OpenID Connect; other tables of the API are not read. */
const wanted =
  /^(?:auth_|django_content_type$|authtoken_token$|core_objecttype$|mozilla_django_oidc_db_)|_(?:user|users|groups|user_permissions|tokenauth|permission)$/;

/** Reads the tables in one transaction that may only read. */
export async function readDjangoTables(database: Database): Promise<DjangoTables> {
  const transaction = database.kysely.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
  return await transaction.execute(async (tx) => {
    await database.beginWork(tx);
    const tables = new Map<string, DjangoTable>();
    for (const name of await database.tableNames(tx)) {
      if (!wanted.test(name)) continue;
      const columns = new Set(await columnNames(tx, name));
      tables.set(name, { name, columns, rows: await readRows(tx, name, columns) });
    }
    return tables;
  });
}

async function readRows(db: Connection, name: string, columns: ReadonlySet<string>): Promise<readonly DjangoRow[]> {
  const query = anyTables(db).selectFrom(name).selectAll();
  const rows: readonly DjangoRow[] = await (columns.has("id") ? query.orderBy("id") : query).execute();
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([column, value]) => [
        column,
        secretColumns.has(column) && typeof value === "string" ? new Secret(value) : value,
      ]),
    ),
  );
}

/** A column's text; empty for null and for a column that the table does not have. */
export function textOf(row: DjangoRow, column: string): string {
  const value = row[column];
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

/** A column's secret; an empty one where there is none. */
export function secretOf(row: DjangoRow, column: string): Secret {
  const value = row[column];
  return value instanceof Secret ? value : new Secret("");
}

export function flagOf(row: DjangoRow, column: string): boolean {
  return row[column] === true || row[column] === 1;
}

/** A column with a list or an object: SQLite has it as JSON text. Undefined where that is damaged. */
export function parsedOf(row: DjangoRow, column: string): unknown {
  const value = row[column];
  return typeof value === "string" ? parseJson(value) : value;
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The members of each row in a table between two others, such as the groups of each user. */
export function membersOf(
  table: DjangoTable | undefined,
  rowColumn: string,
  memberColumn: string,
  nameOf: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, string[]>();
  for (const row of table?.rows ?? []) {
    const name = nameOf.get(textOf(row, memberColumn));
    if (name === undefined) continue;
    const id = textOf(row, rowColumn);
    members.set(id, [...(members.get(id) ?? []), name]);
  }
  return members;
}
