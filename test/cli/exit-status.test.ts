import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { runCliProcess, writeFiles } from "../support/cli.js";
import { tablesOf, unreachableDatabase } from "../support/databases.js";
import { always, startServer } from "../support/http-server.js";
import { openForTest, temporaryDatabase, temporaryFolder } from "../support/run.js";
import { jsonOutcome, jsonRun, tokenA, tokenB, tokenItem, tokens, users, workplace } from "./outcome.js";
import { probeConfig, probeModule, quickstart } from "./probe-step.js";

const valid = tokens(tokenItem("open-forms", tokenA));
const invalid = valid.replace("email:", "emial:");
const asking = (origin: string) => `
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      endpoint_config: {oidc_op_discovery_endpoint: "${origin}/realms/test/"}
  items: []
`;
const escapeCharacter = "\u001b";

describe("exit status 0", () => {
  it("is for changes that were made, with results on standard output alone", async () => {
    const { folder } = workplace({ "config.yaml": valid });
    const result = await runCliProcess(["apply", "config.yaml"], { cwd: folder });
    expect(result).toEqual({
      status: 0,
      signal: null,
      stdout: "api_token\n  + open-forms\n\nApplied: 1 created, 0 updated, 0 deleted, 0 unchanged.\n",
      stderr: "",
    });
  });

  it("is for no changes, which writes nothing: no row, no time, no byte", async () => {
    const place = workplace({ "config.yaml": valid });
    await place.run(["apply", "config.yaml"]);
    const contents = await place.contents();
    const again = await place.run(["apply", "config.yaml"]);
    expect(again.status).toBe(0);
    expect(again.json).toMatchObject({
      command: "apply",
      outcome: "unchanged",
      summary: { create: 0, update: 0, delete: 0, unchanged: 1, drift: 0 },
      changes: [],
    });
    expect(await place.contents()).toBe(contents);
    expect(await (await place.open()).kysely.selectFrom("runs").selectAll().execute()).toHaveLength(1);
  });

  it("is for a plan with changes, a valid file, warnings and lists", async () => {
    const place = workplace({ "config.yaml": valid, "short.yaml": tokens(tokenItem("a", "short")) });
    expect((await place.run(["plan", "config.yaml"])).json.outcome).toBe("planned");
    expect(await place.run(["validate", "config.yaml"])).toMatchObject({
      status: 0,
      json: { command: "validate", outcome: "valid", diagnostics: [] },
    });
    const warned = await place.run(["validate", "short.yaml"]);
    expect(warned).toMatchObject({ status: 0, diagnostics: ["warning WEAK_TOKEN 4:30"] });
    expect((await runCliProcess(["steps"])).status).toBe(0);
    expect((await runCliProcess(["schema"])).status).toBe(0);
    expect(await place.hasDatabase()).toBe(false);
  });
});

describe("exit status 1", () => {
  it("is for an error in the program: its kind and position are reported, its text is not, and nothing is changed", async () => {
    const place = workplace({ "config.yaml": valid + probeConfig, "probe.mjs": probeModule, fail: "" });
    const text = await runCliProcess(["apply", "config.yaml", "--steps", "probe.mjs"], { cwd: place.folder });
    expect(text.stderr).toContain("TypeError");
    expect(text.status).toBe(1);
    expect(text.stdout).toBe("");
    expect(text.stderr).toMatch(
      /^error: unexpected TypeError \[INTERNAL\]\n {2}fix: .*\n(?:.*\n)*1 error; nothing was changed\.\n$/,
    );
    expect(text.stderr).not.toContain("the text of this error");
    const json = await place.run(["apply", "config.yaml", "--steps", "probe.mjs"]);
    expect(json).toMatchObject({
      status: 1,
      diagnostics: ["error INTERNAL"],
      json: { command: "apply", outcome: "failed" },
    });
    expect(await place.tables()).toEqual([]);
  });
});

describe("exit status 2", () => {
  it("is for planned changes with --detailed-exitcode only, and 0 where there are none", async () => {
    const place = workplace({ "config.yaml": valid }, runCliProcess);
    const plan = await place.run(["plan", "config.yaml", "--detailed-exitcode"]);
    expect(plan).toMatchObject({ status: 2, changes: ["create api_token open-forms"], json: { outcome: "planned" } });
    expect(await place.hasDatabase()).toBe(false);
    await place.run(["apply", "config.yaml"]);
    expect((await place.run(["plan", "config.yaml", "--detailed-exitcode"])).status).toBe(0);
    expect((await place.run(["apply", "config.yaml", "--detailed-exitcode"])).status).toBe(64);
  });
});

describe("exit status 3", () => {
  it.each(["apply", "plan", "validate"])("is for a configuration that is wrong: %s", async (command) => {
    const place = workplace({ "config.yaml": invalid });
    const text = await runCliProcess([command, "config.yaml"], { cwd: place.folder });
    expect(text.status).toBe(3);
    expect(text.stdout).toBe("");
    expect(text.stderr).toContain("config.yaml:4:105: error: unknown field `emial` [UNKNOWN_FIELD]\n");
    expect(text.stderr).toMatch(
      /\n1 error; nothing was changed\.\nMore about this: vtb-setup explain UNKNOWN_FIELD\n$/,
    );
    const json = await place.run([command, "config.yaml"]);
    expect(json.status).toBe(3);
    expect(json.stderr).toBe("");
    expect(json.json).toEqual({
      formatVersion: 1,
      command,
      outcome: "invalid",
      diagnostics: [
        {
          severity: "error",
          code: "UNKNOWN_FIELD",
          message: "unknown field `emial`",
          hint: "did you mean `email`?",
          file: "config.yaml",
          line: 4,
          column: 105,
          path: "tokenauth.items.0.emial",
        },
      ],
    });
    expect(readdirSync(place.folder)).toEqual(["config.yaml"]);
  });

  it("is for warnings with --strict, and for a reference to nothing", async () => {
    const place = workplace({ "short.yaml": tokens(tokenItem("a", "short")) });
    expect(await place.run(["apply", "short.yaml", "--strict"])).toMatchObject({
      status: 3,
      diagnostics: ["error WEAK_TOKEN 4:30"],
      json: { outcome: "invalid" },
    });
    const dangling = await place.apply(tokens(tokenItem("a", tokenA, "user: nobody")));
    expect(dangling).toMatchObject({ status: 3, diagnostics: ["error REFERENCE_NOT_FOUND 4:123"] });
    expect(await place.hasDatabase()).toBe(false);
  });

  it("is for files that do not exist or cannot be read, all of which are reported", async () => {
    const place = workplace({ "config.yaml": valid });
    mkdirSync(join(place.folder, "empty"));
    const run = await place.run(["validate", "none.yaml", "config.yaml", "empty", "gone.yaml"]);
    expect(run.status).toBe(3);
    expect(run.json.diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      "FILE_UNREADABLE the file none.yaml does not exist",
      "FILE_UNREADABLE the directory empty has no *.yaml or *.yml file",
      "FILE_UNREADABLE the file gone.yaml does not exist",
    ]);
  });
});

describe("exit status 4", () => {
  it("is for what is refused: pruning everything, another owner's entry, a sealing key that does not fit", async () => {
    const place = workplace({ "config.yaml": valid, "none.yaml": tokens() });
    expect((await place.run(["apply", "config.yaml"])).status).toBe(0);
    expect(await place.run(["apply", "none.yaml", "--prune"])).toMatchObject({
      status: 4,
      diagnostics: ["refusal PRUNE_REFUSED"],
      json: { outcome: "failed" },
    });
    expect(await place.run(["apply", "config.yaml", "--owner", "other"])).toMatchObject({
      status: 4,
      diagnostics: ["refusal OWNED_BY_OTHER 4:7"],
    });
    const text = await runCliProcess(["apply", "none.yaml", "--prune"], { cwd: place.folder });
    expect(text).toMatchObject({ status: 4, stdout: "" });
    expect(text.stderr).toMatch(
      /\[PRUNE_REFUSED\]\n.*\n1 refusal; nothing was changed\.\nMore about this: vtb-setup explain PRUNE_REFUSED\n$/,
    );
    const key = Buffer.alloc(32, 7).toString("base64");
    const other = Buffer.alloc(32, 8).toString("base64");
    expect((await place.run(["apply", quickstart], { env: { VTB_SETUP_KEY: key } })).status).toBe(0);
    expect(await place.run(["apply", quickstart], { env: { VTB_SETUP_KEY: other } })).toMatchObject({
      status: 4,
      diagnostics: ["error KEY_MISMATCH"],
    });
  });

  it("is for a database that a newer version has migrated", async () => {
    const place = workplace({ "config.yaml": valid });
    await place.run(["apply", "config.yaml"]);
    const row = { name: "9999_from_the_future", applied_at: "2030-01-01T00:00:00.000Z" };
    await (await openForTest(place.database)).kysely.insertInto("setup_migrations").values(row).execute();
    expect(await place.run(["apply", "config.yaml"])).toMatchObject({
      status: 4,
      diagnostics: ["error DATABASE_NEWER"],
    });
  });
});

describe("exit status 5", () => {
  it("is for a provider that does not answer", async () => {
    const place = workplace();
    const server = await startServer(always(404, {}));
    await server.close();
    const run = await place.apply(asking(server.origin));
    expect(run).toMatchObject({ status: 5, json: { outcome: "failed" } });
    expect(run.diagnostics).toEqual(["error DISCOVERY_UNREACHABLE 5:7"]);
    expect(await place.hasDatabase()).toBe(false);
    const text = await runCliProcess(["apply", "config.yaml"], { cwd: place.folder });
    expect(text).toMatchObject({ status: 5, stdout: "" });
    expect((await place.run(["apply", "config.yaml", "--offline"])).status).toBe(0);
  });

  it("is for a database that can't be opened", async () => {
    const place = workplace({ "config.yaml": valid });
    const run = await place.run(["apply", "config.yaml", "--database", await unreachableDatabase()]);
    const code = inject("dialect") === "sqlite" ? "DATABASE_LOCKED" : "DATABASE_UNREACHABLE";
    expect(run).toMatchObject({ status: 5, diagnostics: [`error ${code}`], json: { outcome: "failed" } });
  });
});

describe("exit status 64", () => {
  it.each([
    [["aply", "config.yaml"], "unknown command 'aply'", "Did you mean apply?"],
    [["apply"], "missing required argument 'files'", "vtb-setup apply --help"],
    [["apply", "config.yaml", "--prun"], "unknown option '--prun'", "Did you mean --prune?"],
    [["apply", "config.yaml", "--wait", "soon"], "--wait", "such as 30s, 2m or 1h"],
    [["apply", "config.yaml", "--database"], "--database", "vtb-setup apply --help"],
    [["plan", "config.yaml", "--tokens-out", "x"], "unknown option '--tokens-out'", "vtb-setup plan --help"],
    [["validate", "config.yaml", "--database", "sqlite:x"], "unknown option '--database'", "vtb-setup validate --help"],
    [["--outptu", "json"], "unknown option '--outptu'", "vtb-setup --help"],
    [["apply", "config.yaml", "--steps", "none.mjs"], "the module none.mjs does not exist", "docs/"],
    [["apply", "config.yaml", "--database", "postgers://app:Vq3xH8sLr2Zt@db/x"], "is not valid", "sqlite:PATH"],
  ] as const)("is for a command line that is wrong: %j", async (args, what, hint) => {
    const place = workplace({ "config.yaml": valid });
    const text = await runCliProcess(args, { cwd: place.folder });
    expect(text).toMatchObject({ status: 64, stdout: "" });
    expect(text.stderr).toContain(what);
    expect(text.stderr).toContain(hint);
    expect(text.stderr).not.toContain("Vq3xH8sLr2Zt");
    const json = jsonRun(await runCliProcess([...args, "--output=json"], { cwd: place.folder }));
    expect(json).toMatchObject({ status: 64, stderr: "", json: { outcome: "failed" } });
    expect(json.json.diagnostics).toHaveLength(1);
    expect(readdirSync(place.folder)).toEqual(["config.yaml"]);
  });

  it("is for an unknown output format, reported as text", async () => {
    const result = await runCliProcess(["apply", "config.yaml", "--output", "xml"]);
    expect(result).toMatchObject({ status: 64, stdout: "" });
    expect(result.stderr).toContain("Allowed choices are text, json");
  });

  it("is for no arguments: the help goes to standard error, and with --output json the one object to standard output", async () => {
    const result = await runCliProcess([]);
    expect(result).toMatchObject({ status: 64, stdout: "" });
    expect(result.stderr).toMatch(/^Usage: vtb-setup /);
    for (const command of ["apply", "plan", "validate", "steps", "schema"])
      expect(result.stderr).toContain(`  ${command} `);
    const json = jsonRun(await runCliProcess(["--output", "json"]));
    expect(json).toMatchObject({ status: 64, stderr: "", diagnostics: ["error COMMAND_LINE"] });
  });
});

describe("the command line", () => {
  it("prints its version and its help on standard output", async () => {
    const { version }: { version: string } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await runCliProcess(["--version"])).toEqual({ status: 0, signal: null, stdout: `${version}\n`, stderr: "" });
    for (const args of [["--help"], ["help"]]) {
      const help = await runCliProcess(args);
      expect(help).toMatchObject({ status: 0, stderr: "" });
      expect(help.stdout).toMatch(/^Usage: vtb-setup /);
    }
  });

  it("reads - from standard input, and names it so in positions", async () => {
    const place = workplace();
    const applied = await place.run(["apply", "-"], { input: valid });
    expect(applied).toMatchObject({ status: 0, changes: ["create api_token open-forms"] });
    const wrong = await place.run(["apply", "-"], { input: invalid });
    expect(wrong).toMatchObject({ status: 3, diagnostics: ["error UNKNOWN_FIELD 4:105"] });
    const { file } = wrong.json.diagnostics[0] ?? {};
    expect(file).toMatch(/^(?:-|<?stdin>?|standard input)$/);
    const nothing = await place.run(["apply", "-"]);
    expect(nothing).toMatchObject({ status: 3, diagnostics: ["error NO_STEPS_ENABLED"] });
    const twice = await place.run(["apply", "-", "-"], { input: valid });
    expect(twice.status).toBe(3);
  });

  it("takes several files as one configuration", async () => {
    const parts = {
      "flag.yaml": "tokenauth_config_enable: true\n",
      "one.yaml": `tokenauth:\n  items:\n${tokenItem("one", tokenA, "user: jan")}`,
      "two.yaml": `tokenauth:\n  items:\n${tokenItem("two", tokenB)}`,
      "people.yaml": users("username: jan"),
    };
    const place = workplace(parts);
    const run = await place.run(["apply", ...Object.keys(parts)]);
    expect(run).toMatchObject({
      status: 0,
      changes: ["create user jan", "create api_token one", "create api_token two"],
    });
    expect(run.json.changes?.map(({ source }) => source?.file)).toEqual(["people.yaml", "one.yaml", "two.yaml"]);
    const one = workplace({ "all.yaml": valid, "again.yaml": valid });
    expect(await one.run(["apply", "all.yaml", "again.yaml"])).toMatchObject({ status: 3 });
    // Pruning looks at all of them: what another file declares stays.
    expect((await place.run(["plan", ...Object.keys(parts), "--prune", "--detailed-exitcode"])).status).toBe(0);
  });

  it("takes a folder as its *.yaml, in the order of their names, and nothing else in it", async () => {
    const place = workplace({
      "conf/20-two.yaml": `tokenauth:\n  items:\n${tokenItem("two", tokenB)}`,
      "conf/10-one.yaml": valid,
      "conf/readme.txt": "not: [yaml",
      "conf/deeper/three.yaml": "not: [yaml",
      "conf/.hidden.yaml": "not: [yaml",
    });
    const run = await place.run(["apply", "conf"]);
    expect(run).toMatchObject({ status: 0, changes: ["create api_token open-forms", "create api_token two"] });
    expect(run.json.changes?.map(({ source }) => source?.file)).toEqual(["conf/10-one.yaml", "conf/20-two.yaml"]);
    // Kubernetes mounts a ConfigMap as links into a hidden folder.
    const mounted = temporaryFolder();
    writeFiles(mounted, { "..data/config.yaml": valid });
    symlinkSync("..data/config.yaml", join(mounted, "config.yaml"));
    expect((await place.run(["validate", mounted])).status).toBe(0);
  });

  it("writes no colour where there is no terminal, whatever the environment says", async () => {
    const { folder } = workplace({ "config.yaml": valid, "wrong.yaml": invalid });
    for (const env of [{}, { NO_COLOR: "1" }, { FORCE_COLOR: "3", COLORTERM: "truecolor", TERM: "xterm-256color" }]) {
      for (const file of ["config.yaml", "wrong.yaml"]) {
        const { stdout, stderr } = await runCliProcess(["plan", file], { cwd: folder, env });
        expect(stdout + stderr).not.toContain(escapeCharacter);
      }
    }
  });

  it("prints one JSON object alone, also with warnings and generated tokens", async () => {
    const place = workplace();
    const yaml = tokens(tokenItem("weak", "short"), tokenItem("ci", "{generate: true}"));
    const run = await place.apply(`${yaml}other_program: 1\n`);
    expect(run.stderr).toBe("");
    expect(run).toMatchObject({ status: 0, diagnostics: ["warning WEAK_TOKEN 4:33", "warning UNKNOWN_ROOT_KEY 6:1"] });
    expect(run.json.generated).toEqual([
      { kind: "api_token", key: "ci", token: expect.stringMatching(/^vtb_\w{46}$/) },
    ]);
    expect(run.json.run?.startedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(jsonOutcome.safeParse(run.json).success).toBe(true);
  });

  it("takes the database from VTB_SETUP_DATABASE, and --database takes precedence", async () => {
    const place = workplace({ "config.yaml": valid });
    const [inVariable, inOption] = [temporaryDatabase(), temporaryDatabase()];
    const env = { VTB_SETUP_DATABASE: inVariable };
    await place.run(["apply", "config.yaml"], { env });
    expect(await tablesOf(inVariable)).toContain("api_tokens");
    await place.run(["apply", "config.yaml", "--database", inOption], { env });
    expect(await tablesOf(inOption)).toContain("api_tokens");
    expect(await place.hasDatabase()).toBe(false);
  });

  it("says that a file can't be read", async () => {
    const place = workplace({ "config.yaml": valid });
    const run = await place.run(["apply", join("config.yaml", "below")]);
    expect(run).toMatchObject({ status: 3, diagnostics: ["error FILE_UNREADABLE"] });
  });
});
