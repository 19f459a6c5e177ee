import { flag, integer, json, text } from "../columns.js";
import { checkFormerIssuers } from "../former-issuers.js";
import { defineKind } from "../table-kind.js";
import { completeProviders } from "./complete.js";

/** An OpenID provider and how it is spoken to. */
export const oidcProvider = defineKind({
  name: "oidc_provider",
  table: "oidc_providers",
  keyColumn: "identifier",
  columns: {
    issuer: text("issuer", null),
    discovery_endpoint: text("discovery_endpoint", null),
    authorization_endpoint: text("authorization_endpoint", null),
    token_endpoint: text("token_endpoint", null),
    userinfo_endpoint: text("userinfo_endpoint", null),
    introspection_endpoint: text("introspection_endpoint", null),
    jwks_endpoint: text("jwks_endpoint", null),
    logout_endpoint: text("logout_endpoint", null),
    token_use_basic_auth: flag("token_use_basic_auth", false),
    use_nonce: flag("use_nonce", true),
    nonce_size: integer("nonce_size", 32),
    state_size: integer("state_size", 32),
    use_pkce: flag("use_pkce", true),
    ca_file: text("ca_file", null),
    former_issuers: json("former_issuers", []),
  },
  check: checkFormerIssuers,
  complete: completeProviders,
});
