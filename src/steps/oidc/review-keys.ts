import type { ConfigPath, Remark } from "../../config/step.js";
import { warning } from "../remark.js";
import type { PresentClient } from "./client.js";
import type { PresentProvider } from "./provider.js";

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
