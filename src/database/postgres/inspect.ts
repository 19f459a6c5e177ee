import { sql } from "kysely";
import { anyTables, type Database, type DatabaseEnv, type Inspection } from "../database.js";
import { isLocal, parsePostgresUrl } from "./address.js";

/** Looks at the connection to a server, the server's version, and the permissions of the role. */
export async function inspectPostgres(
  url: string,
  database: Database,
  env: DatabaseEnv,
): Promise<readonly Inspection[]> {
  return [await checkEncryption(url, database, env), await checkVersion(database), ...(await checkRole(database))];
}

async function checkEncryption(url: string, { kysely, warnings }: Database, env: DatabaseEnv): Promise<Inspection> {
  const check = "encryption";
  const [warning] = warnings;
  if (warning) {
    const { code, message, hint = "" } = warning;
    return { check, status: "warning", code, message, hint };
  }
  const query = sql<{ version: string | null }>`select version from pg_stat_ssl where pid = pg_backend_pid()`;
  const version = (await query.execute(kysely)).rows[0]?.version;
  if (version) return { check, status: "ok", message: version };
  const { host } = parsePostgresUrl(url, env);
  return { check, status: "ok", message: isLocal(host) ? "none, on this machine" : "none, as sslmode=disable says" };
}

async function checkVersion({ kysely, location }: Database): Promise<Inspection> {
  const query = sql<{ number: string }>`select current_setting('server_version_num') as number`;
  return judgeVersion(location, Math.floor(Number((await query.execute(kysely)).rows[0]?.number) / 10_000));
}

// 13 had its last release in November 2025.
const oldestVersion = 14;

export function judgeVersion(location: string, major: number): Inspection {
  const check = "version";
  // Servers that only speak its protocol may say anything.
  if (!(major < oldestVersion)) return { check, status: "ok", message: `PostgreSQL ${major}` };
  return {
    check,
    status: "warning",
    code: "DATABASE_VERSION",
    message: `the server of the database ${location} is PostgreSQL ${major}, which no longer gets security updates`,
    hint: "upgrade it",
  };
}

const wanted = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;

async function checkRole({ kysely, location }: Database): Promise<readonly Inspection[]> {
  const check = "role";
  const state = await sql<{ standby: boolean; readonly: string }>`select pg_is_in_recovery() as standby,
    current_setting('default_transaction_read_only') as readonly`.execute(kysely);
  if (state.rows[0]?.standby || state.rows[0]?.readonly === "on") {
    const message = `the database ${location} is read-only: it is a standby, or set to read-only`;
    const hint = "connect to the primary server";
    return [{ check, status: "failure", code: "DATABASE_REFUSED", message, hint }];
  }
  // Other programs may have tables beside them.
  const own = await sql<{ name: string }>`select tablename as name from pg_tables
    where schemaname = current_schema() and tableowner =
      (select tableowner from pg_tables where schemaname = current_schema() and tablename = 'setup_migrations')
    order by tablename`.execute(kysely);
  const names = own.rows.map(({ name }) => name);
  const held = await anyTables(kysely)
    .selectNoFrom(
      names.flatMap((table, index) =>
        wanted.map((right) =>
          sql<boolean>`has_table_privilege(format('%I.%I', current_schema(), ${table}::text), ${right})`.as(
            `${right}_${index}`,
          ),
        ),
      ),
    )
    .executeTakeFirst();
  const lacking = wanted.flatMap((right) => {
    const tables = names.filter((_, index) => Reflect.get(held ?? {}, `${right}_${index}`) === false);
    return tables.length === 0
      ? []
      : [`${right} on ${tables.length === names.length ? "every table" : tables.join(", ")}`];
  });
  if (lacking.length === 0) return [{ check, status: "ok", message: "may read and write every table" }];
  return [
    {
      check,
      status: "warning",
      code: "DATABASE_REFUSED",
      message: `this role lacks permissions in the database ${location}: ${lacking.join("; ")}`,
      hint: "grant it the permissions in docs/postgresql.md; a verifier needs fewer than apply",
    },
  ];
}
