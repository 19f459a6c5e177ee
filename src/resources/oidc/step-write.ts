import { type EntryWriter, unlessEmpty } from "../../config/entry-writer.js";
import type { AttributeValue, PlainValue } from "../../plan/resource.js";
import { isSecret } from "../../secrets/secret.js";

type Row = Parameters<EntryWriter["write"]>[0];

/** The names of a provider's endpoints in a file, and as attributes. */
export const endpointNames = {
  oidc_op_discovery_endpoint: "discovery_endpoint",
  oidc_op_authorization_endpoint: "authorization_endpoint",
  oidc_op_token_endpoint: "token_endpoint",
  oidc_op_user_endpoint: "userinfo_endpoint",
  oidc_op_introspection_endpoint: "introspection_endpoint",
  oidc_op_jwks_endpoint: "jwks_endpoint",
  oidc_op_logout_endpoint: "logout_endpoint",
} as const;

/** With every endpoint, written or discovered: the database does not tell which was which. */
export function writeProvider({ key, attributes }: Row) {
  const known = Object.entries(endpointNames).flatMap(([field, name]): readonly [string, PlainValue][] => {
    const url = attributes[name];
    return typeof url === "string" ? [[field, url]] : [];
  });
  return {
    identifier: key,
    endpoint_config: Object.fromEntries(known),
    oidc_op_issuer: attributes.issuer,
    oidc_op_former_issuers: unlessEmpty(attributes.former_issuers),
    oidc_op_ca_file: attributes.ca_file,
    oidc_use_pkce: attributes.use_pkce,
    oidc_token_use_basic_auth: attributes.token_use_basic_auth,
    oidc_use_nonce: attributes.use_nonce,
    oidc_nonce_size: attributes.nonce_size,
    oidc_state_size: attributes.state_size,
  };
}

/** With variables in place of its secret and its key. */
export function writeClient({ key, attributes }: Row, variable: (name: string) => PlainValue) {
  const secret = attributes.client_secret;
  return {
    identifier: key,
    enabled: attributes.enabled,
    oidc_provider_identifier: attributes.provider,
    oidc_rp_client_id: attributes.client_id,
    // An empty variable would count as missing.
    oidc_rp_client_secret: isSecret(secret) && secret.reveal() === "" ? "" : variable("CLIENT_SECRET"),
    oidc_rp_sign_algo: attributes.sign_algo,
    oidc_rp_idp_sign_key: isSecret(attributes.sign_key) ? variable("SIGN_KEY") : undefined,
    oidc_rp_scopes_list: attributes.scopes,
    oidc_keycloak_idp_hint: unlessEmpty(attributes.idp_hint),
    userinfo_claims_source: attributes.userinfo_claims_source,
    check_op_availability: attributes.check_op_availability,
    oidc_use_pkce: attributes.use_pkce,
    oidc_audience: unlessEmpty(attributes.audience),
    accept_at_hash: attributes.accept_at_hash === true ? true : undefined,
    options: knownFirst(attributes.options),
  };
}

/** Files may have them in any order; the same options are always written alike. */
function knownFirst(options: AttributeValue): AttributeValue {
  if (typeof options !== "object" || options === null || isSecret(options) || Array.isArray(options)) return options;
  const { user_settings, groups_settings, ...free } = options as { readonly [key: string]: PlainValue };
  return { ...(user_settings && { user_settings }), ...(groups_settings && { groups_settings }), ...free };
}
