import { describe, expect, it } from "vitest";
import { oidc } from "../../src/resources/oidc/step.js";
import { allEndpoints, client, discovery, endpoints, withProvider } from "./oidc-config.js";
import { attributesOf, complaints, declared, diagnostics, issues } from "./run-step.js";

function attributes(fields: object) {
  return attributesOf(oidc, withProvider(fields), "oidc_provider");
}

function codes(fields: object) {
  return diagnostics(oidc, withProvider(fields)).map(({ code, path }) => `${code} ${path}`);
}

describe("an OpenID provider", () => {
  it("A7.43 gets the defaults for what is not written", () => {
    expect(attributes({ endpoint_config: endpoints })).toEqual({
      issuer: null,
      discovery_endpoint: null,
      authorization_endpoint: endpoints.oidc_op_authorization_endpoint,
      token_endpoint: endpoints.oidc_op_token_endpoint,
      userinfo_endpoint: endpoints.oidc_op_user_endpoint,
      introspection_endpoint: null,
      jwks_endpoint: null,
      logout_endpoint: null,
      token_use_basic_auth: false,
      use_nonce: true,
      nonce_size: 32,
      state_size: 32,
      use_pkce: true,
      ca_file: null,
      former_issuers: [],
    });
  });

  it("F61 names its former issuers, each once", () => {
    const oidc_op_former_issuers = ["https://b.example", "https://a.example/", "https://b.example"];
    const former_issuers = ["https://a.example/", "https://b.example"];
    expect(attributes({ oidc_op_former_issuers })).toMatchObject({ former_issuers });
    expect(attributes({})).toMatchObject({ former_issuers: [] });
  });

  it("leaves to discovery what is not written, and what is written wins", () => {
    expect(attributes({})).toMatchObject({
      issuer: undefined,
      discovery_endpoint: discovery.oidc_op_discovery_endpoint,
      authorization_endpoint: undefined,
      token_endpoint: undefined,
      userinfo_endpoint: undefined,
      jwks_endpoint: undefined,
      logout_endpoint: undefined,
    });
    const inside = "http://keycloak:8080/token";
    expect(attributes({ endpoint_config: { ...discovery, oidc_op_token_endpoint: inside } })).toMatchObject({
      authorization_endpoint: undefined,
      token_endpoint: inside,
    });
  });

  it("treats empty texts as left out", () => {
    const empty = { oidc_op_discovery_endpoint: "", oidc_op_jwks_endpoint: "", oidc_op_logout_endpoint: "" };
    expect(
      attributes({ endpoint_config: { ...endpoints, ...empty }, oidc_op_issuer: "", oidc_op_ca_file: "" }),
    ).toMatchObject({
      discovery_endpoint: null,
      issuer: null,
      ca_file: null,
      jwks_endpoint: null,
      logout_endpoint: null,
    });
    expect(attributes({ endpoint_config: { ...discovery, oidc_op_jwks_endpoint: "" } }).jwks_endpoint).toBeUndefined();
  });

  it("F2: accepts the introspection endpoint among the others or beside them, but not two different ones", () => {
    const oidc_op_introspection_endpoint = "https://kc.example.nl/introspect";
    const attribute = { introspection_endpoint: oidc_op_introspection_endpoint };
    expect(attributes({ endpoint_config: { ...endpoints, oidc_op_introspection_endpoint } })).toMatchObject(attribute);
    expect(attributes({ endpoint_config: endpoints, oidc_op_introspection_endpoint })).toMatchObject(attribute);
    expect(attributes({}).introspection_endpoint).toBeUndefined();
    const twice = { endpoint_config: { ...endpoints, oidc_op_introspection_endpoint }, oidc_op_introspection_endpoint };
    expect(attributes(twice)).toMatchObject(attribute);
    expect(complaints(oidc, withProvider({ ...twice, oidc_op_introspection_endpoint: "https://other.nl/" }))).toEqual([
      {
        path: "providers.0.oidc_op_introspection_endpoint",
        message: "expected the same URL as in `endpoint_config`, or only one of the two",
      },
    ]);
    const insecure = "http://kc.example.nl/introspect";
    const path = "providers.0.oidc_op_introspection_endpoint";
    expect(codes({ oidc_op_introspection_endpoint: insecure })).toEqual([`INSECURE_URL ${path}`]);
  });

  it("A7.47 declares each with its own settings, and clients that share one", () => {
    const settings = { oidc_token_use_basic_auth: true, oidc_use_nonce: false };
    const providers = [
      { identifier: "a", ...settings, oidc_nonce_size: 64, oidc_state_size: 64, endpoint_config: discovery },
      { identifier: "b", ...settings, oidc_nonce_size: 48, oidc_state_size: 48, endpoint_config: allEndpoints },
    ];
    const found = declared(oidc, { providers, items: [] });
    expect(found.map(({ kind, key, path }) => ({ kind, key, path }))).toEqual([
      { kind: "oidc_provider", key: "a", path: ["providers", 0] },
      { kind: "oidc_provider", key: "b", path: ["providers", 1] },
    ]);
    expect(found[0]?.attributes).toMatchObject({ nonce_size: 64, state_size: 64, token_use_basic_auth: true });
    expect(found[1]?.attributes).toMatchObject({
      nonce_size: 48,
      use_nonce: false,
      jwks_endpoint: allEndpoints.oidc_op_jwks_endpoint,
      logout_endpoint: allEndpoints.oidc_op_logout_endpoint,
    });
  });

  it("accepts PKCE, an issuer byte for byte, and a certificate authority", () => {
    const fields = {
      oidc_use_pkce: false,
      oidc_op_issuer: "https://KC.example.nl:443/realms/x",
      oidc_op_ca_file: "/ca.pem",
    };
    expect(attributes(fields)).toMatchObject({
      use_pkce: false,
      issuer: "https://KC.example.nl:443/realms/x",
      ca_file: "/ca.pem",
    });
    expect(complaints(oidc, withProvider({ oidc_op_issuer: " https://kc.example.nl" }))).toEqual([
      {
        path: "providers.0.oidc_op_issuer",
        message: "expected an absolute http or https URL, without spaces around it",
      },
    ]);
  });

  it("A7.50 misses each needed endpoint where there is no discovery, also among other mistakes", () => {
    const missing = ["authorization", "token", "user"].map((name) => ({
      path: `providers.0.endpoint_config.oidc_op_${name}_endpoint`,
      code: "invalid_type",
      expected: "string",
    }));
    expect(issues(oidc, withProvider({ endpoint_config: {} }))).toMatchObject(missing);
    expect(issues(oidc, withProvider({ endpoint_config: { oidc_op_discovery_endpoint: "" } }))).toMatchObject(missing);
    const typo = { ...endpoints, oidc_op_token_endpoint: undefined, oidc_op_tokn_endpoint: "https://x.nl" };
    expect(issues(oidc, withProvider({ endpoint_config: typo })).map(({ code, path }) => `${code} ${path}`)).toEqual([
      "unrecognized_keys providers.0.endpoint_config",
      "invalid_type providers.0.endpoint_config.oidc_op_token_endpoint",
    ]);
  });

  it("F62 needs nothing but the keys' URL for a client that guards an API, and more where one of the others is there", () => {
    const keys = { oidc_op_jwks_endpoint: "https://keys.example.nl/jwks" };
    const forApi = {
      ...withProvider({ oidc_op_issuer: "https://issuer.example.nl", endpoint_config: keys }),
      items: [{ ...client, identifier: "api-oidc", userinfo_claims_source: "id_token" }],
    };
    expect(issues(oidc, forApi)).toEqual([]);
    expect(diagnostics(oidc, forApi).filter(({ severity }) => severity === "error")).toEqual([]);
    const token = { ...keys, oidc_op_token_endpoint: "https://issuer.example.nl/token" };
    expect(issues(oidc, withProvider({ endpoint_config: token })).map(({ path }) => path)).toEqual([
      "providers.0.endpoint_config.oidc_op_authorization_endpoint",
      "providers.0.endpoint_config.oidc_op_user_endpoint",
    ]);
    expect(issues(oidc, withProvider({ endpoint_config: { oidc_op_jwks_endpoint: "" } }))).toHaveLength(3);
  });

  it("F62 is an error where people are to sign in with the keys' URL alone, or claims to come from userinfo", () => {
    const keys = { oidc_op_jwks_endpoint: "https://keys.example.nl/jwks" };
    const errorsOf = (fields: object) =>
      diagnostics(oidc, {
        ...withProvider({ oidc_op_issuer: "https://issuer.example.nl", endpoint_config: keys }),
        items: [{ ...client, userinfo_claims_source: "id_token", ...fields }],
      })
        .filter(({ severity }) => severity === "error")
        .map(({ code, path }) => `${code} ${path}`);
    expect(errorsOf({ identifier: "admin-oidc" })).toEqual(["MISSING_FIELD items.0"]);
    expect(errorsOf({ identifier: "admin-oidc", enabled: false })).toEqual([]);
    const userinfo = { identifier: "api-oidc", userinfo_claims_source: "userinfo_endpoint" };
    expect(errorsOf(userinfo)).toEqual(["MISSING_FIELD items.0.userinfo_claims_source"]);
  });

  it("refuses a missing or null endpoint_config and an unknown field", () => {
    for (const endpoint_config of [undefined, null]) {
      expect(issues(oidc, withProvider({ endpoint_config }))).toMatchObject([{ path: "providers.0.endpoint_config" }]);
    }
    expect(issues(oidc, withProvider({ oidc_op_isuer: "https://x.nl" }))).toMatchObject([
      { code: "unrecognized_keys", keys: ["oidc_op_isuer"] },
    ]);
  });

  it.each([
    "http://keycloak:8080/realms/x",
    "https://kc_1.example.nl/x#y",
    "HTTPS://x.nl",
    "https://münchen.de/a",
    "https://[::1]:8443/",
  ])("accepts the URL %s", (url) => {
    expect(attributes({ endpoint_config: { oidc_op_discovery_endpoint: url } }).discovery_endpoint).toBe(url);
  });

  it("drops spaces around a URL", () => {
    const endpoint_config = { oidc_op_discovery_endpoint: " https://kc.example.nl/realms/x\n" };
    expect(attributes({ endpoint_config }).discovery_endpoint).toBe("https://kc.example.nl/realms/x");
  });

  it.each([
    "/realms/x",
    "kc.example.nl",
    "ftp://kc.example.nl",
    "https://",
    "https:kc.example.nl",
    "https:///x",
    "https://a b",
    "https://a:99999",
  ])("refuses %j, which is no URL of a provider", (url) => {
    expect(complaints(oidc, withProvider({ endpoint_config: { ...endpoints, oidc_op_token_endpoint: url } }))).toEqual([
      {
        path: "providers.0.endpoint_config.oidc_op_token_endpoint",
        message: "expected an absolute http or https URL",
      },
    ]);
  });

  it("refuses a URL with credentials, without repeating them, and one of 2001 characters", () => {
    const withUrl = (url: string) => withProvider({ endpoint_config: { oidc_op_discovery_endpoint: url } });
    expect(complaints(oidc, withUrl("https://user:pw@kc.example.nl/"))).toEqual([
      {
        path: "providers.0.endpoint_config.oidc_op_discovery_endpoint",
        message: "expected a URL without a user name or password in it",
      },
    ]);
    expect(issues(oidc, withUrl(`https://x.nl/${"a".repeat(1987)}`))).toEqual([]);
    expect(issues(oidc, withUrl(`https://x.nl/${"a".repeat(1988)}`))).toMatchObject([
      { code: "too_big", maximum: 2000 },
    ]);
  });

  it("refuses null for an endpoint that may be empty", () => {
    const endpoint_config = { ...endpoints, oidc_op_jwks_endpoint: null };
    expect(issues(oidc, withProvider({ endpoint_config }))).toMatchObject([{ code: "invalid_type" }]);
  });

  it.each([
    ["a", true],
    ["a".repeat(255), true],
    ["a".repeat(256), false],
    ["", false],
    ["key cloak", false],
  ])("identifier %j: %s", (identifier, taken) => {
    expect(issues(oidc, withProvider({ identifier })).length === 0).toBe(taken);
  });

  it("accepts sizes from 0 to 512", () => {
    for (const size of [0, 512]) {
      expect(attributes({ oidc_nonce_size: size, oidc_state_size: size })).toMatchObject({
        nonce_size: size,
        state_size: size,
      });
    }
    for (const size of [-1, 513, 1.5]) {
      expect(
        issues(oidc, withProvider({ oidc_nonce_size: size, oidc_state_size: size })).map(({ path }) => path),
      ).toEqual(["providers.0.oidc_nonce_size", "providers.0.oidc_state_size"]);
    }
  });

  it("warns of sizes under 22 characters, of a nonce only where there is one", () => {
    expect(codes({ oidc_nonce_size: 21, oidc_state_size: 21 })).toEqual([
      "WEAK_SIZE providers.0.oidc_nonce_size",
      "WEAK_SIZE providers.0.oidc_state_size",
    ]);
    expect(codes({ oidc_use_nonce: false, oidc_nonce_size: 0 })).toEqual([]);
    expect(codes({ oidc_nonce_size: 22, oidc_state_size: 22 })).toEqual([]);
  });

  it("S42 warns of http, except on this machine", () => {
    const at = (url: string) => codes({ endpoint_config: { oidc_op_discovery_endpoint: url } });
    const warned = ["INSECURE_URL providers.0.endpoint_config.oidc_op_discovery_endpoint"];
    for (const url of ["http://keycloak:8080/", "http://localhost.example.nl/", "http://10.0.0.1/"])
      expect(at(url)).toEqual(warned);
    for (const url of [
      "http://localhost:8080/",
      "http://127.0.0.2/",
      "http://[::1]/",
      "http://kc.localhost/",
      "https://x.nl/",
    ]) {
      expect(at(url)).toEqual([]);
    }
  });

  it("warns where no source names the issuer", () => {
    expect(codes({ endpoint_config: endpoints })).toEqual(["MISSING_FIELD providers.0.endpoint_config"]);
    expect(diagnostics(oidc, withProvider({ endpoint_config: endpoints }))).toMatchObject([
      { severity: "warning", hint: expect.stringContaining("oidc_op_issuer") },
    ]);
    expect(codes({ endpoint_config: endpoints, oidc_op_issuer: "https://kc.example.nl" })).toEqual([]);
    expect(codes({})).toEqual([]);
  });

  it("is declared absent, and then gets no diagnostic", () => {
    const config = withProvider({ state: "absent", oidc_nonce_size: 1 });
    expect(declared(oidc, config)).toEqual([
      { kind: "oidc_provider", key: "keycloak", state: "absent", attributes: {}, path: ["providers", 0] },
    ]);
    expect(diagnostics(oidc, config)).toEqual([]);
    expect(issues(oidc, withProvider({ state: "absent", endpoint_config: undefined }))).toEqual([]);
  });
});
