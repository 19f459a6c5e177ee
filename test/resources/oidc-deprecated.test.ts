import { describe, expect, it } from "vitest";
import { oidc } from "../../src/resources/oidc/step.js";
import { Secret } from "../../src/secrets/secret.js";
import { allEndpoints, client, discovery, endpoints, fullOptions, withClient } from "./oidc-config.js";
import { attributesOf, declared, diagnostics, issues } from "./run-step.js";

const flatOptions = {
  username_claim: ["claim_name"],
  groups_claim: ["groups_claim_name"],
  claim_mapping: { first_name: ["given_name"] },
  sync_groups: false,
  sync_groups_glob_pattern: "local.groups.*",
  default_groups: ["local.groups.Admins"],
  make_users_staff: true,
  superuser_group_names: ["superuser"],
};

const nestedOptions = {
  user_settings: {
    claim_mappings: { username: ["claim_name"], first_name: ["given_name"] },
    username_case_sensitive: true,
  },
  groups_settings: {
    claim_mapping: ["groups_claim_name"],
    sync: false,
    sync_pattern: "local.groups.*",
    default_groups: ["local.groups.Admins"],
    make_users_staff: true,
    superuser_group_names: ["superuser"],
  },
};

const settings = { oidc_token_use_basic_auth: true, oidc_use_nonce: false, oidc_nonce_size: 48, oidc_state_size: 48 };

/** A client that holds its provider and its options itself. */
const flat = {
  oidc_provider_identifier: undefined,
  options: undefined,
  endpoint_config: allEndpoints,
  ...settings,
  ...flatOptions,
};

function found(fields: object, ...codes: readonly string[]) {
  return diagnostics(oidc, withClient(fields))
    .filter(({ code }) => codes.includes(code))
    .map(({ code, path, hint }) => ({ code, path, hint }));
}

describe("the deprecated spelling of a client", () => {
  it("A7.41 ends up in the same rows as the new one", () => {
    const old = declared(oidc, withClient({ ...flat, enabled: false, oidc_rp_idp_sign_key: new Secret("key") }));
    const provider = { identifier: "admin-oidc-provider", endpoint_config: allEndpoints, ...settings };
    const item = { ...client, oidc_provider_identifier: provider.identifier, options: nestedOptions, enabled: false };
    const today = declared(oidc, {
      providers: [provider],
      items: [{ ...item, oidc_rp_idp_sign_key: new Secret("key") }],
    });
    expect(old.map(({ path, ...rest }) => rest)).toEqual(today.map(({ path, ...rest }) => rest));
    expect(old.map(({ key, path }) => ({ key, path }))).toEqual([
      { key: "admin-oidc-provider", path: ["items", 0] },
      { key: "admin-oidc", path: ["items", 0] },
    ]);
    expect(old[0]?.attributes).toMatchObject({ use_nonce: false, nonce_size: 48, discovery_endpoint: null });
    expect(old[1]?.attributes).toMatchObject({ enabled: false, options: nestedOptions });
  });

  it("A7.41 gets a warning for each field, at its position, that names the new one", () => {
    const warned = found(flat, "DEPRECATED_FIELD", "IGNORED_FIELD", "OPTIONS_DEFAULTED");
    expect(warned.map(({ code, path, hint }) => [code, path, hint])).toEqual([
      ["DEPRECATED_FIELD", "items.0.endpoint_config", "write it as `providers[].endpoint_config`"],
      ["DEPRECATED_FIELD", "items.0.oidc_token_use_basic_auth", "write it as `providers[].oidc_token_use_basic_auth`"],
      ["DEPRECATED_FIELD", "items.0.oidc_use_nonce", "write it as `providers[].oidc_use_nonce`"],
      ["DEPRECATED_FIELD", "items.0.oidc_nonce_size", "write it as `providers[].oidc_nonce_size`"],
      ["DEPRECATED_FIELD", "items.0.oidc_state_size", "write it as `providers[].oidc_state_size`"],
      ["DEPRECATED_FIELD", "items.0.username_claim", "write it as `options.user_settings.claim_mappings.username`"],
      ["DEPRECATED_FIELD", "items.0.claim_mapping", "write it as `options.user_settings.claim_mappings`"],
      ["DEPRECATED_FIELD", "items.0.groups_claim", "write it as `options.groups_settings.claim_mapping`"],
      ["DEPRECATED_FIELD", "items.0.sync_groups", "write it as `options.groups_settings.sync`"],
      ["DEPRECATED_FIELD", "items.0.sync_groups_glob_pattern", "write it as `options.groups_settings.sync_pattern`"],
      ["DEPRECATED_FIELD", "items.0.default_groups", "write it as `options.groups_settings.default_groups`"],
      ["DEPRECATED_FIELD", "items.0.make_users_staff", "write it as `options.groups_settings.make_users_staff`"],
      [
        "DEPRECATED_FIELD",
        "items.0.superuser_group_names",
        "write it as `options.groups_settings.superuser_group_names`",
      ],
    ]);
    expect(found({}, "DEPRECATED_FIELD")).toEqual([]);
  });

  it("A7.43 fills in what the flat fields lack", () => {
    const inline = { oidc_provider_identifier: undefined, endpoint_config: endpoints };
    const [provider] = declared(oidc, withClient(inline));
    expect(provider?.attributes).toMatchObject({
      use_nonce: true,
      nonce_size: 32,
      state_size: 32,
      token_use_basic_auth: false,
      use_pkce: true,
      jwks_endpoint: null,
      logout_endpoint: null,
    });
    const options = (fields: object) =>
      attributesOf(oidc, withClient({ options: undefined, ...fields }), "oidc_client").options;
    expect(options({ username_claim: ["name"] })).toMatchObject({
      user_settings: {
        claim_mappings: {
          username: ["name"],
          email: ["email"],
          first_name: ["given_name"],
          last_name: ["family_name"],
        },
      },
    });
    expect(options({ claim_mapping: { email: ["mail"] } })).toMatchObject({
      user_settings: { claim_mappings: { username: ["sub"], email: ["mail"] } },
    });
    expect(options({ sync_groups: false })).toMatchObject({ groups_settings: { sync: false, sync_pattern: "*" } });
  });

  it.each([
    [{ username_claim: ["name"] }, "`user_settings.claim_mappings`, `groups_settings`"],
    [{ claim_mapping: { email: ["mail"] } }, "`user_settings.claim_mappings.username`, `groups_settings`"],
    [{ ...flatOptions, sync_groups: undefined }, "`groups_settings.sync`"],
    [
      { make_users_staff: true, groups_claim: ["g"], sync_groups: true, default_groups: [], superuser_group_names: [] },
      "`user_settings`, `groups_settings.sync_pattern`",
    ],
  ])("names the parts that the flat fields lack: %#", (fields, parts) => {
    const [diagnostic, ...others] = diagnostics(oidc, withClient({ options: undefined, ...fields })).filter(
      ({ code }) => code === "OPTIONS_DEFAULTED",
    );
    expect(others).toEqual([]);
    expect(diagnostic).toMatchObject({ severity: "warning", path: "items.0" });
    expect(diagnostic?.message).toContain(`lacks ${parts}: the`);
  });

  it("counts for `options: {}` too, as in mozilla-django-oidc-db", () => {
    const attributes = attributesOf(oidc, withClient({ options: {}, ...flatOptions }), "oidc_client");
    expect(attributes.options).toEqual(nestedOptions);
  });

  it("has no effect beside `options`, and says so for each field", () => {
    const config = { ...flatOptions };
    expect(attributesOf(oidc, withClient(config), "oidc_client").options).toEqual(fullOptions);
    expect(found(config, "IGNORED_FIELD", "DEPRECATED_FIELD").map(({ code, path }) => `${code} ${path}`)).toEqual(
      ["username_claim", "claim_mapping", "groups_claim", "sync_groups", "sync_groups_glob_pattern"]
        .concat("default_groups", "make_users_staff", "superuser_group_names")
        .map((name) => `IGNORED_FIELD items.0.${name}`),
    );
  });

  it("has no effect beside a named provider, except for PKCE, and says so for each field", () => {
    const config = { endpoint_config: discovery, ...settings, oidc_use_pkce: false };
    const resources = declared(oidc, withClient(config));
    expect(resources.map(({ kind }) => kind)).toEqual(["oidc_client"]);
    expect(resources[0]?.attributes).toMatchObject({ provider: "keycloak", use_pkce: false });
    expect(diagnostics(oidc, withClient(config)).map(({ code, path }) => `${code} ${path}`)).toEqual([
      "IGNORED_FIELD items.0.endpoint_config",
      "IGNORED_FIELD items.0.oidc_token_use_basic_auth",
      "IGNORED_FIELD items.0.oidc_use_nonce",
      "IGNORED_FIELD items.0.oidc_nonce_size",
      "IGNORED_FIELD items.0.oidc_state_size",
    ]);
    expect(found({ endpoint_config: null }, "IGNORED_FIELD")).toEqual([]);
  });

  it("gives the client's PKCE to the provider that it holds itself", () => {
    const inline = { oidc_provider_identifier: "", endpoint_config: discovery, oidc_use_pkce: false };
    const [provider, own] = declared(oidc, withClient(inline));
    expect(provider).toMatchObject({ key: "admin-oidc-provider", attributes: { use_pkce: false } });
    expect(own?.attributes).toMatchObject({ provider: "admin-oidc-provider", use_pkce: false });
    expect(found(inline, "DEPRECATED_FIELD").map(({ path }) => path)).toEqual(["items.0.endpoint_config"]);
  });

  it("warns of the provider that a client holds itself as of any other", () => {
    const insecure = { ...endpoints, oidc_op_token_endpoint: "http://keycloak/token" };
    const inline = { oidc_provider_identifier: undefined, endpoint_config: insecure, oidc_state_size: 8 };
    expect(
      found(inline, "MISSING_FIELD", "INSECURE_URL", "WEAK_SIZE").map(({ code, path }) => `${code} ${path}`),
    ).toEqual([
      "MISSING_FIELD items.0.endpoint_config",
      "INSECURE_URL items.0.endpoint_config.oidc_op_token_endpoint",
      "WEAK_SIZE items.0.oidc_state_size",
    ]);
  });

  it("is checked like the new one", () => {
    const wrong = {
      endpoint_config: {},
      oidc_nonce_size: 513,
      username_claim: [],
      claim_mapping: { username: [], email: "email" },
      sync_groups: "maybe",
    };
    expect(new Set(issues(oidc, withClient(wrong)).map(({ path }) => path))).toEqual(
      new Set([
        "items.0.endpoint_config.oidc_op_authorization_endpoint",
        "items.0.endpoint_config.oidc_op_token_endpoint",
        "items.0.endpoint_config.oidc_op_user_endpoint",
        "items.0.oidc_nonce_size",
        "items.0.username_claim",
        "items.0.claim_mapping.email",
        "items.0.sync_groups",
      ]),
    );
  });
});
