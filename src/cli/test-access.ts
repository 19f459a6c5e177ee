import type { AccessFacts } from "../access/facts.js";
import { checkTestedPermissions, readAccessTests } from "../apply/access-test-file.js";
import { loadConfig } from "../apply/load.js";
import { plannedAccess } from "../apply/planned-access.js";
import { checkPrincipals, reviewPermissions, runAccessTests } from "../apply/run-access-tests.js";
import { judge, requireCodes, severityRules } from "../apply/severity.js";
import type { Catalogue } from "../config/catalogue.js";
import { noSettings, type Settings } from "../config/settings.js";
import { defaultDatabaseUrl } from "../database/open.js";
import { type Diagnostic, SetupError, setupError } from "../errors.js";
import type { AccessTestReport } from "../report/access-tests.js";
import { fileOptionIn } from "./access-facts.js";
import type { CliContext } from "./context.js";
import { findFiles } from "./find-files.js";
import { type envOptions, loadOptions, type planOptions, runOptions, type SettingsOf } from "./options.js";

/** What the command line says about access tests. */
export interface TestSettings extends SettingsOf<Omit<typeof planOptions, "database" | "offline"> & typeof envOptions> {
  readonly tests: readonly string[];
  /** Undefined where the option is not given. */
  readonly database: string | undefined;
}

/**
 * Runs access tests on what files would leave in an empty database or in the one of `--database`, or without files on a database as
 * it is.
 *
 * @throws SetupError where the tests, the files or the database can't be used, and for names that nothing has
 */
export async function testAccess(
  context: CliContext,
  settings: TestSettings,
  files: readonly string[],
): Promise<AccessTestReport> {
  const startedMs = Date.now();
  if (files.includes("-") && settings.tests.includes("-")) {
    throw setupError("usage", "COMMAND_LINE", "standard input is passed twice", "pass `-` only once");
  }
  const { tests, quote } = await readAccessTests(await findFiles(settings.tests, context.cwd), context.stdin);
  const state =
    files.length > 0 ? await stateOfFiles(context, settings, files) : await stateOfDatabase(context, settings);
  const { facts, catalogue, positionOf, missing } = state;
  const world = { facts, nowMs: Date.now(), missing };
  const wrong = [...checkTestedPermissions(tests, catalogue), ...checkPrincipals(tests, world)];
  if (wrong.length > 0) throw new SetupError("invalid", quote(wrong));
  const near = catalogue ? [] : quote(reviewPermissions(tests, world));
  const diagnostics = [...state.diagnostics, ...judge(severityRules(settings, state.settings), near)];
  const results = (await runAccessTests(tests, world)).map(({ test, failures }) => ({
    test,
    failures: failures.flatMap((failure) =>
      quote([failure.diagnostic]).map((diagnostic) => ({ ...failure, diagnostic })),
    ),
  }));
  return { results, positionOf, diagnostics, durationMs: Date.now() - startedMs };
}

/** What tests are run on. */
interface TestedState extends Pick<AccessTestReport, "positionOf"> {
  readonly facts: AccessFacts;
  readonly settings: Settings;
  readonly catalogue: Catalogue | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What to do where a principal is not there. */
  readonly missing: string;
}

async function stateOfFiles(context: CliContext, given: TestSettings, files: readonly string[]): Promise<TestedState> {
  const configuration = await loadConfig(files, { ...(await loadOptions(context, given)), noEnv: !given.env });
  const { database } = given;
  const options = runOptions(context, { ...given, database: "", offline: true });
  const { facts, rangeOf, diagnostics } = await plannedAccess(configuration, { ...options, database });
  const { settings, catalogue } = configuration;
  return {
    facts,
    settings,
    catalogue,
    diagnostics,
    positionOf: ({ kind, key, attribute, item }) => rangeOf({ kind, key }, attribute, item)?.position,
    missing:
      database === undefined
        ? "correct the name; what only a database has needs --database"
        : "correct the name, or remove the test",
  };
}

async function stateOfDatabase(context: CliContext, given: TestSettings): Promise<TestedState> {
  requireFiles(given);
  requireCodes(given);
  const [{ readAccessFacts }, { readDatabase }] = await Promise.all([
    import("../access/read-facts.js"),
    import("./use-database.js"),
  ]);
  const database = given.database ?? (context.env.VTB_SETUP_DATABASE || defaultDatabaseUrl);
  const facts = await readDatabase(context, { ...given, database }, ({ kysely }) => readAccessFacts(kysely));
  return {
    facts,
    settings: noSettings,
    catalogue: undefined,
    diagnostics: [],
    positionOf: () => undefined,
    missing: "correct the name, or remove the test",
  };
}

/** @throws SetupError `COMMAND_LINE` (usage) where an option is about configuration files, and none are given */
function requireFiles(settings: TestSettings): void {
  const option = fileOptionIn(settings);
  if (option === undefined) return;
  const hint = "name the configuration files, before --tests";
  throw setupError("usage", "COMMAND_LINE", `${option} is about configuration files, and none are given`, hint);
}
