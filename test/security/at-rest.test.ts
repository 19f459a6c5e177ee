import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseKeys } from "../../src/secrets/key.js";
import { createVault } from "../../src/secrets/vault.js";
import { runCli, writeFiles } from "../support/cli.js";
import { explicitProvider, tablesIn, tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { contentsOf, databaseOf } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";

const value = (letter: string) => `${letter}3f1c9d27b8e04a5${letter}6d1f0e9c8b7a6950413223`;
const provider = (secret = "a-client-secret-for-tests") => explicitProvider.replace("SECRET", secret);

async function applied(yaml: string, folder = temporaryFolder(), env: Readonly<Record<string, string>> = {}) {
  writeFiles(folder, { "config.yaml": yaml });
  const { status, stderr } = await runCli(["apply", "config.yaml"], { cwd: folder, env });
  expect(status, stderr).toBe(0);
  return folder;
}

const run = (folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli([...args.slice(0, 1), "config.yaml", ...args.slice(1)], { cwd: folder, env });

describe("the database", () => {
  it("S69 holds passwords as scrypt in PHC form, each with its own salt", async () => {
    const password = "Tr0ub4dor-and-3";
    const folder = await applied(
      userFile(...["alice", "bob"].map((name) => `username: ${name}, password: ${password}`), "username: carol"),
    );
    const rows = await (await tablesIn(folder))
      .selectFrom("users")
      .select(["username", "password_hash"])
      .orderBy("username")
      .execute();
    const hashes = rows.map((row) => row.password_hash);
    expect(hashes[2]).toBeNull();
    expect(hashes[0]).not.toBe(hashes[1]);
    for (const hash of hashes.slice(0, 2)) {
      const [, log, salt = "", key] =
        /^\$scrypt\$ln=(\d+),r=8,p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/.exec(hash ?? "") ?? [];
      expect(Number(log)).toBeGreaterThanOrEqual(15);
      const options = { cost: 2 ** Number(log), blockSize: 8, parallelization: 1, maxmem: 2 ** 28 };
      const derived = scryptSync(password, Buffer.from(salt, "base64"), 32, options);
      expect(derived.toString("base64").replace(/=$/, "")).toBe(key);
    }
  });

  it("S70 holds client secrets and sign keys sealed, bound to their row and column", async () => {
    const yaml = provider("a-long-client-secret-for-tests-of-this").replace(
      "oidc_rp_client_id: api",
      "oidc_rp_client_id: api\n      oidc_rp_sign_algo: HS256\n      oidc_rp_idp_sign_key: a-sign-key-for-tests",
    );
    const key = "11".repeat(32);
    const folder = await applied(yaml, temporaryFolder(), { VTB_SETUP_KEY: key });
    const row = await (await tablesIn(folder)).selectFrom("oidc_clients").selectAll().executeTakeFirstOrThrow();
    const vault = createVault(parseKeys(key));
    const open = (sealed: string | null, column: string) =>
      vault.open(sealed ?? "", `oidc_clients/${row.id}/${column}`).reveal();
    expect(open(row.client_secret, "client_secret")).toBe("a-long-client-secret-for-tests-of-this");
    expect(open(row.sign_key, "sign_key")).toBe("a-sign-key-for-tests");
    expect(() => open(row.client_secret, "sign_key")).toThrow(/KEY_MISMATCH/);
    expect(JSON.stringify(row)).not.toContain("for-tests");
  });

  it("S70 refuses another sealing key and changes nothing, until it has the right one again", async () => {
    const env = { VTB_SETUP_KEY: "11".repeat(32) };
    const folder = await applied(provider(), temporaryFolder(), env);
    const before = await contentsOf(databaseOf(folder));
    writeFiles(folder, { "config.yaml": provider("another-secret-for-tests") });
    for (const command of ["plan", "apply"]) {
      const { status, stderr } = await run(folder, [command], { VTB_SETUP_KEY: "22".repeat(32) });
      expect(status).toBe(4);
      expect(stderr).toContain("[KEY_MISMATCH]");
      expect(stderr).not.toMatch(/(?:11|22){4}/);
    }
    expect(await contentsOf(databaseOf(folder))).toBe(before);
    expect((await run(folder, ["apply"], env)).stdout).toContain("1 updated");
  });

  it("S96 records who changed what, and secrets, digests, hashes and sealed values only by their names", async () => {
    const password = "username: alice, password: Tr0ub4dor-and-3";
    const folder = await applied(userFile(password) + provider() + tokenFile(tokenItem("app", value("a"))));
    const tables = await tablesIn(folder);
    const stored = async () => [
      ...(await tables.selectFrom("api_tokens").select("digest as secret").execute()),
      ...(await tables.selectFrom("oidc_clients").select("client_secret as secret").execute()),
      ...(await tables
        .selectFrom("users")
        .select("password_hash as secret")
        .where("password_hash", "is not", null)
        .execute()),
    ];
    const first = await stored();
    expect(first).toHaveLength(3);
    await applied(
      userFile(password) + provider("another-secret-for-tests") + tokenFile(tokenItem("app", value("b"))),
      folder,
    );
    const secrets = [...first, ...(await stored())].map(({ secret }) => String(secret));
    await applied(
      userFile("username: alice, state: absent") + tokenFile("    - {identifier: app, state: absent}\n"),
      folder,
    );

    const changes = await tables
      .selectFrom("run_changes")
      .innerJoin("runs", "runs.id", "run_changes.run_id")
      .selectAll()
      .execute();
    expect(changes.map(({ action, kind, key }) => `${action} ${kind} ${key}`)).toEqual([
      "create oidc_provider keycloak",
      "create user alice",
      "create oidc_client api-oidc",
      "create api_token app",
      "update oidc_client api-oidc",
      "update api_token app",
      "delete user alice",
      "delete api_token app",
    ]);
    expect(JSON.parse(changes[5]?.fields ?? "")).toEqual([{ name: "token", sensitive: true }]);
    for (const change of changes) {
      expect(change.actor).toMatch(/^.+@.+$/);
      expect(change.owner).toBe("default");
    }
    const text = JSON.stringify(changes);
    for (const secret of [...secrets, value("a"), value("b"), "for-tests", "Tr0ub4dor"])
      expect(text).not.toContain(secret);
  });
});

describe("SQL", () => {
  const nasty = `Robert'); DROP TABLE users;-- "x" \\ ? $1 :name @a %s`;
  const quoted = JSON.stringify(nasty);

  it("S95 stores quotes, comments and placeholders in every text field as plain text", async () => {
    const field = (names: readonly string[]) => names.map((name) => `, ${name}: ${quoted}`).join("");
    const token = `'";--/*$1?:x@y\\\\'`.padEnd(40, "q7");
    const yaml = `groups_config_enable: true
groups_config: {items: [{name: ${quoted}}]}
${userFile(`username: ${quoted}, groups: [${quoted}]${field(["first_name", "last_name", "email", "password"])}`)}
${tokenFile(`    - {identifier: app, token: ${JSON.stringify(token)}, email: "o'brien@example.nl", user: ${quoted}${field(["contact_person", "organization", "application", "administration"])}}\n`)}
${provider(quoted)
  .replace(
    "oidc_rp_client_id: api",
    `oidc_rp_client_id: ${quoted}\n      oidc_keycloak_idp_hint: ${quoted}\n      oidc_audience: [${quoted}]\n      oidc_rp_scopes_list: [openid, "x' OR '1'='1"]`,
  )
  .replace("username: [sub]", `username: [${quoted}], ${quoted}: [${quoted}]`)
  .replace("endpoint_config:", `oidc_op_ca_file: ${quoted}\n      endpoint_config:`)}`;
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": yaml });
    const owner = ["--owner", `o'; DROP TABLE runs;--"`];
    const first = await run(folder, ["apply", ...owner]);
    expect(first.status, first.stderr).toBe(0);
    const again = await run(folder, ["plan", "--detailed-exitcode", ...owner]);
    expect(again.status).toBe(0);

    const tables = await tablesIn(folder);
    const names = { first_name: nasty, last_name: nasty, email: nasty };
    expect(await tables.selectFrom("users").selectAll().execute()).toMatchObject([
      { username: nasty, owner: owner[1], ...names },
    ]);
    expect(await tables.selectFrom("groups").select("name").execute()).toEqual([{ name: nasty }]);
    expect(await tables.selectFrom("oidc_providers").select("ca_file").execute()).toEqual([{ ca_file: nasty }]);
    expect(await tables.selectFrom("oidc_clients").selectAll().execute()).toMatchObject([
      { client_id: nasty, idp_hint: nasty, audience: JSON.stringify([nasty]) },
    ]);
    expect(await tables.selectFrom("api_tokens").selectAll().execute()).toMatchObject([
      {
        contact_person: nasty,
        organization: nasty,
        application: nasty,
        administration: nasty,
        email: "o'brien@example.nl",
      },
    ]);
    expect(await tables.selectFrom("runs").select("owner").execute()).toEqual([{ owner: owner[1] }]);
  });
});
