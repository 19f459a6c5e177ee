import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { always, serve } from "../support/http-server.js";
import { type OpenIdProvider, startOpenIdProvider } from "../support/openid-provider.js";
import { type Workplace, workplace } from "./outcome.js";

let provider: OpenIdProvider;

beforeAll(async () => {
  provider = await startOpenIdProvider();
});

afterAll(() => provider.close());

const explicit = `
        oidc_op_authorization_endpoint: https://login.example.nl/auth
        oidc_op_token_endpoint: https://login.example.nl/token
        oidc_op_user_endpoint: https://login.example.nl/me`;
const discovering = (endpoint: string) => `
        oidc_op_discovery_endpoint: ${endpoint}`;

function config(endpoints: string, client = ""): string {
  return `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      endpoint_config:${endpoints}
  items:
    - identifier: admin-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: x
      oidc_rp_client_secret: Vq3xH8sLr2Zt
${client}`;
}

async function providerRow(place: Workplace) {
  return (await place.open()).kysely.selectFrom("oidc_providers").selectAll().executeTakeFirstOrThrow();
}

async function clientRow(place: Workplace) {
  return (await place.open()).kysely.selectFrom("oidc_clients").selectAll().executeTakeFirstOrThrow();
}

describe("the OpenID Connect step of mozilla-django-oidc-db (A7)", () => {
  it("A7.41 A7.42 overwrites everything: endpoints of a discovery are blanked, mappings replaced and not merged", async () => {
    const place = workplace();
    const first = `      enabled: true
      oidc_rp_scopes_list: [openid, extra]
      options:
        old: key
        user_settings: {claim_mappings: {username: [sub], email: [mail], last_name: [family]}}
        groups_settings: {claim_mapping: [old-groups]}
`;
    await place.apply(config(discovering(provider.discoveryEndpoint), first));
    expect(await providerRow(place)).toMatchObject({
      discovery_endpoint: provider.discoveryEndpoint,
      issuer: provider.issuer,
      logout_endpoint: `${provider.issuer}/session/end`,
    });
    const second = `      enabled: false
      oidc_rp_scopes_list: [openid]
      options:
        user_settings: {claim_mappings: {username: [name], first_name: [given]}}
        groups_settings: {claim_mapping: [new-groups]}
`;
    expect((await place.apply(config(explicit, second))).status).toBe(0);
    expect(await providerRow(place)).toMatchObject({
      discovery_endpoint: null,
      issuer: null,
      authorization_endpoint: "https://login.example.nl/auth",
      token_endpoint: "https://login.example.nl/token",
      userinfo_endpoint: "https://login.example.nl/me",
      jwks_endpoint: null,
      logout_endpoint: null,
    });
    const client = await clientRow(place);
    expect(client).toMatchObject({ enabled: 0, scopes: '["openid"]' });
    expect(JSON.parse(client.options)).toMatchObject({ groups_settings: { claim_mapping: ["new-groups"] } });
    expect(JSON.parse(client.options)).not.toHaveProperty("old");
    expect(JSON.parse(client.options).user_settings.claim_mappings).toEqual({
      username: ["name"],
      first_name: ["given"],
    });
    expect((await place.apply(config(explicit, second))).json.outcome).toBe("unchanged");
  });

  it("A7.43 stores the defaults of fields that are left out", async () => {
    const place = workplace();
    await place.apply(config(explicit));
    expect(await providerRow(place)).toMatchObject({
      use_nonce: 1,
      nonce_size: 32,
      state_size: 32,
      token_use_basic_auth: 0,
      jwks_endpoint: null,
      // Unlike in mozilla-django-oidc-db, PKCE is on.
      use_pkce: 1,
    });
    const client = await clientRow(place);
    expect(client).toMatchObject({
      enabled: 1,
      sign_algo: "RS256",
      sign_key: null,
      scopes: '["openid","email","profile"]',
      userinfo_claims_source: "userinfo_endpoint",
      check_op_availability: 0,
    });
    expect(JSON.parse(client.options)).toEqual({
      user_settings: {
        claim_mappings: {
          username: ["sub"],
          email: ["email"],
          first_name: ["given_name"],
          last_name: ["family_name"],
        },
        username_case_sensitive: true,
      },
      groups_settings: {
        claim_mapping: ["roles"],
        sync: true,
        sync_pattern: "*",
        default_groups: [],
        make_users_staff: false,
        superuser_group_names: [],
      },
    });
  });

  it("A7.44 writes the endpoints that a provider publishes, with one request", async () => {
    const place = workplace();
    const asked = provider.requests.length;
    await place.apply(config(discovering(provider.discoveryEndpoint)));
    expect(provider.requests.slice(asked)).toEqual(["/realms/test/.well-known/openid-configuration"]);
    expect(await providerRow(place)).toMatchObject({
      authorization_endpoint: `${provider.issuer}/auth`,
      token_endpoint: `${provider.issuer}/token`,
      userinfo_endpoint: `${provider.issuer}/me`,
      jwks_endpoint: `${provider.issuer}/jwks`,
    });
  });

  // django-setup-configuration ends with 1; here the status is 5, since trying again may help.
  it.each([404, 403, 500, "refused connection"])("A7.45 changes nothing when discovery fails: %s", async (failure) => {
    const place = workplace();
    await place.apply(config(explicit, "      enabled: false\n"));
    const contents = await place.contents();
    const server = await serve(always(typeof failure === "number" ? failure : 200, {}));
    if (typeof failure === "string") await server.close();
    const run = await place.apply(config(discovering(`${server.origin}/realms/test/`)));
    expect(run).toMatchObject({ status: 5, json: { outcome: "failed" } });
    expect(run.diagnostics).toEqual(["error DISCOVERY_UNREACHABLE 4:7"]);
    expect(await place.contents()).toBe(contents);
    expect(await clientRow(place)).toMatchObject({ enabled: 0 });
  });

  it("A7.45 says that the document is not valid where the provider answers with something else", async () => {
    const place = workplace();
    const server = await serve(always(200, { issuer: "https://elsewhere.example.nl" }));
    const run = await place.apply(config(discovering(`${server.origin}/`)));
    expect(run).toMatchObject({ status: 3, diagnostics: ["error DISCOVERY_INVALID 4:7"] });
    expect(await place.hasDatabase()).toBe(false);
  });

  it("A7.46 names the client that has no identifier", async () => {
    const place = workplace();
    const run = await place.apply(config(explicit).replace("identifier: admin-oidc\n      ", ""));
    expect(run.status).toBe(3);
    expect(run.json.diagnostics.find(({ severity }) => severity === "error")).toMatchObject({
      code: "MISSING_FIELD",
      path: "oidc_db_config_admin_auth.items.0.identifier",
      line: 10,
      column: 7,
    });
  });

  // mozilla-django-oidc-db accepts only the identifiers of its plugins; here one that resembles none of them gets a warning.
  it("A7.49 rejects an identifier close to a known one and creates no row, and accepts others with a warning", async () => {
    const place = workplace();
    const run = await place.apply(config(explicit).replace("admin-oidc", "admin_oidc"));
    expect(run.status).toBe(3);
    expect(run.diagnostics).toContain("error INVALID_VALUE 10:19");
    expect(run.json.diagnostics.find(({ severity }) => severity === "error")?.message).toContain("`admin-oidc`");
    expect(await place.hasDatabase()).toBe(false);
    const other = await place.apply(config(explicit).replace("admin-oidc", "oidc-digid"));
    expect(other.status).toBe(0);
    expect(other.diagnostics).toContain("warning UNKNOWN_CLIENT_IDENTIFIER 10:19");
  });

  // An issuer's name and keys suffice where a client only guards an API.
  it("A7.50 requires each of the three endpoints where there is no discovery and people sign in", async () => {
    const run = await workplace().apply(config(" {oidc_op_jwks_endpoint: 'https://login.example.nl/jwks'}"));
    expect(run.status).toBe(3);
    const missed = run.json.diagnostics.filter(
      ({ code, severity }) => severity === "error" && code === "MISSING_FIELD",
    );
    const named = missed.flatMap(({ hint }) => [...(hint ?? "").matchAll(/oidc_op_\w+/g)].map(([name]) => name));
    expect(named.filter((name) => name !== "oidc_op_discovery_endpoint")).toEqual([
      "oidc_op_authorization_endpoint",
      "oidc_op_token_endpoint",
      "oidc_op_user_endpoint",
    ]);
  });
});

describe("F5 S101 a secret that tokens are signed with", () => {
  const short = "Vq3xH8sLr2Zt";
  const fromEnv = "{value_from: {env: CLIENT_SECRET}}";
  const validate = (secret: string, env: Readonly<Record<string, string>> = {}, ...args: readonly string[]) => {
    const yaml = config(explicit, "      oidc_rp_sign_algo: HS256\n").replace(short, secret);
    return workplace({ "config.yaml": yaml }).run(["validate", "config.yaml", ...args], { env });
  };

  it("is refused where it is too short, wherever it comes from, and is not shown", async () => {
    for (const [secret, env] of [
      [short, {}],
      [fromEnv, { CLIENT_SECRET: short }],
      [`{value_from: {env: CLIENT_SECRET, default: ${short}}}`, {}],
    ] as const) {
      const run = await validate(secret, env);
      expect(run).toMatchObject({
        status: 3,
        diagnostics: expect.arrayContaining([expect.stringMatching(/^error INVALID_VALUE 1[23]:/)]),
      });
      expect(JSON.stringify(run)).toContain("at least 32 bytes");
      expect(JSON.stringify(run)).not.toContain(short);
    }
    expect(await validate(fromEnv, { CLIENT_SECRET: short.repeat(3) })).toMatchObject({ status: 0 });
  });

  it("is not checked where its value is not known yet", async () => {
    expect(await validate(fromEnv, {}, "--no-env")).toMatchObject({ status: 0 });
    expect(JSON.stringify(await validate(fromEnv))).not.toContain("bytes");
  });
});

describe("F16 a sign key", () => {
  const run = (command: string, key: string | undefined, ...args: readonly string[]) => {
    const yaml = config(explicit, "      oidc_rp_idp_sign_key: {value_from: {env: SIGN_KEY}}\n");
    const env = key === undefined ? {} : { SIGN_KEY: key };
    return workplace({ "config.yaml": yaml }).run([command, "config.yaml", ...args], { env });
  };

  it("that is private, or that no token can be checked with, is refused before anything is written, and not shown", async () => {
    const { publicKey, privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    const pem = String(publicKey.export({ format: "pem", type: "spki" }));
    const privatePem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
    for (const [key, found] of [
      [privatePem, "this is a private key"],
      [pem.replaceAll("\n", "\\n"), "in letters where line breaks belong"],
    ] as const) {
      for (const command of ["validate", "plan", "apply"]) {
        const refused = await run(command, key);
        expect(refused).toMatchObject({
          status: 3,
          diagnostics: expect.arrayContaining([expect.stringMatching(/^error INVALID_VALUE 14:29/)]),
        });
        expect(JSON.stringify(refused)).toContain(found);
        for (const part of key.match(/[A-Za-z0-9+/]{20,64}/g) ?? [])
          expect(JSON.stringify(refused)).not.toContain(part);
      }
    }
    expect(await run("validate", pem)).toMatchObject({ status: 0 });
    expect(await run("validate", undefined, "--no-env")).toMatchObject({ status: 0 });
  });
});

describe("F73 a spelling in another case", () => {
  it("of a flag, an identifier and an algorithm is an error that shows the spelling, beside an enabled step", async () => {
    const yaml = config(explicit, "      oidc_rp_sign_algo: rs256\n").replace("admin-oidc", "Admin-OIDC");
    const place = workplace({ "config.yaml": `${yaml}TOKENAUTH_CONFIG_ENABLE: true\n` });
    const run = await place.run(["apply", "config.yaml"]);
    expect(run).toMatchObject({
      status: 3,
      diagnostics: expect.arrayContaining([
        expect.stringMatching(/^error INVALID_VALUE 10:19/),
        expect.stringMatching(/^error INVALID_VALUE 14:26/),
        expect.stringMatching(/^error UNKNOWN_FIELD 15:1/),
      ]),
    });
    for (const meant of ["`admin-oidc`", "did you mean RS256?", "did you mean `tokenauth_config_enable`?"]) {
      expect(JSON.stringify(run)).toContain(meant);
    }
  });
});
