import { describe, expect, it } from "vitest";
import { oidc } from "../../src/resources/oidc/step.js";
import { Secret } from "../../src/secrets/secret.js";
import { client, fullOptions, withClient } from "./oidc-config.js";
import { attributesOf, complaints, declared, diagnostics, issues } from "./run-step.js";

function attributes(fields: object) {
  return attributesOf(oidc, withClient(fields), "oidc_client");
}

function codes(fields: object) {
  return diagnostics(oidc, withClient(fields)).map(({ code, path }) => `${code} ${path}`);
}

describe("an OpenID Connect client", () => {
  it("A7.43 gets the defaults for what is not written", () => {
    expect(attributes({})).toEqual({
      provider: "keycloak",
      enabled: true,
      client_id: "client-id",
      client_secret: client.oidc_rp_client_secret,
      sign_algo: "RS256",
      sign_key: null,
      scopes: ["openid", "email", "profile"],
      idp_hint: "",
      userinfo_claims_source: "userinfo_endpoint",
      check_op_availability: false,
      use_pkce: null,
      audience: [],
      accept_at_hash: false,
      options: fullOptions,
    });
    expect(codes({})).toEqual([]);
  });

  it("declares everything that is written", () => {
    const key = new Secret("key");
    expect(
      attributes({
        enabled: false,
        oidc_rp_sign_algo: "HS256",
        oidc_rp_idp_sign_key: key,
        oidc_rp_scopes_list: ["openid", "roles"],
        oidc_keycloak_idp_hint: "foo",
        userinfo_claims_source: "id_token",
        check_op_availability: true,
        oidc_use_pkce: true,
        oidc_audience: ["api", "https://api.example.nl"],
      }),
    ).toMatchObject({
      enabled: false,
      sign_algo: "HS256",
      sign_key: key,
      scopes: ["openid", "roles"],
      idp_hint: "foo",
      userinfo_claims_source: "id_token",
      check_op_availability: true,
      use_pkce: true,
      audience: ["api", "https://api.example.nl"],
    });
  });

  it("F50 warns of accept_at_hash, and refuses it where nothing would read it", () => {
    expect(attributes({ accept_at_hash: true })).toMatchObject({ accept_at_hash: true });
    expect(codes({ accept_at_hash: true })).toEqual(["ID_TOKENS_ACCEPTED items.0.accept_at_hash"]);
    expect(codes({ accept_at_hash: false })).toEqual([]);
    expect(issues(oidc, withClient({ options: { ...fullOptions, accept_at_hash: true } }))).toMatchObject([
      { path: "items.0.options.accept_at_hash", message: "unknown field in `options`" },
    ]);
  });

  it("A7.46 refuses a client without identifier", () => {
    expect(issues(oidc, withClient({ identifier: undefined }))).toMatchObject([
      { path: "items.0.identifier", code: "invalid_type" },
    ]);
  });

  it("A7.47 allows several clients to share a provider", () => {
    const items = [client, { ...client, identifier: "api-oidc" }];
    expect(declared(oidc, { items }).map(({ key, attributes: { provider } }) => ({ key, provider }))).toEqual([
      { key: "admin-oidc", provider: "keycloak" },
      { key: "api-oidc", provider: "keycloak" },
    ]);
    expect(declared(oidc, { items: [] })).toEqual([]);
  });

  it("refuses `clients`, and `items` that is null or missing", () => {
    expect(issues(oidc, { clients: [] }).map(({ code, path }) => `${code} ${path}`)).toEqual([
      "invalid_type items",
      "unrecognized_keys ",
    ]);
    expect(issues(oidc, { items: null })).toMatchObject([{ path: "items", code: "invalid_type", expected: "array" }]);
  });

  it.each(["oidc_rp_client_id", "oidc_rp_client_secret"])(
    "rejects a client without %s and accepts an empty one",
    (field) => {
      expect(issues(oidc, withClient({ [field]: undefined })).map(({ path }) => path)).toEqual([`items.0.${field}`]);
      expect(issues(oidc, withClient({ [field]: field.endsWith("secret") ? new Secret("") : "" }))).toEqual([]);
    },
  );

  it("accepts 2000 characters as id and hint, 8000 as secret, 16384 as key, and rejects more", () => {
    const long = (more: number) => ({
      oidc_rp_client_id: "x".repeat(2000 + more),
      oidc_rp_client_secret: new Secret("x".repeat(8000 + more)),
      oidc_rp_idp_sign_key: new Secret("x".repeat(16384 + more)),
      oidc_keycloak_idp_hint: "x".repeat(2000 + more),
    });
    expect(issues(oidc, withClient(long(0)))).toEqual([]);
    expect(issues(oidc, withClient(long(1))).map(({ path }) => path)).toEqual([
      "items.0.oidc_rp_client_id",
      "items.0.oidc_rp_client_secret",
      "items.0.oidc_rp_idp_sign_key",
      "items.0.oidc_keycloak_idp_hint",
    ]);
  });

  it.each(["none", "None", "", "FOO", "rs256", "RS1"])("refuses the algorithm %j", (oidc_rp_sign_algo) => {
    expect(issues(oidc, withClient({ oidc_rp_sign_algo }))).toMatchObject([
      { path: "items.0.oidc_rp_sign_algo", code: "invalid_value" },
    ]);
  });

  it.each([
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
    "HS256",
    "HS384",
    "HS512",
  ])("accepts the algorithm %s", (algorithm) => {
    expect(attributes({ oidc_rp_sign_algo: algorithm }).sign_algo).toBe(algorithm);
  });

  it("refuses a scope of 2001 characters instead of cutting it off", () => {
    expect(issues(oidc, withClient({ oidc_rp_scopes_list: ["s".repeat(2000)] }))).toEqual([]);
    expect(issues(oidc, withClient({ oidc_rp_scopes_list: ["s".repeat(2001)] }))).toMatchObject([
      { path: "items.0.oidc_rp_scopes_list.0", code: "too_big", maximum: 2000 },
    ]);
  });

  it("warns where `openid` is not among the scopes", () => {
    expect(codes({ oidc_rp_scopes_list: ["open_id"] })).toEqual(["MISSING_OPENID_SCOPE items.0.oidc_rp_scopes_list"]);
    expect(codes({ oidc_rp_scopes_list: [] })).toEqual(["MISSING_OPENID_SCOPE items.0.oidc_rp_scopes_list"]);
    expect(codes({ oidc_rp_scopes_list: ["email openid"] })).toEqual([]);
  });

  it("refuses another source of claims, an empty audience and an unknown field", () => {
    expect(issues(oidc, withClient({ userinfo_claims_source: "userinfo" }))).toMatchObject([{ code: "invalid_value" }]);
    expect(issues(oidc, withClient({ oidc_audience: [""] }))).toMatchObject([{ path: "items.0.oidc_audience.0" }]);
    expect(issues(oidc, withClient({ oidc_audience: "api" }))).toMatchObject([{ code: "invalid_type" }]);
    expect(issues(oidc, withClient({ enable: true }))).toMatchObject([{ code: "unrecognized_keys", keys: ["enable"] }]);
  });

  it("refuses a client without provider, also among other mistakes", () => {
    expect(issues(oidc, withClient({ oidc_provider_identifier: undefined }))).toMatchObject([
      { path: "items.0.oidc_provider_identifier", code: "invalid_type" },
    ]);
    expect(complaints(oidc, withClient({ oidc_provider_identifier: "" }))).toEqual([
      { path: "items.0.oidc_provider_identifier", message: "expected the identifier of a provider" },
    ]);
    const both = issues(oidc, withClient({ oidc_provider_identifier: undefined, enable: true, endpoint_config: null }));
    expect(both.map(({ path }) => path)).toEqual(["items.0", "items.0.oidc_provider_identifier"]);
  });

  it.each([
    ["admin-odic", "admin-oidc"],
    ["admin_oidc", "admin-oidc"],
    ["admin-oidc2", "admin-oidc"],
    ["api-oid", "api-oidc"],
    ["Api-oidc", "api-oidc"],
  ])("A7.49 refuses the identifier %s and names %s", (identifier, meant) => {
    expect(complaints(oidc, withClient({ identifier }))).toEqual([
      {
        path: "items.0.identifier",
        message: `unknown identifier; did you mean \`${meant}\`?`,
      },
    ]);
  });

  it.each(["api-oidc-2", "admin-oidc-b", "b-api-oidc", "api-oidc_2"])(
    "F39 treats %s as a name, not a typo",
    (identifier) => {
      expect(complaints(oidc, withClient({ identifier }))).toEqual([]);
    },
  );

  it.each(["api-odic", "admin-oidcb", "api-oidc-", "api_oidc"])("F39 treats %s as a typo", (identifier) => {
    expect(complaints(oidc, withClient({ identifier }))).toMatchObject([{ path: "items.0.identifier" }]);
  });

  it.each(["test-admin-oidc", "invalid-admin-oidc", "oidc-digid", "x"])(
    "A7.49 accepts the identifier %s with a warning",
    (identifier) => {
      expect(diagnostics(oidc, withClient({ identifier }))).toMatchObject([
        { severity: "warning", code: "UNKNOWN_CLIENT_IDENTIFIER", path: "items.0.identifier" },
      ]);
    },
  );

  it("A7.49 does not warn of the known identifiers and rejects what is not a slug", () => {
    for (const identifier of ["admin-oidc", "api-oidc"]) expect(codes({ identifier })).toEqual([]);
    expect(issues(oidc, withClient({ identifier: "my client" }))).toMatchObject([{ code: "invalid_format" }]);
  });

  it("treats an empty sign key as none", () => {
    expect(attributes({ oidc_rp_idp_sign_key: new Secret("") }).sign_key).toBeNull();
    expect(codes({ oidc_rp_idp_sign_key: new Secret("") })).toEqual([]);
  });

  it("A7.41 accepts an invalid sign key where the client accepts no one, with a warning that does not repeat it", () => {
    const key = new Secret("not-a-key");
    const found = diagnostics(oidc, withClient({ enabled: false, oidc_rp_idp_sign_key: key }));
    expect(found).toMatchObject([{ severity: "warning", code: "INVALID_VALUE", path: "items.0.oidc_rp_idp_sign_key" }]);
    expect(JSON.stringify(found)).not.toContain("not-a-key");
    expect(attributes({ enabled: false, oidc_rp_idp_sign_key: key }).sign_key).toBe(key);
  });

  it.each([
    ["HS256", 32],
    ["HS384", 48],
    ["HS512", 64],
  ])(
    "F5 S101 refuses %s with a client's secret of fewer than %i bytes, and does not say how long it is",
    (name, least) => {
      const found = (secret: string) =>
        diagnostics(oidc, withClient({ oidc_rp_sign_algo: name, oidc_rp_client_secret: new Secret(secret) }));
      for (const secret of ["", "x", "x".repeat(least - 1), `${"é".repeat(least / 2 - 1)}x`]) {
        expect(found(secret)).toEqual([
          {
            severity: "error",
            code: "INVALID_VALUE",
            path: "items.0.oidc_rp_client_secret",
            message: `${name} signs with this secret, which must have at least ${least} bytes for it (RFC 7518 §3.2)`,
            hint: expect.stringContaining("set a longer secret at the provider"),
          },
        ]);
      }
      // Bytes count, not characters.
      for (const secret of ["x".repeat(least), "é".repeat(least / 2)]) expect(found(secret)).toEqual([]);
    },
  );

  it("F5 warns only, where the client is not enabled", () => {
    const short = { oidc_rp_sign_algo: "HS256", oidc_rp_client_secret: new Secret("x") };
    const severities = (fields: object) =>
      diagnostics(oidc, withClient({ ...short, ...fields })).map(({ severity }) => severity);
    expect(severities({ enabled: false })).toEqual(["warning"]);
    expect(severities({ enabled: true })).toEqual(["error"]);
  });

  it.each(["RS256", "PS512", "ES384", "EdDSA"])("F5 allows a short secret where %s signs", (algorithm) => {
    expect(codes({ oidc_rp_sign_algo: algorithm, oidc_rp_client_secret: new Secret("x") })).toEqual([]);
  });

  it("is declared absent, and then gets no diagnostic", () => {
    const config = withClient({ state: "absent", oidc_rp_scopes_list: [], options: {} });
    expect(declared(oidc, config)).toEqual([
      { kind: "oidc_client", key: "admin-oidc", state: "absent", attributes: {}, path: ["items", 0] },
    ]);
    expect(diagnostics(oidc, config)).toEqual([]);
    expect(issues(oidc, { items: [{ identifier: "admin-oidc", state: "absent" }] })).toEqual([]);
  });
});
