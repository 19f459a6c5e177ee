import { randomBytes, randomUUID } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import type { ControlledTransaction } from "kysely";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { findNamed } from "../../src/access/find-named.js";
import { apply } from "../../src/apply/apply.js";
import { loadConfig } from "../../src/apply/load.js";
import type { LoadOptions } from "../../src/apply/options.js";
import { plan } from "../../src/apply/plan.js";
import { plannedAccess } from "../../src/apply/planned-access.js";
import { upgrade } from "../../src/apply/upgrade.js";
import { listenForAdmin } from "../../src/cli/admin-server.js";
import { applyCommand } from "../../src/cli/commands/apply.js";
import { historyExportCommand } from "../../src/cli/commands/history-list.js";
import { planCommand } from "../../src/cli/commands/plan.js";
import { tokenCreateCommand } from "../../src/cli/commands/token-create.js";
import { tokenRotateCommand } from "../../src/cli/commands/token-rotate.js";
import { tokenShowCommand } from "../../src/cli/commands/token-show.js";
import { createCliContext } from "../../src/cli/context.js";
import type { Terminal } from "../../src/cli/terminal.js";
import { testAccess } from "../../src/cli/test-access.js";
import { type Database, DatabaseError, driverUnusable } from "../../src/database/database.js";
import { withLock } from "../../src/database/lock.js";
import { openLiveDatabase } from "../../src/database/open.js";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import type { Tables } from "../../src/database/tables.js";
import { type DiagnosticCode, diagnosticCodes, SetupError } from "../../src/errors.js";
import { importDjango } from "../../src/import/import-django.js";
import { backUp } from "../../src/operations/backup.js";
import { checkJournal } from "../../src/operations/journal/check.js";
import type { JournalHead } from "../../src/operations/journal/verify.js";
import { rotateKey } from "../../src/operations/sealing-key.js";
import { accessTestsToJson } from "../../src/report/access-tests.js";
import { checkDiagnostics } from "../../src/report/journal-check.js";
import { outcomeToJson } from "../../src/report/json.js";
import { accessTestsToJunit, accessTestsToTap } from "../../src/report/test-formats.js";
import { createCanaries } from "../support/canaries.js";
import { writeFiles } from "../support/cli.js";
import { databaseOf, isMade, useDatabase, writtenIn } from "../support/databases.js";
import { metadata } from "../support/discovery-document.js";
import { always, startServer, type TestServer } from "../support/http-server.js";
import { writeIncumbent } from "../support/incumbent.js";
import { startCommandRunner } from "../support/many-commands.js";
import { filledDatabase } from "../support/migrated-database.js";
import { openForTest, runOptions, settingsFor, temporaryFolder } from "../support/run.js";
import { createBase } from "./canary-base.js";
import { doctorCanaries } from "./canary-doctor.js";
import { type Command, origins, type Row } from "./canary-row.js";
import { firstCanaryRows } from "./canary-rows-a-i.js";
import { lastCanaryRows } from "./canary-rows-k-y.js";
import { canaryUsers } from "./canary-users.js";

const canaries = createCanaries();
const base = createBase(canaries);
let server: TestServer | undefined;
let closedOrigin = "";
const rows = [...firstCanaryRows(canaries), ...lastCanaryRows(canaries)];
// On a server, those that are about the database.
const rowsHere =
  inject("dialect") === "sqlite"
    ? rows.filter(({ only }) => only !== "postgres")
    : rows.filter(({ only, reported }) => only === "postgres" || (only === undefined && reported !== undefined));

interface Run {
  readonly command: Command;
  readonly output: "text" | "json";
}

const everyRun: readonly Run[] = [
  { command: "validate", output: "text" },
  { command: "plan", output: "json" },
  { command: "apply", output: "text" },
  { command: "validate", output: "json" },
  { command: "plan", output: "text" },
  { command: "apply", output: "json" },
];

beforeAll(async () => {
  const closed = await startServer(always(200, {}));
  closedOrigin = closed.origin;
  await closed.close();
  server = await startServer(
    always(200, {
      ...metadata("https://elsewhere.example"),
      userinfo_endpoint: undefined,
      access_token_issuer: "http://elsewhere.example/trust",
    }),
  );
});

// What libraries and Node print in their verbose modes.
const talkative = { LOG_TOKENS: "1", LOG_STREAM: "1", NODE_DEBUG: "*", DEBUG: "*" };
const runner = startCommandRunner({ ...base.env, ...talkative });

afterAll(async () => {
  runner.end();
  await server?.close();
});

const fullOutput: Partial<Terminal> = { out: async () => ({ kind: "failed", code: "ENOSPC" }) };

/** Runs a command on base.yaml and these files with a terminal that differs from this process's. */
function runHere(
  command: typeof applyCommand | typeof planCommand,
  folder: string,
  differences: Partial<Terminal>,
  ...files: readonly string[]
) {
  const session = createCliContext(process);
  const terminal = { ...session.terminal, talk: () => {}, ...differences };
  const paths = ["base.yaml", ...files].map((name) => join(folder, name));
  return command.run(
    { ...session, terminal, env: base.env, cwd: folder },
    settingsFor(folder, { offline: true }),
    paths,
  );
}

/** The same database, where what only the commit finds out is taken for a lost connection. */
function losingAtCommit(open: Database): Database {
  const commitOf = (tx: ControlledTransaction<Tables>) => ({
    execute: () =>
      tx
        .commit()
        .execute()
        .catch((error: SetupError) => Promise.reject(new DatabaseError("connection_lost", error))),
  });
  const begin = async () => {
    const tx = await open.kysely.startTransaction().execute();
    return replacing(tx, "commit", () => commitOf(tx));
  };
  return { ...open, kysely: replacing(open.kysely, "startTransaction", () => ({ execute: begin })) };
}

function replacing<T extends object>(target: T, method: keyof T, replacement: () => unknown): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (name === method) return replacement;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Creates a token in a database that base.yaml was applied to. */
async function createOver(folder: string, identifier: string): Promise<number> {
  const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
  const database = databaseOf(folder);
  await apply(configuration, runOptions(database, { env: base.env }));
  const session = { ...createCliContext(process), env: base.env, cwd: folder };
  const left = {
    description: undefined,
    allowedIp: [],
    rateLimit: undefined,
    validFrom: undefined,
    expiresAt: undefined,
    contactPerson: "A",
    email: "a@example.nl",
    actor: undefined,
    tokensOut: undefined,
    tokensFormat: undefined,
    secretName: undefined,
    secretNamespace: undefined,
  };
  const settings = { ...left, database, wait: 0, output: "json", user: "beheerder", permission: [] } as const;
  return tokenCreateCommand.run(session, settings, [identifier]);
}

/** What needs more than files and a command line. */
const inProcess: Readonly<Partial<Record<DiagnosticCode, (folder: string) => Promise<unknown>>>> = {
  ...doctorCanaries(canaries),
  ...canaryUsers(canaries, async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    return apply(configuration, runOptions(databaseOf(folder), { env: base.env }));
  }),
  ACCESS_TEST_FAILED: async (folder) => {
    const [name, claim] = [canaries.make("test-name"), canaries.make("claim")];
    writeFiles(folder, {
      "access.yaml": `tests: [{name: ${name}, client: api-oidc, claims: {sub: ${claim}, ${claim}: x}, may: [taken.delete]}]\n`,
    });
    const context = { ...createCliContext(process), env: base.env, cwd: folder };
    const settings = {
      ...settingsFor(folder, {}),
      env: true,
      database: undefined,
      tests: [join(folder, "access.yaml")],
    };
    const report = await testAccess(context, settings, [join(folder, "base.yaml")]);
    const rendered = [accessTestsToJunit(report), accessTestsToTap(report), JSON.stringify(accessTestsToJson(report))];
    expect(canaries.foundIn(rendered.join("\n"))).toEqual([]);
    const failures = report.results.flatMap((result) => result.failures);
    throw new SetupError(
      "invalid",
      failures.map(({ diagnostic }) => diagnostic),
    );
  },
  COMMIT_UNKNOWN: async (folder) => {
    const database = databaseOf(folder);
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    await apply(configuration, runOptions(database, { env: base.env }));
    const open = await openForTest(database);
    const lock = { timeoutMs: 0, sleep: async () => {}, now: Date.now, newId: randomUUID, hasTables: true };
    return withLock(losingAtCommit(open), lock, async (tx) => {
      await tx
        .updateTable("api_tokens")
        .set({ user_id: canaries.make("nobody") })
        .execute();
      return { commit: true, value: undefined };
    });
  },
  DATABASE_DRIVER: () => Promise.reject(driverUnusable("pg", new Error("no such module"))),
  DATABASE_UNENCRYPTED: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const elsewhere = inject("postgresUrl").replace("127.0.0.1", "0.0.0.0");
    return plan({ ...configuration, warnings: [] }, runOptions(elsewhere, { env: base.env, strict: true }));
  },
  TOKENS_UNSEEN: (folder) => {
    const yaml =
      "tokenauth_config_enable: true\ntokenauth:\n  items: [{identifier: a, token: {generate: true}, contact_person: A, email: a@b.nl}]\n";
    writeFiles(folder, { "rij.yaml": yaml });
    return runHere(applyCommand, folder, { outIsTerminal: false }, "rij.yaml");
  },
  TOKEN_EXISTS: (folder) => createOver(folder, "in-bestand"),
  TOKEN_IN_FILE: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const database = databaseOf(folder);
    await apply(configuration, runOptions(database, { env: base.env }));
    const session = { ...createCliContext(process), env: base.env, cwd: folder };
    const settings = {
      database,
      wait: 0,
      output: "json",
      grace: undefined,
      actor: undefined,
      tokensOut: undefined,
      tokensFormat: undefined,
      secretName: undefined,
      secretNamespace: undefined,
    } as const;
    return tokenRotateCommand.run(session, settings, ["in-bestand"]);
  },
  TOKEN_NOT_FOUND: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const database = databaseOf(folder);
    await apply(configuration, runOptions(database, { env: base.env }));
    const session = { ...createCliContext(process), env: base.env, cwd: folder };
    // Instead of a token's name, its value was pasted.
    return tokenShowCommand.run(session, { database, wait: 0, output: "text" }, [canaries.make("pasted-token")]);
  },
  NAME_UNKNOWN: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const { facts } = await plannedAccess(configuration, { database: undefined, env: base.env });
    // Instead of a token's name, its value was pasted.
    return findNamed(facts, `token:${canaries.make("pasted-name")}`, ["token"]);
  },
  KEY_NOT_SHARED: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const database = `sqlite:${join(folder, "keyed.db")}`;
    const env = { ...base.env, VTB_SETUP_KEY: "" };
    await apply(configuration, runOptions(database, { env }));
    writeFileSync(join(folder, "next"), canaries.add("next-key", randomBytes(32).toString("hex")), { mode: 0o600 });
    return rotateKey({ ...runOptions(database, { env }), newKeyFile: join(folder, "next") });
  },
  JOURNAL_BROKEN: (folder) => refusedJournal(folder, { count: 1, digest: "f".repeat(64) }, true),
  JOURNAL_HEAD_OLD: async (folder) => {
    const check = await checkedJournal(folder, undefined, true);
    const kept = { count: 1, digest: "f".repeat(64) };
    throw new SetupError("refused", checkDiagnostics({ ...check, isHeadTrimmed: true }, kept, { isStrict: false }));
  },
  JOURNAL_POSITION: async (folder) => {
    await checkedJournal(folder, undefined, true);
    const session = { ...createCliContext(process), env: base.env, cwd: folder };
    const options = { database: databaseOf(folder), wait: 0, kind: undefined, since: undefined, until: undefined };
    return historyExportCommand.run(session, { ...options, output: "cef", after: canaries.make("pasted-id") }, []);
  },
  JOURNAL_UNSIGNED: (folder) => refusedJournal(folder, undefined, false),
  LISTEN_FAILED: () => {
    const { hostname: host, port } = new URL(server?.origin ?? "");
    return listenForAdmin({ host, port: Number(port) }, { trustedProxies: 0, log: () => {} });
  },
  BACKUP_FILE: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const database = `sqlite:${join(folder, "copied.db")}`;
    await apply(configuration, runOptions(database, { env: base.env }));
    writeFileSync(join(folder, "backup"), canaries.make("overwritten"));
    return backUp(join(folder, "backup"), runOptions(database, { env: base.env }));
  },
  BACKUP_BY_SERVER: () => {
    const password = canaries.make("backup-password");
    return backUp("auth.dump", runOptions(`postgres://jan:${password}@db.example/auth`, { env: base.env }));
  },
  CHANGES_MADE: (folder) => runHere(applyCommand, folder, fullOutput),
  NOT_UPGRADED: async (folder) => {
    const client = `{identifier: admin-oidc, oidc_rp_client_id: ${canaries.make("id")}, oidc_rp_client_secret: ${canaries.make("shared")}`;
    const yaml = `oidc_db_config_enable: true\noidc_db_config_admin_auth:\n  items: [&a ${client}, sync_groups: no}]\nb: *a\n`;
    writeFiles(folder, { "rij.yaml": yaml });
    const { diagnostics } = await upgrade([join(folder, "rij.yaml")], loadOptions(folder));
    throw new SetupError("refused", diagnostics);
  },
  IMPORT_SOURCE: (folder) => {
    const file = join(folder, "other.sqlite3");
    const database = new (loadSqliteDriver())(file);
    database.exec(
      `CREATE TABLE auth_group (password); INSERT INTO auth_group VALUES ('${canaries.make("elsewhere")}')`,
    );
    database.close();
    return importDjango({ database: `sqlite:${file}`, env: base.env });
  },
  NOT_IMPORTED: async (folder) => {
    const file = join(folder, "db.sqlite3");
    const secrets = ["accent", "unreadable"].map((name) => canaries.make(name));
    const mistakes = [
      `UPDATE token_tokenauth SET token = '${secrets[0]} \u00e9' WHERE identifier = 'accent'`,
      `UPDATE auth_user SET password = 'bcrypt$${secrets[1]}' WHERE username = 'fred'`,
    ];
    writeIncumbent(file, mistakes.join(";"));
    const { configuration } = await importDjango({ database: `sqlite:${file}`, env: base.env });
    const message = configuration.warnings.map((diagnostic) => JSON.stringify(diagnostic)).join("\n");
    throw new SetupError("refused", [{ severity: "warning", code: "NOT_IMPORTED", message }]);
  },
  OUTPUT_FAILED: (folder) => runHere(planCommand, folder, fullOutput),
  DATABASE_LOCKED: async (folder) => {
    const database = databaseOf(folder);
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const begun = { ...configuration, resources: configuration.resources.slice(0, 1) };
    await apply(begun, runOptions(database, { env: base.env }));
    const holder = await (await openForTest(database)).kysely.startTransaction().execute();
    await holder.updateTable("setup_state").set({ revision: 7 }).execute();
    try {
      return await apply(configuration, runOptions(database, { env: base.env, lockTimeoutMs: 100 }));
    } finally {
      await holder.rollback().execute();
    }
  },
  INTERRUPTED: async (folder) => {
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    const stopped = { env: base.env, signal: AbortSignal.abort() };
    return apply(configuration, runOptions(databaseOf(folder), stopped));
  },
  DATABASE_OLDER: async (folder) => {
    const database = databaseOf(folder);
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    await apply(configuration, runOptions(database, { env: base.env }));
    await (await openForTest(database)).kysely
      .deleteFrom("setup_migrations")
      .where("name", "<>", "0001_tables")
      .execute();
    const live = await openLiveDatabase(database, "read");
    onTestFinished(() => live.close());
    return live.changes.current();
  },
};

describe("S89 I3 no secret is printed by any command, as text or JSON, with every code of the program", () => {
  it.each(rowsHere.map((row) => [row.code, row.how, row] as const))("%s: %s", async (code, _how, row) => {
    // All six for each code once; its other rows differ in what is read, not in how it is reported.
    const isFirst = rows.find((other) => other.code === code) === row;
    for (const { command, output, codes, leaks } of await provoke(row, isFirst ? everyRun : everyRun.slice(0, 3))) {
      expect(leaks, `${command} --output ${output}`).toEqual([]);
      if (row.reported?.includes(command) ?? true) expect(codes, `${command} --output ${output}`).toContain(code);
    }
  });

  it("nor by the libraries in their verbose modes", () => {
    expect(runner.said()).toContain("NET");
    expect(canaries.foundIn(runner.said())).toEqual([]);
  });

  it.each(Object.entries(inProcess))("%s, in this process", async (code, provokeHere) => {
    const folder = temporaryFolder();
    base.write(folder);
    const error = await provokeHere(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof SetupError)) throw new Error("expected a refusal", { cause: error });
    expect(error.diagnostics.map((problem) => problem.code)).toEqual([code]);
    const shown = [
      String(error.stack),
      JSON.stringify(outcomeToJson("apply", "failed", error.diagnostics)),
      deep(error),
    ];
    expect(canaries.foundIn(shown.join("\n"))).toEqual([]);
  });

  it("has a way to provoke each code", () => {
    const provoked = new Set<string>([...rows.map(({ code }) => code), ...Object.keys(inProcess)]);
    expect([...provoked].sort()).toEqual(Object.keys(diagnosticCodes).sort());
  });

  it("finds a secret in an output, however it is encoded", () => {
    const secret = canaries.add("told", 'zo "geheim" als\nwat');
    const encoded = Buffer.from(`xx${secret}yy`).toString("base64");
    for (const text of [secret, JSON.stringify({ secret }), encoded, Buffer.from(secret).toString("hex")]) {
      expect(canaries.foundIn(`before ${text} after`)).toContain("told");
    }
    expect(canaries.foundIn("nothing of the kind")).toEqual([]);
  });

  it("S89 a configuration in memory shows no secret when it is printed", async () => {
    const folder = temporaryFolder();
    base.write(folder);
    const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
    expect(configuration.resources.length).toBeGreaterThan(9);
    expect(canaries.foundIn(deep(configuration) + JSON.stringify(configuration))).toEqual([]);
  });
});

async function checkedJournal(folder: string, kept: JournalHead | undefined, hasKey: boolean) {
  const configuration = await loadConfig([join(folder, "base.yaml")], loadOptions(folder));
  const database = databaseOf(folder);
  await apply(configuration, runOptions(database, { env: base.env }));
  const env = hasKey ? base.env : { VTB_SETUP_KEY: randomBytes(32).toString("hex") };
  return checkJournal(runOptions(database, { env }), kept);
}

async function refusedJournal(folder: string, kept: JournalHead | undefined, hasKey: boolean): Promise<never> {
  const check = await checkedJournal(folder, kept, hasKey);
  throw new SetupError("refused", checkDiagnostics(check, kept, { isStrict: true }));
}

function loadOptions(folder: string): LoadOptions {
  const cwd = folder;
  return {
    steps: [],
    overlays: [],
    kinds: [],
    env: base.env,
    cwd,
    strict: false,
    allow: [],
    deny: [],
    stdin: async () => Buffer.alloc(0),
    now: new Date(),
  };
}

function deep(value: unknown): string {
  return inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null, breakLength: 120 });
}

/** Runs the commands, each in its own folder. */
async function provoke(row: Row, runs: readonly Run[]) {
  const yaml = row.yaml?.replaceAll(origins.other, server?.origin ?? "").replaceAll(origins.closed, closedOrigin);
  const places = runs.map((run) => ({ ...run, folder: temporaryFolder() }));
  for (const { folder } of places) {
    base.write(folder);
    writeFiles(folder, { ...row.files, ...(yaml !== undefined && { "rij.yaml": yaml }) });
  }
  const inputs = new Set(readdirSync(places[0]?.folder ?? ""));
  const env = { ...base.env, ...talkative };
  if (row.applied) for (const { folder } of places) useDatabase(folder, await appliedBase());
  for (const { folder } of places) await row.prepare?.(folder);
  const commands = places.map((place) => ({
    args: argumentsOf(row, place),
    cwd: place.folder,
    env: { ...env, ...row.env },
  }));
  const results = await runner.run(commands);
  return Promise.all(
    places.map(async ({ command, output, folder }, index) => {
      const { stdout = "", stderr = "" } = results[index] ?? {};
      const made = readdirSync(folder).filter((name) => !inputs.has(name));
      const left = made.map((name) => [name, readFileSync(join(folder, name))] as const);
      const url = databaseOf(folder);
      const stored = [["database", (await isMade(url)) ? await writtenIn(url) : ""] as const];
      const leaks = [["stdout", stdout] as const, ["stderr", stderr] as const, ...left, ...stored].flatMap(
        ([where, written]) => canaries.foundIn(written).map((name) => `${name} in ${where}`),
      );
      return { command, output, codes: output === "json" ? codesInJson(stdout) : codesInText(stderr), leaks };
    }),
  );
}

/** A database that base.yaml was applied to. It is copied, since hashing its passwords takes long. */
const appliedBase = filledDatabase(async (database) => {
  const folder = temporaryFolder();
  base.write(folder);
  const args = ["apply", "base.yaml", "--database", database];
  const results = await runner.run([{ args, cwd: folder, env: { ...base.env, ...talkative } }]);
  expect(results.map(({ status }) => status)).toEqual([0]);
});

function argumentsOf(row: Row, { command, output, folder }: Run & { readonly folder: string }): readonly string[] {
  const database = command === "validate" || row.database === "" ? [] : [row.database ?? databaseOf(folder)];
  return [
    command,
    ...(row.withBase === false ? [] : ["base.yaml"]),
    ...(row.yaml === undefined ? [] : ["rij.yaml"]),
    ...database.flatMap((url) => ["--database", url]),
    ...(row.args ?? []),
    "--output",
    output,
  ];
}

function codesInText(stderr: string): readonly string[] {
  return [...stderr.matchAll(/\[([A-Z_]+)\]/g)].map(([, code]) => String(code));
}

function codesInJson(stdout: string): readonly string[] {
  const outcome: { readonly diagnostics: readonly { readonly code: string }[] } = JSON.parse(stdout);
  return outcome.diagnostics.map(({ code }) => code);
}
