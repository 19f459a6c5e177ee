import type { ConfigPath, Remark } from "../../config/step.js";
import { refusal, warning } from "../remark.js";
import { loginClient } from "./identifier.js";
import type { PresentProvider } from "./step-provider.js";
import type { PresentClient } from "./step-schema.js";

/** Whether a provider that is written without discovery has what its client needs. */
export function reviewEndpoints(
  client: PresentClient,
  provider: PresentProvider | undefined,
  path: ConfigPath,
): readonly Remark[] {
  if (!provider || !client.enabled || provider.endpoint_config.oidc_op_discovery_endpoint) return [];
  const { oidc_op_token_endpoint: token, oidc_op_user_endpoint: user } = provider.endpoint_config;
  const remarks: Remark[] = [];
  if (client.identifier === loginClient && token === undefined) {
    const message = "nobody can sign in: the provider has neither a discovery endpoint nor the endpoints for it";
    const hint = "write `oidc_op_authorization_endpoint` and `oidc_op_token_endpoint`, or `oidc_op_discovery_endpoint`";
    remarks.push(refusal("MISSING_FIELD", path, message, hint));
  }
  if (client.userinfo_claims_source === "userinfo_endpoint" && user === undefined) {
    const message = "the provider has no userinfo endpoint, where this client's claims come from";
    const hint = "write `userinfo_claims_source: id_token`, or the provider's `oidc_op_user_endpoint`";
    remarks.push(refusal("MISSING_FIELD", [...path, "userinfo_claims_source"], message, hint));
  }
  return remarks;
}

/** Whether tokens' signatures can be checked at all, with what the client and its provider (where these files have it) say. */
export function reviewKeys(
  client: PresentClient,
  provider: PresentProvider | undefined,
  path: ConfigPath,
): readonly Remark[] {
  // HS algorithms are checked with the client's secret.
  if (!provider || client.oidc_rp_sign_algo.startsWith("HS") || client.oidc_rp_idp_sign_key?.reveal()) return [];
  const { oidc_op_discovery_endpoint: discovery, oidc_op_jwks_endpoint: keys } = provider.endpoint_config;
  if (discovery || keys) return [];
  const message =
    "neither the client nor its provider says where the keys are that sign tokens, so no token can be checked";
  const hint = "write `oidc_op_jwks_endpoint` or a discovery endpoint at the provider, or `oidc_rp_idp_sign_key` here";
  return [warning("NO_SIGN_KEYS", path, message, hint)];
}
