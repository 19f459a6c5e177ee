import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { type CorpusProviders, corpus, rows, startCorpusProviders, title } from "./corpus-rows.js";
import { jsonRun, type Workplace, workplace } from "./outcome.js";

const applied = rows.filter(({ outcome }) => outcome === "applied").map((row) => [title(row), row] as const);
const invalid = rows.filter(({ outcome }) => outcome === "invalid").map((row) => [title(row), row] as const);

let providers: CorpusProviders;

beforeAll(async () => {
  providers = await startCorpusProviders();
});

afterAll(() => providers.close());

const local = (file: string) => providers.local(file);

async function applyLocal(file: string, env: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const place = workplace({ [file]: local(file) });
  expect((await place.run(["apply", file], { env })).json.outcome).toBe("applied");
  return place;
}

describe("real configuration files", () => {
  it("each have a row here", () => {
    expect(rows.map(({ file }) => file)).toEqual(readdirSync(corpus).sort());
  });

  it.each([...applied, ...invalid])("%s gets the expected diagnostics unchanged", async (_title, row) => {
    const run = jsonRun(await runCli(["validate", corpus + row.file, "--output", "json"], { env: { ...row.env } }));
    expect(run.diagnostics).toEqual(row.diagnostics);
    expect(run.json.outcome).toBe(row.outcome === "applied" ? "valid" : "invalid");
    expect(run.status).toBe(row.outcome === "applied" ? 0 : 3);
    expect(new Set(run.json.diagnostics.map(({ file }) => file))).toEqual(
      new Set(row.diagnostics.length === 0 ? [] : [corpus + row.file]),
    );
  });

  it.each(applied)("%s applies, and a second apply changes nothing", async (_title, row) => {
    const text = local(row.file);
    const isAsItIs = text === readFileSync(corpus + row.file, "utf8");
    const place = workplace({ [row.file]: text });
    const file = isAsItIs ? corpus + row.file : row.file;
    const first = await place.run(["apply", file], { env: { ...row.env } });
    expect(first.status).toBe(0);
    expect(first.json.outcome).toBe("applied");
    expect(first.changes).toEqual(row.creates?.map((name) => `create ${name}`));
    // The rewritten endpoint is on this machine, where http is fine.
    const expected = isAsItIs
      ? row.diagnostics
      : row.diagnostics.filter((problem) => !problem.includes("INSECURE_URL"));
    const isOther = (problem: string) => !/^note (?:KEY_MADE|NO_API_CLIENT)/.test(problem);
    expect(first.diagnostics.filter(isOther)).toEqual(expected);
    const noted = row.loginAlone === undefined ? [] : [`note NO_API_CLIENT ${row.loginAlone}`];
    expect(first.diagnostics.filter((problem) => problem.includes("NO_API_CLIENT"))).toEqual(noted);

    const contents = await place.contents();
    const second = await place.run(["apply", file], { env: { ...row.env } });
    expect(second.status).toBe(0);
    expect(second.json.outcome).toBe("unchanged");
    const none = { create: 0, update: 0, delete: 0, drift: 0, gains: 0, losses: 0 };
    expect(second.json.summary).toEqual({ ...none, unchanged: row.creates?.length });
    expect(second.diagnostics.filter(isOther)).toEqual(expected);
    expect(await place.contents()).toBe(contents);
  });

  it("open-vtb.yaml and open-klant.yaml name no provider, so they are applied exactly as they are", () => {
    for (const file of ["open-vtb.yaml", "open-klant.yaml"]) {
      expect(local(file)).toBe(readFileSync(corpus + file, "utf8"));
    }
  });

  it.each(invalid)("%s fails at the right positions and creates no database", async (_title, row) => {
    const place = workplace({ [row.file]: local(row.file) });
    const result = await runCli(["apply", row.file], { cwd: place.folder, env: { ...row.env } });
    expect(result.status).toBe(3);
    expect(result.stdout).toBe("");
    const errors = row.diagnostics.filter((problem) => problem.startsWith("error "));
    const reported = [...result.stderr.matchAll(/^(\S+):(\d+:\d+): error: .* \[(\w+)\]$/gm)];
    expect(reported.map(([, file, where, code]) => `${file} error ${code} ${where}`)).toEqual(
      errors.map((problem) => `${row.file} ${problem}`),
    );
    expect(readdirSync(place.folder)).toEqual([row.file]);
  });

  it("podiumd-openzaak-unparseable.yaml gets a hint that says what to write instead", async () => {
    const result = await runCli(["validate", `${corpus}podiumd-openzaak-unparseable.yaml`, "--no-env"]);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain("`value_from` is inside text");
    expect(result.stderr).toContain("write header_value: {value_from: {env: NAME}}");
  });

  it.each(applied.filter(([, { env }]) => env !== undefined))("%s names each missing variable", async (_title, row) => {
    const run = await workplace({ [row.file]: local(row.file) }).run(["apply", row.file]);
    expect(run.status).toBe(3);
    const missed = run.json.diagnostics.filter(({ severity }) => severity === "error");
    expect(missed.map(({ code }) => code)).toEqual(missed.map(() => "ENV_NOT_SET"));
    // Those of another program's part of the file are not among them.
    const named = missed.map(({ message }) => /variable (\w+)/.exec(message)?.[1]).sort();
    expect(named).toEqual(Object.keys(row.env ?? {}).sort());
  });
});

describe("what real files leave in the database", () => {
  it("A7.41 A7.43 of oidc-full-setup.yaml is what the new spelling gives", async () => {
    const old = await applyLocal("oidc-full-setup.yaml");
    const modern = workplace();
    expect((await modern.apply(modernSetup)).status).toBe(0);
    const [oldRows, modernRows] = [await oidcRows(old), await oidcRows(modern)];
    expect(oldRows.providers).toHaveLength(1);
    expect(oldRows.clients).toHaveLength(1);
    expect(oldRows).toEqual(modernRows);
    // Secrets are sealed, each time differently: that these are the same only a plan against the other's database shows.
    writeFiles(old.folder, { "modern.yaml": modernSetup });
    const plan = await old.run(["plan", "modern.yaml", "--detailed-exitcode"]);
    expect(plan.status).toBe(0);
    expect(plan.json.outcome).toBe("unchanged");
    writeFiles(old.folder, {
      "other.yaml": modernSetup.replace("oidc_rp_client_secret: secret", "oidc_rp_client_secret: other"),
    });
    const other = await old.run(["plan", "other.yaml", "--detailed-exitcode"]);
    expect(other.status).toBe(2);
    expect(other.json.changes?.map(({ key, fields }) => ({ key, fields }))).toEqual([
      { key: "test-admin-oidc", fields: [{ name: "client_secret", sensitive: true }] },
    ]);
  });

  it("of podiumd-objecttypen-pkce.yaml accepts PKCE at the client", async () => {
    const file = "podiumd-objecttypen-pkce.yaml";
    const { env } = rows.find((row) => row.file === file) ?? {};
    const place = await applyLocal(file, env);
    const usePkce = async () => (await place.open()).kysely.selectFrom("oidc_clients").select("use_pkce").execute();
    expect(await usePkce()).toEqual([{ use_pkce: 1 }]);
    writeFiles(place.folder, { [file]: local(file).replace("oidc_use_pkce: true", "oidc_use_pkce: false") });
    const run = await place.run(["apply", file], { env: { ...env } });
    expect(run.json.changes?.map(({ key, fields }) => ({ key, fields }))).toEqual([
      { key: "admin-oidc", fields: [{ name: "use_pkce", before: true, after: false }] },
    ]);
    expect(await usePkce()).toEqual([{ use_pkce: 0 }]);
  });

  it("A7.44 of oidc-discovery.yaml is every endpoint of the provider, and where they were found", async () => {
    const place = await applyLocal("oidc-discovery.yaml");
    const { issuer, discoveryEndpoint } = providers.test;
    expect(await (await place.open()).kysely.selectFrom("oidc_providers").selectAll().execute()).toMatchObject([
      {
        identifier: "test-admin-oidc-provider",
        issuer,
        discovery_endpoint: discoveryEndpoint,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/me`,
        jwks_endpoint: `${issuer}/jwks`,
        logout_endpoint: `${issuer}/session/end`,
      },
    ]);
  });

  it("A7.47 of oidc-multiple-providers.yaml is two providers, of which both clients have the first", async () => {
    const { kysely } = await (await applyLocal("oidc-multiple-providers.yaml")).open();
    const providerRows = kysely
      .selectFrom("oidc_providers")
      .select(["identifier", "nonce_size", "state_size", "use_nonce", "token_use_basic_auth", "discovery_endpoint"]);
    const settings = { use_nonce: 0, token_use_basic_auth: 1 };
    expect(await providerRows.orderBy("identifier").execute()).toEqual([
      {
        identifier: "test-provider-discovery",
        nonce_size: 64,
        state_size: 64,
        discovery_endpoint: providers.test.discoveryEndpoint,
        ...settings,
      },
      { identifier: "test-provider-full", nonce_size: 48, state_size: 48, discovery_endpoint: null, ...settings },
    ]);
    const clients = kysely
      .selectFrom("oidc_clients")
      .innerJoin("oidc_providers", "oidc_providers.id", "oidc_clients.provider_id")
      .select(["oidc_clients.identifier", "oidc_clients.client_id", "oidc_providers.identifier as provider"])
      .orderBy("client_id");
    expect(await clients.execute()).toEqual([
      { identifier: "admin-oidc", client_id: "client-id-1", provider: "test-provider-discovery" },
      { identifier: "test-admin-oidc", client_id: "client-id-2", provider: "test-provider-discovery" },
    ]);
  });

  it("A7.48 of oidc-custom-options.yaml keeps the free keys beside the defaults", async () => {
    const { kysely } = await (await applyLocal("oidc-custom-options.yaml")).open();
    const { options } = await kysely.selectFrom("oidc_clients").select("options").executeTakeFirstOrThrow();
    expect(JSON.parse(options)).toMatchObject({
      test: "test",
      this: { is: "a nested option!" },
      user_settings: { claim_mappings: { username: ["sub"] } },
      groups_settings: { claim_mapping: [], sync: true },
    });
  });

  it("A9.60 of objects-api.yaml is a token that may read one object type, and one that may do everything", async () => {
    const { kysely } = await (await applyLocal("objects-api.yaml")).open();
    const permissions = kysely
      .selectFrom("users")
      .leftJoin("user_permissions", "user_permissions.user_id", "users.id")
      .select(["username", "is_service", "is_superuser", "permission"]);
    expect(await permissions.orderBy("username").execute()).toEqual([
      {
        username: "token-1",
        is_service: 1,
        is_superuser: 0,
        permission: "objecttype.b0e8553f-8b1a-4d55-ab90-6d02f1bcf2c2.read_only",
      },
      { username: "token-2", is_service: 1, is_superuser: 1, permission: null },
    ]);
  });
});

const modernSetup = `
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: test-admin-oidc-provider
      oidc_token_use_basic_auth: true
      oidc_use_nonce: false
      oidc_nonce_size: 48
      oidc_state_size: 48
      endpoint_config:
        oidc_op_authorization_endpoint: http://localhost:8080/realms/test/protocol/openid-connect/auth
        oidc_op_token_endpoint: http://localhost:8080/realms/test/protocol/openid-connect/token
        oidc_op_user_endpoint: http://localhost:8080/realms/test/protocol/openid-connect/userinfo
        oidc_op_jwks_endpoint: http://localhost:8080/realms/test/protocol/openid-connect/certs
        oidc_op_logout_endpoint: http://localhost:8080/realms/test/protocol/openid-connect/logout
  items:
    - identifier: test-admin-oidc
      enabled: false
      oidc_provider_identifier: test-admin-oidc-provider
      oidc_rp_client_id: client-id
      oidc_rp_client_secret: secret
      oidc_rp_scopes_list: [open_id, email, profile, extra_scope]
      oidc_rp_sign_algo: RS256
      oidc_rp_idp_sign_key: key
      oidc_keycloak_idp_hint: foo
      userinfo_claims_source: id_token
      options:
        user_settings:
          claim_mappings:
            username: [claim_name]
            first_name: [given_name]
          username_case_sensitive: true
        groups_settings:
          claim_mapping: [groups_claim_name]
          sync: false
          sync_pattern: local.groups.*
          default_groups: [local.groups.Admins, local.groups.Read-only]
          make_users_staff: true
          superuser_group_names: [superuser]
`;

/** The rows without ids, times and sealed texts; of the latter, whether there is one. */
async function oidcRows(place: Workplace) {
  const { kysely } = await place.open();
  const [providers, clients] = [
    await kysely.selectFrom("oidc_providers").selectAll().execute(),
    await kysely.selectFrom("oidc_clients").selectAll().execute(),
  ];
  const names = new Map(providers.map(({ id, identifier }) => [id, identifier]));
  return {
    providers: providers.map(({ id: _id, created_at: _created, updated_at: _updated, ...row }) => row),
    clients: clients.map(
      ({ id: _id, created_at: _created, updated_at: _updated, client_secret, sign_key, provider_id, ...row }) => ({
        ...row,
        options: JSON.parse(row.options),
        provider: names.get(provider_id),
        hasSecret: client_secret !== "",
        hasKey: sign_key !== null,
      }),
    ),
  };
}
