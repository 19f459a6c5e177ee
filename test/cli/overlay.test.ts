import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { tablesIn } from "../support/config-text.js";
import { temporaryFolder } from "../support/run.js";

const base = `default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - {username: jan, email: jan@test.example, first_name: Jan, groups: [lezers]}
    - {username: piet, email: piet@test.example}
groups_config_enable: true
groups_config:
  items:
    - {name: lezers, permissions: [taken.view_externetaak, taken.add_externetaak]}
`;

const clients = `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      oidc_op_issuer: https://test.example/realms/a
      endpoint_config:
        oidc_op_authorization_endpoint: https://test.example/auth
        oidc_op_token_endpoint: https://test.example/token
        oidc_op_user_endpoint: https://test.example/userinfo
        oidc_op_jwks_endpoint: https://test.example/jwks
  items:
    - identifier: admin-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: admin
      oidc_rp_client_secret: {value_from: {env: SECRET, default: test-secret-of-the-client}}
      options:
        user_settings: {claim_mappings: {username: [sub]}}
        groups_settings: {claim_mapping: [roles], make_users_staff: true}
`;

/** Applies files with overlays in a folder of their own. */
async function applied(files: Readonly<Record<string, string>>, overlays: readonly string[]) {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  const given = Object.keys(files).filter((file) => !overlays.includes(file));
  const args = ["apply", ...given, ...overlays.flatMap((file) => ["--overlay", file]), "--offline"];
  const result = await runCli(args, { cwd: folder });
  return { folder, ...result, tables: await tablesIn(folder) };
}

describe("--overlay", () => {
  it("replaces the fields that it has, keeps the others, and adds entries", async () => {
    const production = `default_user_configuration_config:
  users:
    - {username: jan, email: jan@example.nl, groups: []}
    - {username: fatima, email: fatima@example.nl}
`;
    const { status, stderr, tables } = await applied({ "base.yaml": base, "production.yaml": production }, [
      "production.yaml",
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(
      await tables.selectFrom("users").select(["username", "email", "first_name"]).orderBy("username").execute(),
    ).toEqual([
      { username: "fatima", email: "fatima@example.nl", first_name: "" },
      { username: "jan", email: "jan@example.nl", first_name: "Jan" },
      { username: "piet", email: "piet@test.example", first_name: "" },
    ]);
    expect(await tables.selectFrom("user_groups").select("user_id").execute()).toEqual([]);
  });

  it("merges mappings at any depth, and replaces a value's source as one value", async () => {
    const production = `oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      endpoint_config: {oidc_op_token_endpoint: https://example.nl/token}
  items:
    - identifier: admin-oidc
      oidc_rp_client_secret: {value_from: {file: secret}}
      options: {groups_settings: {make_users_staff: false}}
`;
    const files = { "base.yaml": clients, "production.yaml": production, secret: "production-secret-of-the-client\n" };
    const folder = temporaryFolder();
    writeFiles(folder, files);
    const ran = await runCliProcess(["apply", "base.yaml", "--overlay", "production.yaml", "--offline"], {
      cwd: folder,
    });
    expect(ran.status).toBe(0);
    const tables = await tablesIn(folder);
    expect(
      await tables.selectFrom("oidc_providers").select(["authorization_endpoint", "token_endpoint"]).execute(),
    ).toEqual([{ authorization_endpoint: "https://test.example/auth", token_endpoint: "https://example.nl/token" }]);
    const { options } = await tables.selectFrom("oidc_clients").select("options").executeTakeFirstOrThrow();
    expect(JSON.parse(options)).toMatchObject({
      user_settings: { claim_mappings: { username: ["sub"] } },
      groups_settings: { claim_mapping: ["roles"], make_users_staff: false },
    });
  });

  it("deletes with `state: absent`, which stands for the whole entry", async () => {
    const without = "default_user_configuration_config: {users: [{username: piet, state: absent}]}\n";
    const folder = temporaryFolder();
    writeFiles(folder, { "base.yaml": base, "without.yaml": without });
    expect((await runCli(["apply", "base.yaml"], { cwd: folder })).status).toBe(0);
    const deleted = await runCli(["apply", "base.yaml", "--overlay", "without.yaml", "--output", "json"], {
      cwd: folder,
    });
    expect(JSON.parse(deleted.stdout)).toMatchObject({
      outcome: "applied",
      changes: [{ action: "delete", kind: "user", key: "piet", source: { file: "without.yaml", line: 1 } }],
    });
    const again = await runCli(["apply", "base.yaml", "--overlay", "without.yaml"], { cwd: folder });
    expect(again.stdout).toMatch(/^No changes\./);
  });

  it("finds an entry in any of several files, switches steps, and is laid over in the order in which it is given", async () => {
    const more = "default_user_configuration_config: {users: [{username: kees, email: kees@test.example}]}\n";
    const first = `groups_config_enable: false
default_user_configuration_config:
  users:
    - {username: kees, email: kees@first.example, first_name: Kees}
    - {username: jan, groups: []}
`;
    const second = "default_user_configuration_config: {users: [{username: kees, email: kees@second.example}]}\n";
    const files = { "base.yaml": base, "more.yaml": more, "first.yaml": first, "second.yaml": second };
    const { status, tables } = await applied(files, ["first.yaml", "second.yaml"]);
    expect(status).toBe(0);
    const kees = tables.selectFrom("users").select(["email", "first_name"]).where("username", "=", "kees");
    expect(await kees.execute()).toEqual([{ email: "kees@second.example", first_name: "Kees" }]);
    expect(await tables.selectFrom("groups").select("name").execute()).toEqual([]);
  });

  it("says where a mistake is, in the overlay or below it", async () => {
    const folder = temporaryFolder();
    const typing = "default_user_configuration_config:\n  users:\n    - {username: jan, emial: a@b.nl}\n";
    const renamed = "default_user_configuration_config:\n  users:\n    - {username: jaan, groups: [schrijvers]}\n";
    writeFiles(folder, { "base.yaml": base, "typing.yaml": typing, "renamed.yaml": renamed });
    const mistyped = await runCli(["validate", "base.yaml", "--overlay", "typing.yaml"], { cwd: folder });
    expect({ status: mistyped.status, stderr: mistyped.stderr }).toEqual({
      status: 3,
      stderr: expect.stringMatching(/^typing\.yaml:3:23: error: .*emial/),
    });
    const missing = await runCli(["plan", "base.yaml", "--overlay", "renamed.yaml"], { cwd: folder });
    expect(missing.stderr).toMatch(/^renamed\.yaml:3:\d+: error: .*schrijvers/m);
    const nowhere = await runCli(["validate", "base.yaml", "--overlay", "nowhere.yaml"], { cwd: folder });
    expect({ status: nowhere.status, stderr: nowhere.stderr }).toEqual({
      status: 3,
      stderr: expect.stringContaining("nowhere.yaml does not exist"),
    });
  });

  it("leaves the entries with the owner of the files below, and is one of the files in the journal", async () => {
    const owned = `vtb_setup: {owner: shop}\n${base}`;
    const more = "default_user_configuration_config: {users: [{username: fatima, email: fatima@example.nl}]}\n";
    const { status, tables } = await applied({ "base.yaml": owned, "more.yaml": more }, ["more.yaml"]);
    expect(status).toBe(0);
    expect(await tables.selectFrom("users").select("owner").distinct().execute()).toEqual([{ owner: "shop" }]);
    const { files } = await tables.selectFrom("runs").select("files").executeTakeFirstOrThrow();
    const digest = (text: string) => createHash("sha256").update(text).digest("hex");
    expect(JSON.parse(files)).toMatchObject([
      { file: "base.yaml", sha256: digest(owned) },
      { file: "more.yaml", sha256: digest(more) },
    ]);
  });
});
