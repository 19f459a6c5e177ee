import { createStep } from "../../config/step.js";
import type { ConfigPath } from "../../plan/resource.js";
import { oidcClient, oidcProvider } from "../kinds.js";
import { sortedUnique } from "../step-fields.js";
import { completeOptions, explainFlat } from "./step-flat-options.js";
import { endpointAttributes, type PresentProvider } from "./step-provider.js";
import { reviewOidc } from "./step-review.js";
import { inlineProvider, type OidcConfig, oidcSchema, type PresentClient } from "./step-schema.js";
import { upgradeOidc } from "./step-upgrade.js";
import { endpointNames, writeClient, writeProvider } from "./step-write.js";

/** The fields of attributes that have another name: for what a plan reports, and for `ignore_changes`. */
const providerFields = {
  ...Object.fromEntries(Object.entries(endpointNames).map(([field, name]) => [name, ["endpoint_config", field]])),
  issuer: ["oidc_op_issuer"],
  former_issuers: ["oidc_op_former_issuers"],
  ca_file: ["oidc_op_ca_file"],
  token_use_basic_auth: ["oidc_token_use_basic_auth"],
  use_nonce: ["oidc_use_nonce"],
  nonce_size: ["oidc_nonce_size"],
  state_size: ["oidc_state_size"],
  use_pkce: ["oidc_use_pkce"],
};

const clientFields = {
  // Of the same name, but a plan reports it.
  userinfo_claims_source: ["userinfo_claims_source"],
  provider: ["oidc_provider_identifier"],
  client_id: ["oidc_rp_client_id"],
  client_secret: ["oidc_rp_client_secret"],
  sign_algo: ["oidc_rp_sign_algo"],
  sign_key: ["oidc_rp_idp_sign_key"],
  scopes: ["oidc_rp_scopes_list"],
  idp_hint: ["oidc_keycloak_idp_hint"],
  use_pkce: ["oidc_use_pkce"],
  audience: ["oidc_audience"],
};

/** OpenID providers and their clients. */
export const oidc = createStep({
  flag: "oidc_db_config_enable",
  namespace: "oidc_db_config_admin_auth",
  title: "OpenID Connect",
  kinds: [oidcProvider, oidcClient],
  schema: oidcSchema,
  declare: declareOidc,
  review: reviewOidc,
  explainFlat,
  upgrade: upgradeOidc,
  writers: [
    { kind: oidcProvider.name, list: "providers", write: writeProvider },
    { kind: oidcClient.name, list: "items", write: writeClient },
  ],
});

function declareOidc({ providers, items }: OidcConfig) {
  return [
    ...providers.map((provider, index) => {
      const path = ["providers", index];
      return provider.state === "absent"
        ? oidcProvider.absent(provider.identifier, path)
        : declareProvider(provider, path);
    }),
    ...items.flatMap((client, index) => {
      const path = ["items", index];
      return client.state === "absent" ? oidcClient.absent(client.identifier, path) : declareClient(client, path);
    }),
  ];
}

function declareProvider(provider: PresentProvider, path: ConfigPath) {
  const discovery = provider.endpoint_config.oidc_op_discovery_endpoint;
  const attributes = {
    ...endpointAttributes({
      ...provider.endpoint_config,
      ...(provider.oidc_op_introspection_endpoint && {
        oidc_op_introspection_endpoint: provider.oidc_op_introspection_endpoint,
      }),
    }),
    issuer: provider.oidc_op_issuer || (discovery ? undefined : null),
    token_use_basic_auth: provider.oidc_token_use_basic_auth,
    use_nonce: provider.oidc_use_nonce,
    nonce_size: provider.oidc_nonce_size,
    state_size: provider.oidc_state_size,
    use_pkce: provider.oidc_use_pkce,
    ca_file: provider.oidc_op_ca_file || null,
    former_issuers: sortedUnique(provider.oidc_op_former_issuers),
  };
  const isBeside = provider.endpoint_config.oidc_op_introspection_endpoint === undefined;
  const fields = isBeside
    ? { ...providerFields, introspection_endpoint: ["oidc_op_introspection_endpoint"] }
    : providerFields;
  return oidcProvider.resource(provider.identifier, attributes, path, fields);
}

function declareClient(client: PresentClient, path: ConfigPath) {
  const inline = inlineProvider(client);
  // The schema requires one of the two.
  const provider = client.oidc_provider_identifier || inline?.identifier || "";
  return [
    ...(inline ? [declareProvider(inline, path)] : []),
    oidcClient.resource(client.identifier, clientAttributes(client, provider), path, clientFields),
  ];
}

function clientAttributes(client: PresentClient, provider: string) {
  return {
    provider,
    enabled: client.enabled,
    client_id: client.oidc_rp_client_id,
    client_secret: client.oidc_rp_client_secret,
    sign_algo: client.oidc_rp_sign_algo,
    sign_key: client.oidc_rp_idp_sign_key?.reveal() ? client.oidc_rp_idp_sign_key : null,
    scopes: client.oidc_rp_scopes_list,
    idp_hint: client.oidc_keycloak_idp_hint,
    userinfo_claims_source: client.userinfo_claims_source,
    check_op_availability: client.check_op_availability,
    use_pkce: client.oidc_use_pkce ?? null,
    audience: client.oidc_audience,
    accept_at_hash: client.accept_at_hash,
    options: completeOptions(client).options,
  };
}
