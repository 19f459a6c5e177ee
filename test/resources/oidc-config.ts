import { Secret } from "../../src/secrets/secret.js";

const base = "http://localhost:8080/realms/test/protocol/openid-connect";

/** The three endpoints that are needed without discovery. */
export const endpoints = {
  oidc_op_authorization_endpoint: `${base}/auth`,
  oidc_op_token_endpoint: `${base}/token`,
  oidc_op_user_endpoint: `${base}/userinfo`,
};

export const allEndpoints = {
  ...endpoints,
  oidc_op_jwks_endpoint: `${base}/certs`,
  oidc_op_logout_endpoint: `${base}/logout`,
};

export const discovery = { oidc_op_discovery_endpoint: "https://keycloak.example.nl/realms/test/" };

/** What a client's options look like when nothing is left to defaults. */
export const fullOptions = {
  user_settings: {
    claim_mappings: { username: ["sub"], first_name: ["given_name"], email: ["email"] },
    username_case_sensitive: true,
  },
  groups_settings: {
    claim_mapping: ["groups"],
    sync: true,
    sync_pattern: "*",
    default_groups: [],
    make_users_staff: true,
    superuser_group_names: ["Superuser"],
  },
};

export const client = {
  identifier: "admin-oidc",
  oidc_provider_identifier: "keycloak",
  oidc_rp_client_id: "client-id",
  oidc_rp_client_secret: new Secret("client-secret-value"),
  options: fullOptions,
};

/** One client and no provider; `undefined` takes a field of {@link client} away. */
export function withClient(fields: object) {
  return { items: [without(client, fields)] };
}

/** One provider, with discovery by default, and no client. */
export function withProvider(fields: object) {
  return { providers: [without({ identifier: "keycloak", endpoint_config: discovery }, fields)], items: [] };
}

function without(base: object, fields: object): object {
  return Object.fromEntries(Object.entries({ ...base, ...fields }).filter(([, value]) => value !== undefined));
}
