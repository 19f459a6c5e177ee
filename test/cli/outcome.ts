import * as z from "zod";
import type { Database } from "../../src/database/database.js";
import { type CliOptions, type CliResult, runCli, writeFiles } from "../support/cli.js";
import { contentsOf, databaseOf, isMade, tablesOf, useDatabase } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const value: z.ZodType = z.unknown();
const drift = z.strictObject({
  was: value.optional(),
  became: value.optional(),
  at: z.iso.datetime().nullable(),
  by: z.string().nullable(),
  through: z.string().nullable(),
});
const field = z.union([
  z.strictObject({ name: z.string(), sensitive: z.literal(true), drift: drift.optional() }),
  z.strictObject({ name: z.string(), unknown: z.literal(true) }),
  z.strictObject({ name: z.string(), before: value, after: value, drift: drift.optional() }),
]);
const place = { file: z.string(), line: z.number(), column: z.number() };
const change = z.strictObject({
  action: z.enum(["create", "update", "delete"]),
  kind: z.string(),
  key: z.string(),
  previousKey: z.string().optional(),
  fields: z.array(field),
  drift: z.literal(true).optional(),
  source: z.strictObject(place).optional(),
});
const diagnostic = z.strictObject({
  severity: z.enum(["error", "refusal", "warning", "note"]),
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  file: place.file.optional(),
  line: place.line.optional(),
  column: place.column.optional(),
  path: z.string().optional(),
});
const count = z.int().nonnegative();
const named = z.strictObject({ kind: z.string(), key: z.string() });
const claims = z.strictObject({ kind: z.string(), name: z.string().optional(), path: z.string().optional() });
const difference = z.strictObject({
  principal: named.extend({ claims: claims.optional() }),
  superuser: z.literal(true).optional(),
  staff: z.literal(true).optional(),
  permissions: z.array(z.string()),
  through: z.array(named),
  cause: named,
  source: z.strictObject(place).optional(),
});

/** The one JSON object, as strictly as the design has it. */
export const jsonOutcome = z.strictObject({
  formatVersion: z.literal(1),
  command: z.string(),
  outcome: z.enum(["planned", "applied", "unchanged", "valid", "invalid", "failed"]),
  summary: z
    .strictObject({
      create: count,
      update: count,
      delete: count,
      unchanged: count,
      gains: count.optional(),
      losses: count.optional(),
      drift: count.optional(),
    })
    .optional(),
  migrations: z.array(z.string()).optional(),
  changes: z.array(change).optional(),
  access: z.strictObject({ gains: z.array(difference), losses: z.array(difference) }).optional(),
  items: z.array(z.strictObject({ file: z.string(), diff: z.string() })).optional(),
  generated: z.array(z.strictObject({ kind: z.string(), key: z.string(), token: z.string() })).optional(),
  diagnostics: z.array(diagnostic),
  run: z.strictObject({ id: z.string(), startedAt: z.string(), durationMs: z.number() }).optional(),
});

type Diagnostic = z.output<typeof diagnostic>;

export interface JsonRun extends Pick<CliResult, "status" | "stderr"> {
  readonly json: z.output<typeof jsonOutcome>;
  /** Such as `error UNKNOWN_FIELD 4:7`, in order. */
  readonly diagnostics: readonly string[];
  /** Such as `create api_token open-forms`, in order. */
  readonly changes: readonly string[];
}

/** A folder with a configuration, and its own database, which exists once something is applied. */
export interface Workplace {
  readonly folder: string;
  /** The database's URL. */
  readonly database: string;
  /** Runs with `--output json`, in the folder. */
  readonly run: (args: readonly string[], options?: CliOptions) => Promise<JsonRun>;
  /** Writes the text as `config.yaml` and applies it. */
  readonly apply: (yaml: string, options?: CliOptions) => Promise<JsonRun>;
  readonly open: () => Promise<Database>;
  /** Whether something made it: a file where it is one, a table where it is on a server. */
  readonly hasDatabase: () => Promise<boolean>;
  readonly tables: () => Promise<readonly string[]>;
  /** Everything that the database holds, to see that nothing was written. */
  readonly contents: () => Promise<string>;
}

export function workplace(files: Readonly<Record<string, string>> = {}, runCommand = runCli): Workplace {
  return workplaceIn(temporaryFolder(), files, runCommand);
}

/** The same with a migrated database, which saves time where a test is not about how one is made. */
export async function migratedWorkplace(files: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const folder = temporaryFolder();
  useDatabase(folder, await migratedDatabase());
  return workplaceIn(folder, files, runCli);
}

function workplaceIn(folder: string, files: Readonly<Record<string, string>>, runCommand: typeof runCli): Workplace {
  writeFiles(folder, files);
  const database = databaseOf(folder);
  const run = async (args: readonly string[], options: CliOptions = {}) =>
    jsonRun(await runCommand([...args, "--output", "json"], { cwd: folder, ...options }));
  return {
    folder,
    database,
    run,
    apply: (yaml, options) => {
      writeFiles(folder, { "config.yaml": yaml });
      return run(["apply", "config.yaml"], options);
    },
    open: () => openForTest(database),
    hasDatabase: () => isMade(database),
    tables: () => tablesOf(database),
    contents: () => contentsOf(database),
  };
}

export function jsonRun({ status, stdout, stderr }: CliResult): JsonRun {
  const json = jsonOutcome.parse(JSON.parse(stdout));
  return {
    status,
    stderr,
    json,
    diagnostics: json.diagnostics.map(shortProblem),
    changes: (json.changes ?? []).map(({ action, kind, key }) => `${action} ${kind} ${key}`),
  };
}

function shortProblem({ severity, code, line, column }: Diagnostic): string {
  return line === undefined ? `${severity} ${code}` : `${severity} ${code} ${line}:${column}`;
}

/** A token item's four required fields; the address is unlike any other. */
export function tokenItem(identifier: string, token: string, more = ""): string {
  return `    - {identifier: ${identifier}, token: ${token}, contact_person: Beheer, email: ${identifier}@example.nl${more && `, ${more}`}}\n`;
}

/** A configuration of these items alone. */
export function tokens(...items: readonly string[]): string {
  return `tokenauth_config_enable: true\ntokenauth:\n  items:${items.length === 0 ? " []" : ""}\n${items.join("")}`;
}

export function users(...items: readonly string[]): string {
  const list = items.map((item) => `    - {${item}}\n`).join("");
  return `default_user_configuration_enable: true\ndefault_user_configuration_config:\n  users:\n${list}`;
}

/** Values that are long and varied enough for no warning. */
export const tokenA = "f3b1c09d5e7a4826b0c4d18e92a7635fd0e1b2c3";
export const tokenB = "0a9c7e5d3b1f2846c8e0a2b4d6f81357e9cbad02";
export const tokenC = "5d0e8f7a6b3c2914d7e6f5a0b9c8d1e2f3a40516";
