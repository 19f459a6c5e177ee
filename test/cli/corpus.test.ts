import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openid-provider.js";
import { jsonRun, type Workplace, workplace } from "./outcome.js";

const corpus = fileURLToPath(new URL("../corpus/", import.meta.url));
const foreign = (...places: readonly string[]) => places.map((place) => `warning UNKNOWN_ROOT_KEY ${place}`);
const deprecated = (...places: readonly string[]) => places.map((place) => `warning DEPRECATED_FIELD ${place}`);

interface Row {
  readonly file: string;
  /** The numbers of the incumbent's behaviours that it shows, where it shows any. */
  readonly shows?: string;
  /** The variables that the enabled steps name; those of other programs stay unset. */
  readonly env?: Readonly<Record<string, string>>;
  readonly outcome: "applied" | "invalid";
  /** Everything that is told of the file as it is, in order. */
  readonly problems: readonly string[];
  /** What it creates. */
  readonly creates?: readonly string[];
}

const rows: readonly Row[] = [
  {
    file: "chart-openinwoner-deprecated-fields.yaml",
    env: { keycloak_client_secret: "Vq3xH8sLr2Zt" },
    outcome: "applied",
    problems: [
      ...deprecated("17:7", "19:5", "21:5", "23:7", "27:18", "28:31", "29:21", "30:23", "32:5", "33:21", "34:22"),
      ...deprecated("35:22"),
      ...foreign("37:1", "38:1", "90:1", "91:1", "111:1", "113:1", "114:1"),
    ],
    creates: ["oidc_provider admin-oidc-provider", "oidc_client admin-oidc"],
  },
  {
    file: "chart-openvtb.yaml",
    outcome: "applied",
    problems: ["warning INSECURE_URL 9:35"],
    creates: ["oidc_provider keycloak-provider", "oidc_client admin-oidc"],
  },
  {
    file: "objects-api.yaml",
    outcome: "applied",
    problems: [...foreign("1:1", "2:1", "14:1", "15:1", "22:1", "23:1"), "warning MISSING_FIELD 65:9"],
    creates: ["oidc_provider admin-oidc", "oidc_client admin-oidc", "api_token token-1", "api_token token-2"],
  },
  {
    file: "oidc-custom-options.yaml",
    shows: "A7.48",
    outcome: "applied",
    problems: [
      "warning MISSING_FIELD 6:7",
      "warning UNKNOWN_CLIENT_IDENTIFIER 12:17",
      "warning OPTIONS_DEFAULTED 17:7",
    ],
    creates: ["oidc_provider test-provider-oidc", "oidc_client test-admin-oidc"],
  },
  {
    file: "oidc-defaults.yaml",
    shows: "A7.43",
    outcome: "applied",
    problems: [
      "warning OPTIONS_DEFAULTED 4:5",
      "warning NO_SIGN_KEYS 4:5",
      "warning UNKNOWN_CLIENT_IDENTIFIER 4:17",
      "warning MISSING_FIELD 8:7",
      ...deprecated("8:7"),
    ],
    creates: ["oidc_provider test-admin-oidc-provider", "oidc_client test-admin-oidc"],
  },
  {
    file: "oidc-discovery.yaml",
    shows: "A7.44",
    outcome: "applied",
    problems: ["warning OPTIONS_DEFAULTED 4:5", "warning UNKNOWN_CLIENT_IDENTIFIER 4:17", ...deprecated("8:7")],
    creates: ["oidc_provider test-admin-oidc-provider", "oidc_client test-admin-oidc"],
  },
  {
    file: "oidc-full-setup.yaml",
    shows: "A7.41",
    outcome: "applied",
    problems: [
      "warning UNKNOWN_CLIENT_IDENTIFIER 4:17",
      "warning MISSING_OPENID_SCOPE 9:5",
      "warning INVALID_VALUE 14:27",
      "warning MISSING_FIELD 16:9",
      ...deprecated("16:9", "22:5", "24:5", "26:7", "28:18", "29:31", "31:5", "33:23", "35:5", "36:32", "37:21"),
      ...deprecated("38:22", "39:22"),
    ],
    creates: ["oidc_provider test-admin-oidc-provider", "oidc_client test-admin-oidc"],
  },
  {
    // The incumbent refuses the identifier; here a login or verifier may ask for any, so it is a warning.
    file: "oidc-invalid-client.yaml",
    shows: "A7.49",
    outcome: "applied",
    problems: [
      "warning OPTIONS_DEFAULTED 4:5",
      "warning NO_SIGN_KEYS 4:5",
      "warning UNKNOWN_CLIENT_IDENTIFIER 4:17",
      "warning MISSING_FIELD 8:7",
      ...deprecated("8:7"),
    ],
    creates: ["oidc_provider invalid-admin-oidc-provider", "oidc_client invalid-admin-oidc"],
  },
  { file: "oidc-missing-identifier.yaml", shows: "A7.46", outcome: "invalid", problems: ["error MISSING_FIELD 4:5"] },
  {
    file: "oidc-multiple-providers.yaml",
    shows: "A7.47",
    outcome: "applied",
    problems: [
      "warning MISSING_FIELD 17:7",
      "warning OPTIONS_DEFAULTED 28:7",
      "warning UNKNOWN_CLIENT_IDENTIFIER 29:17",
      "warning OPTIONS_DEFAULTED 33:14",
    ],
    creates: [
      "oidc_provider test-provider-discovery",
      "oidc_provider test-provider-full",
      "oidc_client admin-oidc",
      "oidc_client test-admin-oidc",
    ],
  },
  {
    file: "open-klant.yaml",
    outcome: "applied",
    problems: [
      "warning MISSING_FIELD 20:9",
      "warning NO_SIGN_KEYS 24:5",
      ...foreign("55:1", "56:1", "73:1", "74:1", "80:1", "81:1"),
    ],
    creates: ["oidc_provider example-provider", "oidc_client admin-oidc", "api_token token-1"],
  },
  {
    file: "open-vtb.yaml",
    outcome: "applied",
    problems: ["warning MISSING_FIELD 9:9", ...foreign("74:1", "75:1", "86:1", "87:1")],
    creates: ["oidc_provider admin-oidc", "oidc_client admin-oidc", "oidc_client api-oidc"],
  },
  {
    file: "podiumd-objecttypen-pkce.yaml",
    env: {
      keycloak_client_secret: "Vq3xH8sLr2Zt",
      object_objecttypes_token: "2a6d4f0b8c1e3957a0b2c4d6e8f90123456789ab",
      objecttypen_openbeheer_token: "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
    },
    outcome: "applied",
    problems: ["warning INSECURE_URL 31:35"],
    creates: [
      "oidc_provider keycloak-provider",
      "oidc_client admin-oidc",
      "api_token openformulier-token",
      "api_token openbeheer-token",
    ],
  },
  {
    file: "podiumd-openzaak-unparseable.yaml",
    env: { keycloak_client_secret: "Vq3xH8sLr2Zt" },
    outcome: "invalid",
    problems: [
      ...foreign("1:1", "2:1", "6:1", "7:1"),
      "error VALUE_FROM_IN_TEXT 16:19",
      ...foreign("22:1", "23:1", "28:1", "29:1", "38:1", "39:1", "51:1", "52:1"),
      "warning INSECURE_URL 66:35",
    ],
  },
  {
    file: "token-all-fields.yaml",
    shows: "A8.53",
    outcome: "applied",
    problems: [],
    creates: ["api_token token-1", "api_token token-3"],
  },
  { file: "token-invalid-email.yaml", shows: "A8.54", outcome: "invalid", problems: ["error INVALID_VALUE 7:14"] },
  {
    // Two mistakes in one value: its spaces and its length.
    file: "token-invalid-identifier.yaml",
    shows: "A8.56",
    outcome: "invalid",
    problems: ["error INVALID_VALUE 4:19", "error INVALID_VALUE 4:19"],
  },
  {
    file: "token-invalid-token.yaml",
    shows: "A8.55",
    outcome: "invalid",
    problems: ["error INVALID_VALUE 5:14", "error INVALID_VALUE 7:14"],
  },
  {
    file: "users.yaml",
    shows: "A5.32",
    outcome: "applied",
    problems: ["warning WEAK_PASSWORD 8:17"],
    creates: ["user foo"],
  },
];

const applied = rows.filter(({ outcome }) => outcome === "applied").map((row) => [title(row), row] as const);
const invalid = rows.filter(({ outcome }) => outcome === "invalid").map((row) => [title(row), row] as const);

function title({ file, shows }: Row): string {
  return shows === undefined ? file : `${shows} ${file}`;
}

let provider: OpenIdProvider;
let otherRealm: OpenIdProvider;

beforeAll(async () => {
  provider = await startOpenIdProvider();
  otherRealm = await startOpenIdProvider({ path: "/realms/example/" });
});

afterAll(async () => {
  await provider.close();
  await otherRealm.close();
});

/** The file's text, with the discovery endpoints on this machine. */
function local(file: string): string {
  return readFileSync(corpus + file, "utf8").replace(
    /(oidc_op_discovery_endpoint: )https?:\/\/[^/\s]+\/realms\/(test|example)\//g,
    (_match, key: string, realm: string) => key + (realm === "test" ? provider : otherRealm).discoveryEndpoint,
  );
}

async function applyLocal(file: string, env: Readonly<Record<string, string>> = {}): Promise<Workplace> {
  const place = workplace({ [file]: local(file) });
  expect((await place.run(["apply", file], { env })).json.outcome).toBe("applied");
  return place;
}

describe("real configuration files", () => {
  it("have a row here, each of them", () => {
    expect(rows.map(({ file }) => file)).toEqual(readdirSync(corpus).sort());
  });

  it.each([...applied, ...invalid])("%s is told of what it deserves, as it is", async (_title, row) => {
    const run = jsonRun(await runCli(["validate", corpus + row.file, "--output", "json"], { env: { ...row.env } }));
    expect(run.problems).toEqual(row.problems);
    expect(run.json.outcome).toBe(row.outcome === "applied" ? "valid" : "invalid");
    expect(run.status).toBe(row.outcome === "applied" ? 0 : 3);
    expect(new Set(run.json.diagnostics.map(({ file }) => file))).toEqual(
      new Set(row.problems.length === 0 ? [] : [corpus + row.file]),
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
    const expected = isAsItIs ? row.problems : row.problems.filter((problem) => !problem.includes("INSECURE_URL"));
    expect(first.problems.filter((problem) => problem !== "note KEY_MADE")).toEqual(expected);

    const bytes = place.bytes();
    const second = await place.run(["apply", file], { env: { ...row.env } });
    expect(second.status).toBe(0);
    expect(second.json.outcome).toBe("unchanged");
    expect(second.json.summary).toEqual({ create: 0, update: 0, delete: 0, unchanged: row.creates?.length });
    expect(second.problems).toEqual(expected);
    expect(place.bytes().equals(bytes)).toBe(true);
  });

  it("open-vtb.yaml and open-klant.yaml name no provider to ask, so they are applied exactly as they are", () => {
    for (const file of ["open-vtb.yaml", "open-klant.yaml"]) {
      expect(local(file)).toBe(readFileSync(corpus + file, "utf8"));
    }
  });

  it.each(invalid)("%s fails at the right places and makes no database", async (_title, row) => {
    const place = workplace({ [row.file]: local(row.file) });
    const result = await runCli(["apply", row.file], { cwd: place.folder, env: { ...row.env } });
    expect(result.status).toBe(3);
    expect(result.stdout).toBe("");
    const errors = row.problems.filter((problem) => problem.startsWith("error "));
    const told = [...result.stderr.matchAll(/^(\S+):(\d+:\d+): error: .* \[(\w+)\]$/gm)];
    expect(told.map(([, file, where, code]) => `${file} error ${code} ${where}`)).toEqual(
      errors.map((problem) => `${row.file} ${problem}`),
    );
    expect(readdirSync(place.folder)).toEqual([row.file]);
  });

  it("podiumd-openzaak-unparseable.yaml is told what to write instead", async () => {
    const result = await runCli(["validate", `${corpus}podiumd-openzaak-unparseable.yaml`, "--no-env"]);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain("`value_from` stands inside of a text");
    expect(result.stderr).toContain("write header_value: {value_from: {env: NAME}}");
  });

  it.each(applied.filter(([, { env }]) => env !== undefined))(
    "%s misses each variable by name",
    async (_title, row) => {
      const run = await workplace({ [row.file]: local(row.file) }).run(["apply", row.file]);
      expect(run.status).toBe(3);
      const missed = run.json.diagnostics.filter(({ severity }) => severity === "error");
      expect(missed.map(({ code }) => code)).toEqual(missed.map(() => "ENV_NOT_SET"));
      // Those of another program's part of the file are not among them.
      const named = missed.map(({ message }) => /variable (\w+)/.exec(message)?.[1]).sort();
      expect(named).toEqual(Object.keys(row.env ?? {}).sort());
    },
  );
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

  it("of podiumd-objecttypen-pkce.yaml understands PKCE at the client", async () => {
    const file = "podiumd-objecttypen-pkce.yaml";
    const { env } = rows.find((row) => row.file === file) ?? {};
    const place = await applyLocal(file, env);
    const usePkce = () => place.open().kysely.selectFrom("oidc_clients").select("use_pkce").execute();
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
    const { issuer, discoveryEndpoint } = provider;
    expect(await place.open().kysely.selectFrom("oidc_providers").selectAll().execute()).toMatchObject([
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
    const { kysely } = (await applyLocal("oidc-multiple-providers.yaml")).open();
    const providers = kysely
      .selectFrom("oidc_providers")
      .select(["identifier", "nonce_size", "state_size", "use_nonce", "token_use_basic_auth", "discovery_endpoint"]);
    const settings = { use_nonce: 0, token_use_basic_auth: 1 };
    expect(await providers.orderBy("identifier").execute()).toEqual([
      {
        identifier: "test-provider-discovery",
        nonce_size: 64,
        state_size: 64,
        discovery_endpoint: provider.discoveryEndpoint,
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
    const { kysely } = (await applyLocal("oidc-custom-options.yaml")).open();
    const { options } = await kysely.selectFrom("oidc_clients").select("options").executeTakeFirstOrThrow();
    expect(JSON.parse(options)).toMatchObject({
      test: "test",
      this: { is: "a nested option!" },
      user_settings: { claim_mappings: { username: ["sub"] } },
      groups_settings: { claim_mapping: ["roles"], sync: true },
    });
  });

  it("A9.60 of objects-api.yaml is a token that may read one object type, and one that may do everything", async () => {
    const { kysely } = (await applyLocal("objects-api.yaml")).open();
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
  const { kysely } = place.open();
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
