import { describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { explicitProvider, tablesIn, tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { databaseOf, isMade, unreachableDatabase, writtenIn } from "../support/databases.js";
import { serve } from "../support/http-server.js";
import { temporaryFolder } from "../support/run.js";

const value = (letter: string) => `${letter}3f1c9d27b8e04a5${letter}6d1f0e9c8b7a6950413223`;

/** Runs the command in a folder with this configuration. */
function run(folder: string, yaml: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  writeFiles(folder, { "config.yaml": yaml });
  return runCli([...args.slice(0, 1), "config.yaml", ...args.slice(1)], { cwd: folder, env });
}

describe("the traps of Django programs", () => {
  it("I1 S86 variables named as fields change nothing, in no kind and in no nested part", async () => {
    const yaml =
      userFile("username: alice, password: Tr0ub4dor-and-3") +
      tokenFile(tokenItem("app", value("a"))) +
      explicitProvider.replace("SECRET", "a-client-secret-for-tests");
    const ambient = ["is_superuser", "is_staff", "enabled", "token", "password", "email", "first_name", "username"]
      .concat(["permissions", "oidc_use_pkce", "oidc_op_issuer", "oidc_rp_scopes_list", "tokenauth_config_enable"])
      .concat(["identifier", "state", "organization", "oidc_op_jwks_endpoint", "oidc_keycloak_idp_hint"]);
    const env = Object.fromEntries(
      ambient.flatMap((name) => [
        [name, "true"],
        [name.toUpperCase(), "true"],
      ]),
    );
    const planned = async (more: Readonly<Record<string, string>>) =>
      JSON.parse((await run(temporaryFolder(), yaml, ["plan", "--output", "json"], more)).stdout).changes;
    const changes = await planned({});
    expect(changes).toHaveLength(4);
    expect(await planned(env)).toEqual(changes);
    const folder = temporaryFolder();
    expect((await run(folder, yaml, ["apply"], env)).status).toBe(0);
    const rows = await (await tablesIn(folder))
      .selectFrom("users")
      .select(["username", "is_superuser", "is_staff", "email"]);
    expect(await rows.where("username", "=", "alice").execute()).toEqual([
      { username: "alice", is_superuser: 0, is_staff: 0, email: "" },
    ]);
  });

  it("I3 a misspelt field beside a secret is an error that names the field and not the secret", async () => {
    const yaml = userFile("usernam: alice, password: GEHEIM-wachtwoord-1");
    for (const output of ["text", "json"]) {
      const { status, stdout, stderr } = await run(temporaryFolder(), yaml, ["apply", "--output", output]);
      expect(status).toBe(3);
      expect(stdout + stderr).toContain("usernam");
      expect(stdout + stderr).not.toContain("GEHEIM");
    }
  });

  it("I4 every variable that is not set is reported with its line, beside other mistakes, and none of a disabled step", async () => {
    const yaml = `${userFile("username: a, password: {value_from: {env: NIET_GEZET}}", "username: b, is_staff: ja")}
tokenauth_config_enable: false
tokenauth: {items: [{identifier: x, token: {value_from: {env: OOK_NIET}}}]}
`;
    const { status, stderr } = await run(temporaryFolder(), yaml, ["apply"]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/config\.yaml:4:\d+: error: the environment variable NIET_GEZET for `password` is not set/);
    expect(stderr).toMatch(/config\.yaml:5:\d+: error: .*\[WRONG_TYPE\]/);
    expect(stderr).not.toMatch(/OOK_NIET|Traceback|^\s+at /m);
    const set = await run(temporaryFolder(), yaml.replace("ja", "yes"), ["apply"], { NIET_GEZET: "Tr0ub4dor-and-3" });
    expect(set.status).toBe(0);
  });

  it("I5 a second key of the same name is an error, and no user is created", async () => {
    const folder = temporaryFolder();
    const { status, stderr } = await run(folder, userFile("username: alice, username: mallory"), ["apply"]);
    expect(status).toBe(3);
    expect(stderr).toMatch(/config\.yaml:4:\d+: error: .*\[DUPLICATE_KEY\]/);
    expect(await isMade(databaseOf(folder))).toBe(false);
    expect((await run(folder, userFile("username: alice"), ["apply"])).status).toBe(0);
  });

  it.each([
    ["flag", "tokenauth_config_enabel: true\ntokenauth: {items: []}\n", "tokenauth_config_enable"],
    ["namespace", "tokenauth_config_enable: true\ntokenaut: {items: []}\n", "tokenauth"],
  ])("I6 a misspelt %s is an error although another step is enabled", async (_what, yaml, meant) => {
    const folder = temporaryFolder();
    const { status, stderr } = await run(folder, userFile("username: alice") + yaml, ["apply"]);
    expect(status).toBe(3);
    expect(stderr).toContain(`did you mean \`${meant}\`?`);
    expect(await isMade(databaseOf(folder))).toBe(false);
  });

  it("I7 a secret can come from a file, without its last line break, and an empty variable counts as not set", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { token: `${value("a")}\n` });
    const yaml = (token: string) => tokenFile(tokenItem("app", token));
    expect((await run(folder, yaml("{value_from: {file: token}}"), ["apply"])).status).toBe(0);
    const again = await run(folder, yaml(value("a")), ["plan", "--detailed-exitcode"]);
    expect(again.status).toBe(0);
    const empty = await run(folder, yaml("{value_from: {env: LEEG}}"), ["plan"], { LEEG: "" });
    expect(empty.status).toBe(3);
    expect(empty.stderr).toContain("the environment variable LEEG for `token` is empty, which counts as not set");
    const fallback = `{value_from: {env: LEEG, default: ${value("a")}}}`;
    expect((await run(folder, yaml(fallback), ["plan", "--detailed-exitcode"], { LEEG: "" })).status).toBe(0);
  });

  it("I8 a user who left the file is reported by plan, stays without --prune and is deleted with it; a password is set once", async () => {
    const folder = temporaryFolder();
    const alice = "username: alice, password: Tr0ub4dor-and-3";
    await run(folder, userFile(alice, "username: bob, is_superuser: true"), ["apply"]);
    const hash = async () =>
      (
        await (
          await tablesIn(folder)
        )
          .selectFrom("users")
          .select("password_hash")
          .where("username", "=", "alice")
          .execute()
      )[0];
    const before = await hash();
    expect(before?.password_hash).toMatch(/^\$scrypt\$/);

    // By design: a file with a first password must not undo one that was changed since.
    const changed = userFile(alice.replace("Tr0ub4dor", "An0ther1"));
    expect((await run(folder, changed, ["apply"])).stdout).toMatch(/^No changes\./);
    expect(await hash()).toEqual(before);

    const drift = await run(folder, changed, ["plan", "--prune", "--detailed-exitcode"]);
    expect(drift.status).toBe(2);
    expect(drift.stdout).toContain("- bob (no file declares it)");
    const usernames = async () =>
      (await (await tablesIn(folder)).selectFrom("users").select("username").orderBy("username").execute()).map(
        (row) => row.username,
      );
    expect(await usernames()).toEqual(["alice", "bob"]);
    expect((await run(folder, changed, ["apply", "--prune"])).status).toBe(0);
    expect(await usernames()).toEqual(["alice"]);
  });

  it("I8 what was changed by hand is shown by plan and corrected by apply", async () => {
    const folder = temporaryFolder();
    const yaml = userFile("username: alice, is_superuser: false");
    await run(folder, yaml, ["apply"]);
    await (await tablesIn(folder))
      .updateTable("users")
      .set({ is_superuser: 1 })
      .where("username", "=", "alice")
      .execute();
    const drift = await run(folder, yaml, ["plan", "--detailed-exitcode"]);
    expect(drift.status).toBe(2);
    expect(drift.stdout).toMatch(/is_superuser: true → false/);
    expect((await run(folder, yaml, ["apply"])).status).toBe(0);
    expect(await (await tablesIn(folder)).selectFrom("users").select("is_superuser").execute()).toEqual([
      { is_superuser: 0 },
    ]);
  });

  it("I9 the mistakes of all steps are reported at once, and a failure in one undoes the others", async () => {
    const folder = temporaryFolder();
    const mistaken =
      userFile("username: ''") + tokenFile(tokenItem("app!", value("a"))) + explicitProvider.replace("SECRET", "[]");
    const invalid = await run(folder, mistaken, ["apply", "--output", "json"]);
    expect(invalid.status).toBe(3);
    const paths = JSON.parse(invalid.stdout).diagnostics.map(
      ({ path }: { readonly path: string }) => path.split(".")[0],
    );
    expect(new Set(paths)).toEqual(
      new Set(["default_user_configuration_config", "tokenauth", "oidc_db_config_admin_auth"]),
    );
    const late =
      userFile("username: alice") +
      tokenFile(tokenItem("alice", value("a")), tokenItem("b", value("b"), ", user: niemand"));
    const refused = await run(folder, late, ["apply", "--output", "json"]);
    expect(
      JSON.parse(refused.stdout)
        .diagnostics.map(({ code }: { readonly code: string }) => code)
        .sort(),
    ).toEqual(["NAME_TAKEN", "REFERENCE_NOT_FOUND"]);
    expect(await isMade(databaseOf(folder))).toBe(false);
  });

  it("I10 another run is done while a provider keeps this one waiting", async () => {
    const folder = temporaryFolder();
    let release = (): void => {};
    const asked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const silent = await serve(() => release());
    const slow = explicitProvider
      .replace("SECRET", "a-client-secret-for-tests")
      .replace(
        /endpoint_config:\n(?: {8}.*\n)*/,
        `endpoint_config: {oidc_op_discovery_endpoint: "${silent.origin}/"}\n`,
      );
    writeFiles(folder, { "tokens.yaml": tokenFile(tokenItem("app", value("a"))) });
    await runCli(["apply", "tokens.yaml"], { cwd: folder });
    const waiting = run(folder, slow, ["apply"]);
    await asked;
    writeFiles(folder, { "tokens.yaml": tokenFile(tokenItem("app", value("b"))) });
    const other = await runCli(["apply", "tokens.yaml"], { cwd: folder });
    expect(other.status).toBe(0);
    expect(other.stdout).toContain("1 updated");
    await silent.close();
    const { status, stderr } = await waiting;
    expect(status).toBe(5);
    expect(stderr).toContain("[DISCOVERY_UNREACHABLE]");
    expect(await (await tablesIn(folder)).selectFrom("oidc_providers").select("id").execute()).toEqual([]);
  });

  it("I17 one user has several tokens with an expiry each, and neither tokens nor client secrets are in the file in clear", async () => {
    const folder = temporaryFolder();
    const yaml =
      userFile("username: alice") +
      explicitProvider.replace("SECRET", "GEHEIM-client-secret") +
      tokenFile(
        tokenItem("one", value("a"), ', user: alice, expires_at: "2099-01-01T00:00:00Z"'),
        tokenItem("two", value("b"), ", user: alice"),
        tokenItem("long", "c1".repeat(127), ", user: alice"),
      );
    expect((await run(folder, yaml, ["apply"])).status).toBe(0);
    const rows = await (await tablesIn(folder))
      .selectFrom("api_tokens")
      .innerJoin("users", "users.id", "api_tokens.user_id")
      .select(["identifier", "username", "expires_at", "last_used_at"])
      .orderBy("identifier")
      .execute();
    expect(rows).toEqual([
      { identifier: "long", username: "alice", expires_at: null, last_used_at: null },
      { identifier: "one", username: "alice", expires_at: "2099-01-01T00:00:00.000Z", last_used_at: null },
      { identifier: "two", username: "alice", expires_at: null, last_used_at: null },
    ]);
    const written = await writtenIn(databaseOf(folder));
    for (const secret of [value("a"), value("b"), "c1".repeat(20), "GEHEIM"]) expect(written).not.toContain(secret);
  });

  it("I19 S92 runs at the same moment take turns, and each kind of failure has its own status", async () => {
    const folder = temporaryFolder();
    const names = ["a", "b", "c", "d"];
    const runs = await Promise.all(
      names.map((name) => {
        writeFiles(folder, { [`${name}.yaml`]: tokenFile(tokenItem(name, value(name))) });
        return runCliProcess(["apply", `${name}.yaml`], { cwd: folder });
      }),
    );
    expect(runs.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    const tables = await tablesIn(folder);
    expect(await tables.selectFrom("api_tokens").select("identifier").orderBy("identifier").execute()).toEqual(
      names.map((identifier) => ({ identifier })),
    );
    expect(await tables.selectFrom("runs").select("id").execute()).toHaveLength(4);

    const invalid = await run(folder, tokenFile(tokenItem("a b", value("a"))), ["apply"]);
    const refused = await run(folder, tokenFile(tokenItem("a", value("a"))), ["apply", "--owner", "other"]);
    const unavailable = await run(folder, tokenFile(tokenItem("a", value("a"))), [
      "apply",
      "--database",
      await unreachableDatabase(),
    ]);
    const usage = await run(folder, tokenFile(tokenItem("a", value("a"))), ["apply", "--databse", "x"]);
    expect([invalid, refused, usage].map(({ status }) => status)).toEqual([3, 4, 64]);
    expect(unavailable.status).toBe(5);
  });
});
