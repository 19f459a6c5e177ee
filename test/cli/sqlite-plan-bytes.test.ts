import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../src/database/open.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { freePort } from "../support/http-server.js";
import { discoveredYaml, oidcYaml } from "../support/oidc-yaml.js";
import { temporaryFolder } from "../support/run.js";
import { tokensYaml } from "../support/tokens.js";
import { probeModule } from "./probe-step.js";

const explicit = oidcYaml({
  oidc_op_authorization_endpoint: "http://127.0.0.1:1/auth",
  oidc_op_token_endpoint: "http://127.0.0.1:1/token",
  oidc_op_user_endpoint: "http://127.0.0.1:1/me",
  oidc_op_jwks_endpoint: "http://127.0.0.1:1/jwks",
});

/** Who may not read and write everything. Where this process may, the command runs as nobody. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};

/** A folder `data` with a database of two tokens and sealed secrets, which was last changed an hour ago. */
async function withDatabase() {
  const folder = temporaryFolder();
  writeFiles(folder, {
    "old.yaml": tokensYaml(2, "old") + explicit,
    "new.yaml": tokensYaml(3, "new") + explicit.replaceAll("only-for-trying-this-out", "another-secret"),
    "data/empty": "",
  });
  const database = join(folder, "data/auth.db");
  const run = (command: string, file: string, ...more: readonly string[]) =>
    runCli([command, file, "--database", `sqlite:${database}`, ...more], { cwd: folder });
  expect(await run("apply", "old.yaml")).toMatchObject({ status: 0 });
  const anHourAgo = Date.now() / 1000 - 3600;
  for (const name of readdirSync(join(folder, "data"))) utimesSync(join(folder, "data", name), anHourAgo, anHourAgo);
  utimesSync(join(folder, "data"), anHourAgo, anHourAgo);
  return { folder, data: join(folder, "data"), database, run };
}

/** Every file of a folder with its bytes, its mode and when it and the folder were changed. */
function snapshot(folder: string) {
  const files = readdirSync(folder).map((name) => {
    const { mtimeMs, mode } = statSync(join(folder, name));
    return { name, mtimeMs, mode, bytes: readFileSync(join(folder, name)).toString("base64") };
  });
  return { files, mtimeMs: statSync(folder).mtimeMs };
}

describe("plan", () => {
  it("changes no byte and no time of a database, and leaves nothing beside it", async () => {
    const { data, run } = await withDatabase();
    const before = snapshot(data);
    expect(before.files.map(({ name }) => name)).toEqual(["auth.db", "auth.db.key", "empty"]);
    const changes = await run("plan", "new.yaml");
    expect(changes).toMatchObject({ status: 0, stdout: expect.stringContaining("Plan: 1 to create, 4 to update") });
    const { mtimeMs: _, ...after } = snapshot(data);
    expect(after).toEqual({ files: before.files });
    expect(await run("plan", "old.yaml")).toMatchObject({ status: 0 });
    expect(snapshot(data).files).toEqual(before.files);
  });

  it("changes no byte of a database that a killed run left with its log, and sees what is in the log", async () => {
    const { folder, data, database, run } = await withDatabase();
    // What a kill between the commit and the end leaves: the log holds the last run.
    const open = await openDatabase(`sqlite:${database}`, "write");
    // A reader in the meantime prevents the run from emptying it.
    const reading = await open.kysely.startTransaction().execute();
    await reading.selectFrom("users").select("id").execute();
    expect(await run("apply", "new.yaml")).toMatchObject({ status: 0 });
    const left = join(folder, "left");
    writeFiles(left, { empty: "" });
    for (const name of ["auth.db", "auth.db-wal", "auth.db.key"]) copyFileSync(join(data, name), join(left, name));
    await reading.rollback().execute();
    await open.close();
    expect(statSync(join(left, "auth.db-wal")).size).toBeGreaterThan(0);
    const contents = () => snapshot(left).files.filter(({ name }) => name !== "auth.db-shm");
    const before = contents();
    const planned = await runCli(["plan", "new.yaml", "--database", `sqlite:${join(left, "auth.db")}`], {
      cwd: folder,
    });
    expect(planned).toMatchObject({ status: 0, stdout: expect.stringContaining("No changes.") });
    expect(contents()).toEqual(before);
  });

  it("creates nothing where nothing exists: no database, no key, no folder", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": tokensYaml(2, "new") + explicit });
    const plan = (database: string) => runCli(["plan", "config.yaml", "--database", database], { cwd: folder });
    const planned = await plan("sqlite:vtb-auth.db");
    expect(planned).toMatchObject({ status: 0, stdout: expect.stringContaining("Plan: 5 to create") });
    const nowhere = await plan("sqlite:no/such/folder/auth.db");
    expect(nowhere).toMatchObject({ status: 4, stderr: expect.stringContaining("[DATABASE_UNREACHABLE]") });
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
  });

  it.each([
    ["a file that may not be written to", 0o400, 0o700],
    ["a file in a folder that may not be written to", 0o600, 0o500],
    ["a file and folder that may not be written to", 0o400, 0o500],
  ])("reads %s, and leaves nothing beside it", async (_, fileMode, folderMode) => {
    const { folder, data, database } = await withDatabase();
    onTestFinished(() => chmodSync(data, 0o700));
    if (nobody.uid !== undefined) {
      for (const path of [folder, data, ...readdirSync(data).map((name) => join(data, name))]) {
        chownSync(path, nobody.uid, nobody.uid);
      }
    }
    chmodSync(database, fileMode);
    chmodSync(data, folderMode);
    const before = snapshot(data);
    const run = (command: string, file: string) =>
      startCli([command, file, "--database", `sqlite:${database}`], { cwd: folder, ...nobody }).ended;
    expect(await run("plan", "new.yaml")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("Plan: 1 to create, 4 to update"),
    });
    expect(await run("plan", "old.yaml")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("No changes."),
    });
    expect(await run("apply", "old.yaml")).toMatchObject({ status: 0 });
    expect(snapshot(data)).toEqual(before);
    // F25: what has to be migrated first is migrated in memory.
    writeFileSync(join(folder, "step.mjs"), probeModule);
    const args = ["plan", "new.yaml", "--steps", "step.mjs", "--database", `sqlite:${database}`];
    expect(await startCli(args, { cwd: folder, ...nobody }).ended).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Migrations to run first\n {2}probe:0001\n.*Plan: 1 to create, 4 to update/s),
    });
    expect(snapshot(data)).toEqual(before);
    // The twin that has something to write can't.
    const refused = await run("apply", "new.yaml");
    expect(refused).toMatchObject({ status: 4, stderr: expect.stringContaining("permission denied on") });
    expect(snapshot(data)).toEqual(before);
  });

  it("exits with 2 for changes and 0 for none with --detailed-exitcode, and with 0 for both without", async () => {
    const { run } = await withDatabase();
    const status = async (...args: Parameters<typeof run>) => (await run(...args)).status;
    expect(await status("plan", "new.yaml", "--detailed-exitcode")).toBe(2);
    expect(await status("plan", "old.yaml", "--detailed-exitcode")).toBe(0);
    expect(await status("plan", "new.yaml")).toBe(0);
    expect(await status("plan", "no-such.yaml", "--detailed-exitcode")).toBe(3);
  });
});

describe("validate --no-env", () => {
  it("works without variables, secret files, database and network, and creates no file", async () => {
    const folder = temporaryFolder();
    const tokens = [
      "tokenauth_config_enable: {value_from: {env: TOKENS_ENABLED}}",
      "tokenauth:",
      "  items:",
      "    - identifier: {value_from: {env: NAME}}",
      "      token: {value_from: {file: /no/such/secret}}",
      "      contact_person: {value_from: {env: PERSON}}",
      "      email: {value_from: {env: EMAIL}}",
      "",
    ].join("\n");
    const dead = discoveredYaml(`http://127.0.0.1:${await freePort()}/realms/test/`);
    writeFiles(folder, { "config.yaml": tokens + dead });
    const env = { VTB_SETUP_DATABASE: "sqlite:/no/such/folder/auth.db" };
    const run = (...args: readonly string[]) => runCli(args, { cwd: folder, env });
    expect(await run("validate", "--no-env", "config.yaml", "--output", "json")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('"outcome": "valid"'),
    });
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
    const without = await run("validate", "config.yaml");
    expect(without.status).toBe(3);
    expect(without.stderr).toMatch(/ENV_NOT_SET.*SECRET_FILE/s);
    expect(existsSync("/no")).toBe(false);
  });

  it("still reports what is wrong in the file itself", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": tokensYaml(1, "new").replace("email:", "emial:") });
    const checked = await runCli(["validate", "--no-env", "config.yaml"], { cwd: folder });
    expect(checked).toMatchObject({ status: 3, stderr: expect.stringContaining("[UNKNOWN_FIELD]") });
  });
});
