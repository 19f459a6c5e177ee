import type { Database, DatabaseEnv } from "../database/database.js";
import { appliedMigrations, pendingMigrations } from "../database/migrate.js";
import { coreMigrations } from "../database/migrations.js";
import { inspectDatabase, openDatabase, withoutPassword } from "../database/open.js";
import { diagnosed, type Finding, failed, failure, inspected, ok, type Subject } from "./finding.js";

export interface ExaminedDatabase {
  readonly findings: readonly Finding[];
  /** Undefined where nothing can be read from it. The caller closes it. */
  readonly database: Database | undefined;
  /** There is none yet, so that files will be the first to fill it. */
  readonly isAbsent: boolean;
}

/** Opens the database without creating or changing anything, and looks at how it is stored or served. */
export async function examineDatabase(url: string, env: DatabaseEnv): Promise<ExaminedDatabase> {
  const subject: Subject = { kind: "database", key: withoutPassword(url) };
  let database: Database | undefined;
  try {
    database = await openDatabase(url, "read", env);
  } catch (error) {
    return { findings: failed(subject, "connection", error), database: undefined, isAbsent: false };
  }
  if (database === undefined) {
    const message = `there is no database at ${subject.key} yet`;
    const hint = "run `vtb-setup apply`, which creates it, or name another one with --database";
    const missing = failure(subject, "connection", { code: "DATABASE_OLDER", message, hint });
    return { findings: [missing], database: undefined, isAbsent: true };
  }
  const findings = [
    ok(subject, "connection", "can be opened"),
    ...diagnosed(
      subject,
      "mode",
      database.warnings.filter(({ code }) => code === "DATABASE_MODE"),
    ),
  ];
  const inspections = await inspectDatabase(url, database, env).then(
    (found) => found.map((inspection) => inspected(subject, inspection)),
    (error: unknown) => failed(subject, "inspection", error),
  );
  const isDamaged = inspections.some(({ code }) => code === "DATABASE_DAMAGED");
  const tables = isDamaged ? [] : await examineTables(subject, database);
  const isUsable = !isDamaged && tables.every(({ status }) => status === "ok");
  if (!isUsable) await database.close();
  const all = [...findings, ...inspections, ...tables];
  return { findings: all, database: isUsable ? database : undefined, isAbsent: false };
}

async function examineTables(subject: Subject, { kysely }: Database): Promise<readonly Finding[]> {
  const check = "tables";
  try {
    const applied = await appliedMigrations(kysely);
    const pending = pendingMigrations(coreMigrations, applied);
    const last = coreMigrations.at(-1)?.name ?? "";
    if (pending.length === 0) return [ok(subject, check, `as of this version (${last})`)];
    const message =
      applied === undefined
        ? "the database has no tables of vtb-setup yet"
        : `the database lacks ${pending.length === 1 ? "a migration" : `${pending.length} migrations`} of this version: ${pending.map(({ name }) => name).join(", ")}`;
    const hint = "run `vtb-setup apply`, or `vtb-setup migrate`, of this version";
    return [failure(subject, check, { code: "DATABASE_OLDER", message, hint })];
  } catch (error) {
    return failed(subject, check, error);
  }
}
