import { flag, json, reference, sealed, text } from "../columns.js";
import { defineKind } from "../table-kind.js";
import { oidcProviders } from "../targets.js";
import { reviewApiClient } from "./review-api-client.js";

/** A client at a provider: `admin-oidc` signs people in, `api-oidc` guards the API. */
export const oidcClient = defineKind({
  name: "oidc_client",
  table: "oidc_clients",
  keyColumn: "identifier",
  columns: {
    provider: reference("provider_id", oidcProviders),
    enabled: flag("enabled", true),
    client_id: text("client_id"),
    client_secret: sealed("client_secret"),
    sign_algo: text("sign_algo", "RS256"),
    sign_key: sealed("sign_key"),
    scopes: json("scopes", []),
    idp_hint: text("idp_hint"),
    userinfo_claims_source: text("userinfo_claims_source", "userinfo_endpoint"),
    check_op_availability: flag("check_op_availability", false),
    use_pkce: flag("use_pkce", null),
    audience: json("audience", []),
    accept_at_hash: flag("accept_at_hash", false),
    options: json("options", {}),
  },
  review: reviewApiClient,
});
