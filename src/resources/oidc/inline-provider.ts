import { type PresentProvider, settingDefaults } from "./step-provider.js";
import type { PresentClient } from "./step-schema.js";

/**
 * The provider that a client holds itself, the deprecated way: the client's identifier with `-provider` behind it. Undefined where
 * the client names a provider, which counts.
 */
export function inlineProvider(client: PresentClient): PresentProvider | undefined {
  if (client.oidc_provider_identifier || !client.endpoint_config) return undefined;
  return {
    identifier: `${client.identifier}-provider`,
    endpoint_config: client.endpoint_config,
    oidc_op_former_issuers: [],
    oidc_use_pkce: client.oidc_use_pkce ?? true,
    oidc_token_use_basic_auth: client.oidc_token_use_basic_auth ?? settingDefaults.oidc_token_use_basic_auth,
    oidc_use_nonce: client.oidc_use_nonce ?? settingDefaults.oidc_use_nonce,
    oidc_nonce_size: client.oidc_nonce_size ?? settingDefaults.oidc_nonce_size,
    oidc_state_size: client.oidc_state_size ?? settingDefaults.oidc_state_size,
  };
}
