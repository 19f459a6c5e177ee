import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig, type TestProjectInlineConfiguration, type TestUserConfig } from "vitest/config";
import { diagnosticReference } from "./scripts/diagnostic-reference.mjs";
import { pageAssets } from "./scripts/page-assets.mjs";
import { fastFolder } from "./test/support/fast-folder.js";

const packageJson: { version: string } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

// Each project gets a copy, since vitest takes out of it what it has read.
const define = { VTB_SETUP_VERSION: JSON.stringify(packageJson.version), ...pageAssets(), ...diagnosticReference() };

/** Tests of what only one database has; the postgres project runs its own. */
const sqliteAlone = ["test/**/sqlite/**", "test/**/sqlite*.test.ts"];
const postgresAlone = ["test/**/postgres/**/*.test.ts", "test/**/postgres*.test.ts"];

/** What opens a database, and so runs on both, with the next ones. Everything else runs once. */
const onBoth = [
  "test/admin/**/*.test.ts",
  "test/cli/**/*.test.ts",
  "test/login/**/*.test.ts",
  "test/security/**/*.test.ts",
  "test/telemetry/**/*.test.ts",
  "test/testing/**/*.test.ts",
  "test/traps/**/*.test.ts",
  "test/verifier/**/*.test.ts",
  "test/seed.test.ts",
];

/** What is closest to the tables: all that `npm test` runs on PostgreSQL as well. */
const closestToTables = [
  "test/access/**/*.test.ts",
  "test/apply/**/*.test.ts",
  "test/database/**/*.test.ts",
  "test/operations/**/*.test.ts",
  "test/resources/**/kind-*.test.ts",
  "test/users/**/*.test.ts",
];

/** What mostly runs commands. A project of its own starts a process for each of them, as people do. */
const runningCommands = ["test/cli/**/*.test.ts", "test/security/**/*.test.ts", "test/traps/**/*.test.ts"];

/** What has no database among these, or asks nothing of it but what others ask as well. */
const once = [
  "test/admin/forbidden.test.ts",
  "test/admin/mounted.test.ts",
  // Its twin, postgres-corpus.test.ts, compares what both databases hold of each of these files.
  "test/cli/corpus.test.ts",
  "test/cli/cost.test.ts",
  "test/cli/discovery-hints.test.ts",
  "test/cli/help.test.ts",
  "test/cli/layout.test.ts",
  "test/cli/provider-lacks.test.ts",
  "test/cli/upgrade.test.ts",
  "test/users/map-claims.test.ts",
  "test/users/permissions.test.ts",
  "test/users/rules.test.ts",
  "test/login/id-token.test.ts",
  "test/login/next-path.test.ts",
  "test/login/refusals.test.ts",
  "test/login/settings.test.ts",
  "test/login/texts.test.ts",
  "test/operations/check-new-token.test.ts",
];

/** What takes the most time of the others, for each tries many cases in a process or a browser; `npm run test:rest`. */
const manyCases = [
  "test/apply/some-rows.test.ts",
  // One of them is enough to see that the pages work in a browser.
  "test/browser/!(admin-walk).test.ts",
  "test/cli/canary.test.ts",
  "test/cli/completion.test.ts",
  "test/cli/doctor-provider.test.ts",
  "test/cli/output.test.ts",
  "test/cli/sqlite-kill.test.ts",
  "test/cli/start.test.ts",
  "test/docs/commands.test.ts",
  "test/verifier/sqlite-restored-file.test.ts",
];

/** What makes the pictures of the documents; `npm run screenshots`. */
const screenshots = ["test/browser/screenshots.ts"];

/** What takes too long to run each time. */
const long = ["test/long/**/*.test.ts"];

/** What runs other programs' servers, which are downloaded. */
const peers = ["test/peers/**/*.test.ts"];

const common = {
  environment: "node",
  pool: "forks",
  // A process for each file would take as long to start as the tests in it. No module of the sources keeps anything.
  isolate: false,
  env: { TMPDIR: fastFolder() },
  testTimeout: 30_000,
  hookTimeout: 30_000,
  // The bundle is loaded as it is.
  server: { deps: { external: [/\/dist\//] } },
} satisfies TestUserConfig;

function onSqlite(name: string, include: string[], exclude: readonly string[] = []): TestProjectInlineConfiguration {
  return {
    define: { ...define },
    test: {
      ...common,
      name,
      provide: { dialect: "sqlite", commands: "here" },
      setupFiles: ["test/support/remember-scrypt.ts"],
      include,
      exclude: [...postgresAlone, ...long, ...peers, ...exclude],
    },
  };
}

function onPostgres(name: string, include: string[], exclude: readonly string[] = []): TestProjectInlineConfiguration {
  return {
    define: { ...define },
    test: {
      ...common,
      name,
      provide: { dialect: "postgres", commands: "here" },
      setupFiles: ["test/support/remember-scrypt.ts", "test/support/postgres-setup.ts"],
      include,
      exclude: [...sqliteAlone, ...once, ...exclude],
    },
  };
}

export default defineConfig({
  test: {
    // One more than there are processors: at times a worker waits for a clock, a process or the server.
    maxWorkers: availableParallelism() + 1,
    globalSetup: ["test/global-setup.ts"],
    // The continuous integration adds up its counts.
    reporters: ["default", ["json", { outputFile: "node_modules/.cache/vitest-report.json" }]],
    projects: [
      onSqlite("sqlite", ["test/**/*.test.ts"]),
      onSqlite("sqlite-first", ["test/**/*.test.ts"], manyCases),
      onSqlite("sqlite-rest", manyCases),
      onPostgres("postgres", [...onBoth, ...closestToTables, ...postgresAlone]),
      onPostgres("postgres-first", closestToTables),
      onPostgres("postgres-rest", [...onBoth, ...postgresAlone], closestToTables),
      {
        define: { ...define },
        test: {
          ...common,
          name: "processes",
          provide: { dialect: "sqlite", commands: "processes" },
          include: runningCommands,
          exclude: postgresAlone,
        },
      },
      {
        define: { ...define },
        test: {
          ...common,
          name: "screenshots",
          provide: { dialect: "sqlite", commands: "here" },
          include: screenshots,
        },
      },
      {
        define: { ...define },
        test: { ...common, name: "long", provide: { dialect: "sqlite", commands: "here" }, include: long },
      },
      {
        define: { ...define },
        test: {
          ...common,
          name: "long-postgres",
          provide: { dialect: "postgres", commands: "here" },
          setupFiles: ["test/support/postgres-setup.ts"],
          include: ["test/long/many-*.test.ts"],
        },
      },
      {
        define: { ...define },
        test: {
          ...common,
          name: "peers",
          provide: { dialect: "sqlite", commands: "here" },
          include: peers,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
