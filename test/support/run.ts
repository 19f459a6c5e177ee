import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import type { ApplyOptions } from "../../src/apply/options.js";
import type { Configuration } from "../../src/apply/run.js";
import type { applyCommand } from "../../src/cli/commands/apply.js";
import type { planCommand } from "../../src/cli/commands/plan.js";
import type { SettingsOf } from "../../src/cli/options.js";
import { noSettings } from "../../src/config/settings.js";
import type { Database } from "../../src/database/database.js";
import { openDatabase } from "../../src/database/open.js";
import type { GeneratedSecret } from "../../src/plan/kind.js";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { coreKinds } from "../../src/resources/registry.js";
import { databaseOf, sealingEnv } from "./databases.js";

export { temporaryDatabase } from "./databases.js";
export { temporaryFolder } from "./temporary-folder.js";

/** Opens a database for looking into it; it is closed with the test. */
export async function openForTest(url: string): Promise<Database> {
  const database = await openDatabase(url, "write");
  onTestFinished(() => database.close());
  return database;
}

/** A configuration of these resources, as if files had declared them. */
export function configurationOf(...resources: readonly Resource[]): Configuration {
  return {
    resources,
    kinds: coreKinds,
    owners: [{ setting: undefined, kinds: new Set(coreKinds.map(({ name }) => name)) }],
    settings: noSettings,
    files: [{ file: "test.yaml", sha256: "0".repeat(64) }],
    warnings: [],
    quote: (diagnostics) => diagnostics.map(({ range, ...rest }) => ({ ...rest, position: range?.position })),
  };
}

export function resource(kind: string, key: string, attributes: Attributes = {}): Resource {
  const range = { position: { file: "test.yaml", line: 1, column: 1 }, start: 0, end: 0 };
  return { kind, key, present: true, owner: "default", attributes, range };
}

export function absent(kind: string, key: string): Resource {
  return { ...resource(kind, key), present: false };
}

export interface TestRun extends ApplyOptions {
  /** What was generated so far. */
  readonly handedOut: readonly GeneratedSecret[];
}

/** Options for a run against this database; the clock can be set. */
export function runOptions(database: string, overrides: Partial<ApplyOptions> = {}): TestRun {
  const handedOut: GeneratedSecret[] = [];
  return {
    database,
    owner: "default",
    prune: false,
    strict: false,
    allow: [],
    deny: [],
    waitMs: 0,
    offline: false,
    env: sealingEnv(),
    now: () => new Date(),
    newId: () => randomUUID(),
    onWaiting: () => {},
    onStep: () => {},
    actor: "tester@host",
    through: "apply",
    version: "0.0.0",
    lockTimeoutMs: 5000,
    migrate: true,
    beforeGenerating: () => {},
    leftBehind: { exists: () => false, settle: async () => {} },
    beforeCommit: async (generated) => void handedOut.push(...generated),
    handedOut,
    ...overrides,
    ...(overrides.env && { env: { ...sealingEnv(), ...overrides.env } }),
  };
}

type Settings = SettingsOf<typeof applyCommand.options> & SettingsOf<typeof planCommand.options>;

/** The settings of a plan or an apply of this folder's database, as the command line gives them where nothing else is asked. */
export function settingsFor(folder: string, overrides: Partial<Settings> = {}): Settings {
  return {
    output: "text",
    strict: false,
    allow: [],
    deny: [],
    steps: [],
    overlay: [],
    secretsDir: undefined,
    env: true,
    database: databaseOf(folder),
    owner: "default",
    prune: false,
    wait: 0,
    offline: false,
    migrate: true,
    detailedExitcode: false,
    drift: false,
    tokensOut: undefined,
    tokensFormat: undefined,
    secretName: undefined,
    secretNamespace: undefined,
    actor: undefined,
    ...overrides,
  };
}
