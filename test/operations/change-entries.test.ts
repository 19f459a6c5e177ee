import { describe, expect, it } from "vitest";
import { exportDatabase } from "../../src/apply/export.js";
import { keptSecret } from "../../src/operations/change-entries.js";
import type { Person } from "../../src/operations/person.js";
import { freshForMs } from "../../src/operations/rights.js";
import { Secret } from "../../src/secrets/secret.js";
import { openVault } from "../../src/secrets/vault.js";
import { sealingEnv } from "../support/databases.js";
import { resource } from "../support/run.js";
import { user } from "../verifier/verifier-world.js";
import { type AdminWorld, makeAdminWorld, nowMs, root, staff } from "./admin-world.js";

const provider = {
  identifier: "keycloak",
  oidc_op_issuer: "https://idp.example",
  endpoint_config: {
    oidc_op_authorization_endpoint: "https://idp.example/auth",
    oidc_op_token_endpoint: "https://idp.example/token",
    oidc_op_user_endpoint: "https://idp.example/userinfo",
    oidc_op_jwks_endpoint: "https://idp.example/jwks",
  },
};

const client = {
  identifier: "admin-oidc",
  oidc_provider_identifier: "keycloak",
  oidc_rp_client_id: "vtb",
  oidc_rp_client_secret: new Secret("a-client-secret-of-enough-length"),
  options: {
    user_settings: { claim_mappings: { username: ["sub"] } },
    groups_settings: { claim_mapping: ["groups"], superuser_group_names: ["beheer"] },
  },
};

const namespace = "oidc_db_config_admin_auth";
const openId = (more: object = {}, own: object = {}) => ({
  [namespace]: { providers: [{ ...provider, ...more }], items: [{ ...client, ...own }] },
});

const groups = (...items: readonly object[]) => ({ groups_config: { items } });

async function secretIn({ database }: AdminWorld): Promise<string> {
  const row = await database.kysely
    .selectFrom("oidc_clients")
    .select(["id", "client_secret"])
    .executeTakeFirstOrThrow();
  const state = await database.kysely.selectFrom("setup_state").select("key_id").executeTakeFirstOrThrow();
  const vault = openVault({ env: sealingEnv(), keyFile: database.keyFile, storedKeyId: state.key_id });
  return vault.open(row.client_secret, `oidc_clients/${row.id}/client_secret`).reveal();
}

describe("entries of a form", () => {
  it("are written as a file's would be, managed by nobody, with the person in the journal", async () => {
    const world = await makeAdminWorld([root]);
    const administrator = await world.person("root");
    const outcome = await world.change(administrator, openId());
    expect(outcome).toMatchObject({ kind: "changed", cleared: [] });
    const clients = await world.database.kysely.selectFrom("oidc_clients").selectAll().execute();
    expect(clients).toEqual([expect.objectContaining({ identifier: "admin-oidc", owner: null, sign_algo: "RS256" })]);
    expect(await secretIn(world)).toBe("a-client-secret-of-enough-length");
    expect(JSON.stringify(outcome)).not.toContain("a-client-secret-of-enough-length");
    const runs = await world.database.kysely.selectFrom("runs").selectAll().where("through", "=", "admin").execute();
    expect(runs).toMatchObject([
      { actor: "login:root", actor_user_id: await world.idOf("root"), owner: "", files: "[]" },
    ]);
    const changes = await world.database.kysely
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "=", runs[0]?.id ?? "")
      .execute();
    expect(changes.map(({ action, kind, key }) => `${action} ${kind} ${key}`)).toEqual([
      "create oidc_provider keycloak",
      "create oidc_client admin-oidc",
    ]);
    expect(await world.change(administrator, openId())).toMatchObject({ kind: "changed", changes: [] });
    const exported = await exportDatabase({ database: world.url, env: sealingEnv() });
    expect(exported.find(({ owner }) => owner === null)?.text).toContain("identifier: admin-oidc");
  });

  it("are refused with the path of each mistake, and nothing is written", async () => {
    const world = await makeAdminWorld([root]);
    const administrator = await world.person("root");
    const outcome = await world.change(administrator, {
      groups_config: { items: [{ name: "lezers", permissions: ["not a permission"] }, { naam: "x" }] },
    });
    expect(outcome).toMatchObject({ kind: "invalid", isUnavailable: false });
    const paths =
      outcome.kind === "invalid" ? outcome.diagnostics.map(({ code, path }) => `${code} ${path.join(".")}`) : [];
    expect(paths).toContain("INVALID_VALUE groups_config.items.0.permissions.0");
    expect(paths).toContain("UNKNOWN_FIELD groups_config.items.1.naam");
    // Found only with the database.
    const dangling = await world.change(administrator, openId({}, { oidc_provider_identifier: "other" }));
    expect(dangling).toMatchObject({
      kind: "invalid",
      diagnostics: [{ code: "REFERENCE_NOT_FOUND", path: [namespace, "items", 0, "oidc_provider_identifier"] }],
    });
    expect(await world.database.kysely.selectFrom("oidc_providers").selectAll().execute()).toEqual([]);
  });

  it("read neither variables nor files", async () => {
    const world = await makeAdminWorld([root]);
    const administrator = await world.person("root");
    for (const source of [{ env: "PATH" }, { file: "/etc/passwd" }]) {
      const outcome = await world.change(administrator, openId({}, { oidc_rp_client_id: { value_from: source } }));
      expect(outcome).toHaveProperty("diagnostics.0.code", "VALUE_FROM_INVALID");
      expect(outcome).toHaveProperty("diagnostics.0.path", [namespace, "items", 0, "oidc_rp_client_id"]);
      expect(await world.database.kysely.selectFrom("oidc_clients").selectAll().execute()).toEqual([]);
    }
  });

  it("keep a stored secret, and clear it where it would go elsewhere", async () => {
    const world = await makeAdminWorld([root]);
    const administrator = await world.person("root");
    const kept = { oidc_rp_client_secret: keptSecret };
    expect(await world.change(administrator, openId({}, kept))).toMatchObject({
      kind: "invalid",
      diagnostics: [{ code: "MISSING_FIELD", path: [namespace, "items", 0, "oidc_rp_client_secret"] }],
    });
    await world.change(administrator, openId());
    expect(await world.change(administrator, openId({}, { ...kept, oidc_rp_scopes_list: ["openid"] }))).toMatchObject({
      kind: "changed",
      cleared: [],
    });
    expect(await secretIn(world)).toBe("a-client-secret-of-enough-length");
    const elsewhere = { ...provider.endpoint_config, oidc_op_token_endpoint: "https://evil.example/token" };
    const moved = await world.change(administrator, {
      [namespace]: { providers: [{ ...provider, endpoint_config: elsewhere }] },
    });
    expect(moved).toMatchObject({ kind: "changed", cleared: ["admin-oidc"] });
    expect(await secretIn(world)).toBe("");
    const typed = { oidc_rp_client_secret: new Secret("another-client-secret-of-enough-length") };
    expect(await world.change(administrator, openId({}, typed))).toMatchObject({ kind: "changed", cleared: [] });
    expect(await secretIn(world)).toBe("another-client-secret-of-enough-length");
    // Typed again, it stays, though it is the same as before.
    expect(await world.change(administrator, openId({}, { ...typed, oidc_rp_client_id: "another" }))).toMatchObject({
      cleared: [],
    });
    expect(await secretIn(world)).toBe("another-client-secret-of-enough-length");
    expect(await world.change(administrator, openId({}, { ...kept, oidc_rp_client_id: "other" }))).toMatchObject({
      cleared: ["admin-oidc"],
    });
    expect(await secretIn(world)).toBe("");
  });

  it("change nothing that a file manages, and say which", async () => {
    const world = await makeAdminWorld([root, resource("group", "lezers", { permissions: ["taken.view_taak"] })]);
    const administrator = await world.person("root");
    const outcome = await world.change(administrator, groups({ name: "lezers", permissions: [] }, { name: "nieuw" }));
    expect(outcome).toEqual({
      kind: "forbidden",
      reason: "managed_by_file",
      owner: "default",
      entries: [{ kind: "group", key: "lezers" }],
      files: ["test.yaml"],
      appliedAt: expect.stringMatching(/^\d{4}-/),
    });
    expect(await world.change(administrator, groups({ name: "lezers", state: "absent" }))).toMatchObject({
      reason: "managed_by_file",
    });
    expect(await world.change(administrator, groups({ name: "nieuw" }))).toMatchObject({ kind: "changed" });
    expect(await world.change(administrator, groups({ name: "nieuw", state: "absent" }))).toMatchObject({
      kind: "changed",
    });
    const left = await world.database.kysely.selectFrom("groups").select("name").execute();
    expect(left).toEqual([{ name: "lezers" }]);
  });

  it("survive an apply with --prune", async () => {
    const world = await makeAdminWorld([root]);
    await world.change(await world.person("root"), groups({ name: "nieuw", permissions: ["taken.view_taak"] }));
    await world.apply([root, resource("group", "lezers", { permissions: [] })], { prune: true });
    const left = await world.database.kysely.selectFrom("groups").select(["name", "owner"]).orderBy("name").execute();
    expect(left).toEqual([
      { name: "lezers", owner: "default" },
      { name: "nieuw", owner: null },
    ]);
  });

  it("of OpenID are for superusers with a recent sign-in, others for the right to change users", async () => {
    const world = await makeAdminWorld([root, staff("jan", ["change_users"]), staff("piet", ["view_users"])]);
    expect(await world.change(await world.person("jan"), openId())).toMatchObject({
      reason: "right_missing",
      right: "superuser",
    });
    expect(await world.change(await world.person("root", nowMs - freshForMs - 1), openId())).toMatchObject({
      reason: "sign_in_not_recent",
    });
    expect(await world.change(await world.person("jan"), groups({ name: "nieuw" }))).toMatchObject({ kind: "changed" });
    expect(await world.change(await world.person("piet"), groups({ name: "ander" }))).toMatchObject({
      reason: "right_missing",
    });
  });

  it("leave somebody who can sign in as an administrator", async () => {
    const world = await makeAdminWorld([user("root", { is_superuser: true, is_staff: true })]);
    const administrator = await world.person("root");
    expect(await world.change(administrator, openId())).toMatchObject({ kind: "changed" });
    const off = openId({}, { oidc_rp_client_secret: keptSecret, enabled: false });
    expect(await world.change(administrator, off)).toMatchObject({ reason: "last_administrator" });
  });

  it("make the first way to sign in with the one-time code, until there is one", async () => {
    const world = await makeAdminWorld([]);
    const code: Person = { kind: "bootstrap" };
    expect(await world.change(code, groups({ name: "nieuw" }))).toMatchObject({ reason: "bootstrap_only" });
    const off = openId({}, { enabled: false });
    expect(await world.change(code, off)).toMatchObject({ kind: "changed" });
    expect(await world.change(code, openId({}, { oidc_rp_client_secret: keptSecret }))).toMatchObject({
      kind: "changed",
    });
    expect(await world.change(code, off)).toMatchObject({ reason: "bootstrap_over" });
  });
});
