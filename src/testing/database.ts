import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apply } from "../apply/apply.js";
import { loadConfig } from "../apply/load.js";
import { plan } from "../apply/plan.js";
import type { Configuration, RunResult } from "../apply/run.js";
import type { Step } from "../config/step.js";
import { databaseUrlIn } from "../database/open.js";
import type { Diagnostic } from "../errors.js";
import type { Kind } from "../plan/kind.js";
import type { Change } from "../plan/resource.js";

/** The text of a YAML file, or an object that says the same. */
export type TestConfig = string | Readonly<Record<string, unknown>>;

export interface TestDatabaseOptions {
  /** A database of yours, which is neither emptied nor deleted; a new file by default. */
  readonly database?: string;
  readonly steps?: readonly Step[];
  readonly kinds?: readonly Kind[];
  /** Defaults to `default`. */
  readonly owner?: string;
  /** Where `value_from`, `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly now?: () => Date;
}

/** A database with all tables, for one test. */
export interface TestDatabase extends AsyncDisposable {
  /** For `createVerifier`, `createLogin`, `plan` and `apply`. */
  readonly url: string;
  /** Applies another configuration to it. */
  readonly apply: (config: TestConfig) => Promise<RunResult>;
  readonly plan: (config: TestConfig) => Promise<RunResult>;
  /**
   * The newest value of a token that was declared with `token: {generate: true}`.
   *
   * @throws Error where none was generated
   */
  readonly generatedToken: (identifier: string) => string;
  readonly close: () => Promise<void>;
}

/**
 * Makes a database and applies a configuration to it, as `vtb-setup apply` does.
 *
 * @throws SetupError with every diagnostic where the configuration is not valid
 * @example
 * await using database = await testDatabase({
 *   tokenauth_config_enable: true,
 *   tokenauth: {
 *     items: [{ identifier: "tests", token: { generate: true }, contact_person: "Tests", email: "tests@gemeente.example" }],
 *   },
 * });
 * const verifier = await createVerifier({ database: database.url });
 * const outcome = await verifier.authenticate(`Token ${database.generatedToken("tests")}`);
 */
export async function testDatabase(config: TestConfig, options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const database = createTestDatabase(options);
  try {
    await database.apply(config);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** There is no database until something is applied. */
function createTestDatabase(options: TestDatabaseOptions): TestDatabase {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-test-"));
  const url = options.database ?? databaseUrlIn(folder);
  const tokens = new Map<string, string>();
  const load = (config: TestConfig): Promise<Configuration> => {
    const { now, ...rest } = options;
    const loadOptions = now ? { ...rest, now: now() } : rest;
    if (typeof config !== "string") return loadConfig([config], loadOptions);
    const file = join(folder, "config.yaml");
    writeFileSync(file, config);
    return loadConfig([file], loadOptions);
  };
  const close = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
  return {
    url,
    apply: async (config) => {
      const result = await apply(await load(config), { ...options, database: url });
      for (const { kind, key, value } of result.generated) if (kind === "api_token") tokens.set(key, value.reveal());
      return result;
    },
    plan: async (config) => plan(await load(config), { ...options, database: url }),
    generatedToken: (identifier) => {
      const token = tokens.get(identifier);
      if (token === undefined) throw new Error(`no token was generated for ${identifier}`);
      return token;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

export interface TestStepOptions extends TestDatabaseOptions {
  /** What else stands in the file: other flags and namespaces that the step's entries refer to. */
  readonly beside?: Readonly<Record<string, unknown>>;
}

/** What a step's entries came to in an empty database. */
export interface TestStepResult {
  /** What `plan` showed and `apply` did, in order. */
  readonly changes: readonly Change[];
  /** Warnings and notes. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Takes entries of a step through the whole pipeline: validate, declare, plan, apply to an empty database, and plan again.
 *
 * @param values what stands under the step's namespace
 * @throws SetupError with every diagnostic where the values are not valid, or a table can't hold them
 * @throws Error where `apply` did something else than `plan` showed, or a second plan would change something again
 * @example
 * const { changes } = await testStep(webhookStep, { items: [{ name: "archief", url: "https://archief.example/hook" }] }, {
 *   kinds: [webhook],
 * });
 * expect(changes).toMatchObject([{ action: "create", kind: "webhook", key: "archief" }]);
 */
export async function testStep(step: Step, values: unknown, options: TestStepOptions = {}): Promise<TestStepResult> {
  const { beside = {}, steps = [], ...others } = options;
  const config = { ...beside, [step.flag]: true, [step.namespace]: values };
  const database = createTestDatabase({ ...others, steps: steps.includes(step) ? steps : [step, ...steps] });
  try {
    const planned = await database.plan(config);
    const { changes, diagnostics } = await database.apply(config);
    const again = await database.plan(config);
    if (namesOf(changes) !== namesOf(planned.changes)) {
      throw new Error(
        `the step ${step.title} applied ${namesOf(changes)}, but its plan was ${namesOf(planned.changes)}`,
      );
    }
    if (again.changes.length > 0) {
      throw new Error(`the step ${step.title} would change again what it has applied: ${namesOf(again.changes)}`);
    }
    return { changes, diagnostics };
  } finally {
    await database.close();
  }
}

/** Such as `create webhook archief, update webhook zaak (url)`. */
function namesOf(changes: readonly Change[]): string {
  return changes
    .map((change) => {
      const fields = change.action === "update" ? ` (${change.fields.map(({ name }) => name).join(", ")})` : "";
      return `${change.action} ${change.kind} ${change.key}${fields}`;
    })
    .join(", ");
}
