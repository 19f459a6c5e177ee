import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/apply/load.js";
import type { LoadOptions } from "../../src/apply/options.js";
import { SetupError } from "../../src/errors.js";
import { runCli, writeFiles } from "../support/cli.js";
import { tokenA, tokenItem, tokens, users, workplace } from "./outcome.js";
import { probeConfig, probeModule } from "./probe-step.js";

const people = users("username: anna, email: anna@example.nl");
const token = tokens(tokenItem("open-forms", tokenA));
const stepsArgument = ["--steps", "probe.mjs"];

function loadOptions(cwd: string): LoadOptions {
  return {
    steps: [],
    overlays: [],
    kinds: [],
    strict: false,
    allow: [],
    deny: [],
    env: {},
    cwd,
    stdin: () => Promise.resolve(Buffer.alloc(0)),
    now: new Date(),
  };
}

async function refusalOf(run: Promise<unknown>): Promise<SetupError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SetupError)) throw new Error("expected a refusal", { cause: error });
  return error;
}

describe("the command line of django-setup-configuration (A1)", () => {
  // Files are arguments here, and a wrong command line is 64.
  it("A1.1 without a file says that one is missing, and does nothing", async () => {
    const place = workplace();
    for (const command of ["apply", "plan", "validate"]) {
      const run = await place.run([command]);
      expect(run).toMatchObject({ status: 64, diagnostics: ["error COMMAND_LINE"] });
      expect(run.json.diagnostics[0]?.message).toBe("missing required argument 'files'");
    }
    expect(readdirSync(place.folder)).toEqual([]);
  });

  it("A1.2 with a file that does not exist says so, and does nothing", async () => {
    const place = workplace();
    const result = await runCli(["apply", "/does/not/exist"], { cwd: place.folder });
    expect(result).toMatchObject({ status: 3, stdout: "" });
    expect(result.stderr).toContain("the file /does/not/exist does not exist [FILE_UNREADABLE]");
    expect(readdirSync(place.folder)).toEqual([]);
  });

  // There are always the program's own steps here; only a module of custom steps can be empty.
  it("A1.3 always has the built-in steps, whatever a module of custom steps adds", async () => {
    const place = workplace({ "none.mjs": "export const steps = [];\n", "config.yaml": people });
    const { stdout, status } = await runCli(["steps", "--steps", "none.mjs"], { cwd: place.folder });
    expect(status).toBe(0);
    for (const flag of [
      "oidc_db_config_enable",
      "tokenauth_config_enable",
      "default_user_configuration_enable",
      "groups_config_enable",
    ]) {
      expect(stdout).toContain(flag);
    }
    expect((await place.run(["apply", "config.yaml", "--steps", "none.mjs"])).status).toBe(0);
  });

  // django-setup-configuration ends with 1; here it is an invalid configuration: 3.
  it.each([
    ["false", people.replace("enable: true", "enable: false"), ["error NO_STEPS_ENABLED"]],
    ["absent", people.replace(/^.*enable: true\n/, ""), ["warning STEP_NOT_ENABLED 1:1", "error NO_STEPS_ENABLED"]],
    ["in an empty file", "", ["error NO_STEPS_ENABLED"]],
  ])(
    "A1.4 with flags that are %s says that no step is enabled, and creates no database",
    async (_what, yaml, diagnostics) => {
      const place = workplace();
      const run = await place.apply(yaml);
      expect(run.status).toBe(3);
      expect([...run.diagnostics].sort()).toEqual([...diagnostics].sort());
      expect(await place.hasDatabase()).toBe(false);
    },
  );

  // django-setup-configuration lists steps; here the changes are listed, and the unknown key is reported on standard error.
  it("A1.5 with two steps and an unknown key at the root runs both, and reports the key", async () => {
    const place = workplace({ "config.yaml": `${people}${token}another_program: {a: 1}\n` });
    const result = await runCli(["apply", "config.yaml"], { cwd: place.folder });
    expect(result.status).toBe(0);
    expect(result.stdout).toBe(
      "user\n  + anna\n\napi_token\n  + open-forms\n\nApplied: 2 created, 0 updated, 0 deleted, 0 unchanged.\n",
    );
    expect(result.stderr).toContain("another_program [UNKNOWN_ROOT_KEY]");
    expect(result.stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  it("A1.6 validates without doing anything", async () => {
    const place = workplace({ "config.yaml": people + token });
    const result = await runCli(["validate", "config.yaml"], { cwd: place.folder });
    expect(result).toMatchObject({ status: 0, stdout: "Valid: config.yaml\n", stderr: "" });
    expect(readdirSync(place.folder)).toEqual(["config.yaml"]);
  });

  // django-setup-configuration refuses a number where text belongs; here it is taken as written, so a list stands for it.
  it("A1.7 reports the errors of all steps in the order of the file, and does nothing", async () => {
    const place = workplace();
    const run = await place.apply(
      users("username: [anna]", "email: bram@example.nl", "username: ~") +
        tokens(tokenItem("open-forms", tokenA, "organization: [x]")),
    );
    expect(run.status).toBe(3);
    expect(run.diagnostics).toEqual([
      "error WRONG_TYPE 4:18",
      "error MISSING_FIELD 5:7",
      "error WRONG_TYPE 6:18",
      "error WRONG_TYPE 10:149",
    ]);
    expect(await place.hasDatabase()).toBe(false);
  });

  // django-setup-configuration prints the first step as done although it is rolled back, and the error's text; here neither is.
  it("A1.8 rolls everything back when a step fails", async () => {
    const place = workplace({ "config.yaml": people, "probe.mjs": probeModule });
    await place.run(["apply", "config.yaml", ...stepsArgument]);
    const contents = await place.contents();
    writeFiles(place.folder, { "more.yaml": token + probeConfig, fail: "" });
    const result = await runCli(["apply", "config.yaml", "more.yaml", ...stepsArgument], { cwd: place.folder });
    expect(result).toMatchObject({ status: 1, stdout: "" });
    expect(result.stderr).toContain("unexpected TypeError [INTERNAL]");
    expect(result.stderr).toContain("nothing was changed");
    expect(await place.contents()).toBe(contents);
    expect(await (await place.open()).kysely.selectFrom("api_tokens").selectAll().execute()).toEqual([]);
  });

  // django-setup-configuration lists what it skips; here a disabled step is not mentioned.
  it("A1.9 runs the enabled step and leaves the disabled one alone, whatever it contains", async () => {
    const place = workplace();
    const disabled =
      "tokenauth_config_enable: false\ntokenauth:\n  items: [{nonsense: {value_from: {env: NOT_SET}}}]\n";
    const run = await place.apply(people + disabled);
    expect(run).toMatchObject({ status: 0, changes: ["create user anna"], diagnostics: [] });
  });

  it("A1.10 succeeds with the same files once the cause of the failure is gone", async () => {
    const place = workplace({ "config.yaml": token + probeConfig, "probe.mjs": probeModule, fail: "" });
    const arguments_ = ["apply", "config.yaml", ...stepsArgument];
    expect((await place.run(arguments_)).status).toBe(1);
    rmSync(join(place.folder, "fail"));
    const run = await place.run(arguments_);
    expect(run.status).toBe(0);
    expect(run.changes).toEqual(["create api_token open-forms", "create probe one", "create probe two"]);
    expect((await place.run(arguments_)).json.outcome).toBe("unchanged");
  });

  // django-setup-configuration finds it only while it writes; here limits are checked before anything is written.
  it("A1.11 rejects a value that the database could not hold when it validates", async () => {
    const place = workplace({ "config.yaml": users(`username: ${"x".repeat(1024)}`) });
    const run = await place.run(["validate", "config.yaml"]);
    expect(run).toMatchObject({ status: 3, diagnostics: ["error INVALID_VALUE 4:18"] });
    expect(run.json.diagnostics[0]?.message).toContain("255");
    expect((await place.apply(users(`username: ${"x".repeat(255)}`))).status).toBe(0);
  });
});

describe("the runner of django-setup-configuration (A2)", () => {
  it("A2.12 refuses a path that does not exist", async () => {
    const { folder } = workplace();
    const error = await refusalOf(loadConfig([join(folder, "none.yaml")], loadOptions(folder)));
    expect(error.reason).toBe("invalid");
    expect(error.diagnostics.map(({ code }) => code)).toEqual(["FILE_UNREADABLE"]);
  });

  it("A2.13 collects the errors of every enabled step", async () => {
    const { folder } = workplace({
      "config.yaml": users("username: []") + tokens(tokenItem("a b", tokenA).replace("a b@", "a@")),
    });
    const error = await refusalOf(loadConfig([join(folder, "config.yaml")], loadOptions(folder)));
    expect(error.diagnostics.map(({ code, path }) => `${code} ${path}`)).toEqual([
      "WRONG_TYPE default_user_configuration_config.users.0.username",
      "INVALID_VALUE tokenauth.items.0.identifier",
    ]);
  });

  // django-setup-configuration returns the error in its result; here it ends the run, and the command line reports it.
  it("A2.14 reports a failure during a write as one diagnostic, in JSON too", async () => {
    const place = workplace({ "config.yaml": probeConfig, "probe.mjs": probeModule, fail: "" });
    const run = await place.run(["apply", "config.yaml", ...stepsArgument]);
    expect(run).toMatchObject({ status: 1, diagnostics: ["error INTERNAL"], json: { outcome: "failed" } });
    expect(run.json.diagnostics[0]?.message).toBe("unexpected TypeError");
  });

  // There is no override: the flag in the file alone says whether a step runs.
  it("A2.15 does not run a disabled step, and runs it once its flag is true", async () => {
    const place = workplace();
    const off = token.replace("enable: true", "enable: false");
    expect((await place.apply(people + off)).changes).toEqual(["create user anna"]);
    expect(await (await place.open()).kysely.selectFrom("api_tokens").selectAll().execute()).toEqual([]);
    expect((await place.apply(people + token)).changes).toEqual(["create api_token open-forms"]);
  });

  it("A2.16 undoes the step that succeeded when a later one fails, and keeps it on the next run", async () => {
    const place = workplace({ "config.yaml": token + probeConfig, "probe.mjs": probeModule, fail: "" });
    const arguments_ = ["apply", "config.yaml", ...stepsArgument];
    expect((await place.run(arguments_)).status).toBe(1);
    expect(await place.tables()).toEqual([]);
    rmSync(join(place.folder, "fail"));
    expect((await place.run(arguments_)).status).toBe(0);
    const { kysely } = await place.open();
    expect(await kysely.selectFrom("api_tokens").select("identifier").execute()).toEqual([
      { identifier: "open-forms" },
    ]);
  });

  it("A2.17 leaves none of a failing step's own rows", async () => {
    const place = workplace({ "config.yaml": probeConfig, "probe.mjs": probeModule });
    const arguments_ = ["apply", "config.yaml", ...stepsArgument];
    const names = async () => {
      const { kysely } = await place.open();
      const rows = kysely
        .withTables<{ probes: { name: string } }>()
        .selectFrom("probes")
        .select("name")
        .orderBy("name");
      return (await rows.execute()).map(({ name }) => name);
    };
    await place.run(arguments_);
    expect(await names()).toEqual(["one", "two"]);
    // The rows are written before the failure.
    writeFiles(place.folder, { "config.yaml": probeConfig.replace("two", "two, three, four"), fail: "" });
    expect((await place.run(arguments_)).status).toBe(1);
    expect(await names()).toEqual(["one", "two"]);
  });
});
