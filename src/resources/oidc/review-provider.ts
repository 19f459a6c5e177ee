import type { ConfigPath, Remark } from "../../config/step.js";
import { isInsecure, sharedIssuer } from "../../oidc/check-metadata.js";
import { refusal, warning } from "../remark.js";
import type { EndpointConfig } from "./endpoints.js";
import type { PresentProvider } from "./step-provider.js";

// 22 base62 characters hold the 128 bits that RFC 9700 and OpenID Connect ask for.
const safeSize = 22;

/** Remarks about a provider at `path`, which is a client's where that one holds its provider itself. */
export function reviewProvider(provider: PresentProvider, path: ConfigPath): readonly Remark[] {
  return [
    ...reviewIssuer(provider, path),
    ...reviewShared(provider, path),
    ...reviewUrls(provider.endpoint_config, [...path, "endpoint_config"]),
    ...reviewUrls({ oidc_op_introspection_endpoint: provider.oidc_op_introspection_endpoint }, path),
    ...reviewSize("nonce", provider.oidc_use_nonce ? provider.oidc_nonce_size : safeSize, [...path, "oidc_nonce_size"]),
    ...reviewSize("state", provider.oidc_state_size, [...path, "oidc_state_size"]),
  ];
}

function reviewIssuer(provider: PresentProvider, path: ConfigPath): readonly Remark[] {
  if (provider.oidc_op_issuer || provider.endpoint_config.oidc_op_discovery_endpoint) return [];
  const message = "without an issuer or a discovery endpoint, nobody can check who a token comes from";
  const hint = "write `oidc_op_issuer` in the provider's entry under `providers`, or add `oidc_op_discovery_endpoint`";
  return [warning("MISSING_FIELD", [...path, "endpoint_config"], message, hint)];
}

/** No token carries such an issuer, whether it is written or discovered. */
function reviewShared(provider: PresentProvider, path: ConfigPath): readonly Remark[] {
  const shared = sharedIssuer(provider.oidc_op_issuer ?? "");
  if (shared === undefined) return [];
  const message = `this issuer has \`${shared}\` where tokens have the id of a tenant, so every token would be refused`;
  return [refusal("INVALID_VALUE", [...path, "oidc_op_issuer"], message, `write the tenant's own id instead of it`)];
}

function reviewUrls(endpoints: EndpointConfig, path: ConfigPath): readonly Remark[] {
  return Object.entries(endpoints)
    .filter(([, url]) => url && isInsecure(url))
    .map(([name]) => {
      const message = "http sends secrets and tokens in clear over the network";
      return warning("INSECURE_URL", [...path, name], message, "use https");
    });
}

function reviewSize(what: string, size: number, path: ConfigPath): readonly Remark[] {
  if (size >= safeSize) return [];
  const message = `a ${what} of fewer than ${safeSize} characters is too easy to guess`;
  return [warning("WEAK_SIZE", path, message, `write ${safeSize} or more, or leave the field out for 32`)];
}
