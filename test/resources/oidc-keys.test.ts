import { describe, expect, it } from "vitest";
import { oidc } from "../../src/resources/oidc/step.js";
import { Secret } from "../../src/secrets/secret.js";
import { allEndpoints, client, discovery, endpoints } from "./oidc-config.js";
import { diagnostics } from "./run-step.js";

/** Where it is said that a client's tokens can't be checked. */
function withoutKeys(endpointConfig: object, fields: object = {}) {
  const providers = [
    { identifier: "keycloak", oidc_op_issuer: "https://issuer.example.nl", endpoint_config: endpointConfig },
  ];
  return diagnostics(oidc, { providers, items: [{ ...client, ...fields }] })
    .filter(({ code }) => code === "NO_SIGN_KEYS")
    .map(({ path, severity }) => `${severity} ${path}`);
}

describe("keys to check tokens with", () => {
  it("A11.81 warns of an asymmetric algorithm when neither client nor provider has a key, at apply instead of at the first login", () => {
    expect(withoutKeys(endpoints)).toEqual(["warning items.0"]);
    expect(withoutKeys(endpoints, { oidc_rp_sign_algo: "ES256" })).toEqual(["warning items.0"]);
  });

  it.each([
    ["published keys", allEndpoints, {}],
    ["discovery", discovery, {}],
    ["a sign key", endpoints, { oidc_rp_idp_sign_key: new Secret("key") }],
    ["an algorithm that uses the client's secret", endpoints, { oidc_rp_sign_algo: "HS256" }],
    ["a provider that only the database has", endpoints, { oidc_provider_identifier: "elsewhere" }],
  ])("does not warn with %s", (_, endpointConfig, fields) => {
    expect(withoutKeys(endpointConfig, fields)).toEqual([]);
  });
});
