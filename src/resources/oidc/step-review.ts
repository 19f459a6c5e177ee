import type { StepDiagnostic } from "../../config/step.js";
import { isInsecure, sharedIssuer } from "../../oidc/check-metadata.js";
import { algorithms, minSecretBytes } from "../../oidc/jwt/algorithm.js";
import type { ConfigPath } from "../../plan/resource.js";
import { loginClient } from "../kinds.js";
import { refusal, warning } from "../step-fields.js";
import { completeOptions, flatOptionNames, flatOptionPlaces, hasOptions } from "./step-flat-options.js";
import type { EndpointConfig, PresentProvider } from "./step-provider.js";
import {
  inlineProvider,
  inlineProviderFields,
  isKnownClient,
  type OidcConfig,
  type PresentClient,
} from "./step-schema.js";
import { reviewSignKey } from "./step-sign-key.js";

export function reviewOidc({ providers, items }: OidcConfig): readonly StepDiagnostic[] {
  return [
    ...providers.flatMap((provider, index) =>
      provider.state === "absent" ? [] : reviewProvider(provider, ["providers", index]),
    ),
    ...items.flatMap((client, index) => {
      const path = ["items", index];
      if (client.state === "absent") return reviewSignKey({ oidc_rp_idp_sign_key: client.oidc_rp_idp_sign_key }, path);
      const inline = inlineProvider(client);
      return [
        ...(inline ? reviewProvider(inline, path) : []),
        ...reviewClient(client, path),
        ...reviewEndpoints(client, inline ?? providerOf(client, providers), path),
        ...reviewKeys(client, inline ?? providerOf(client, providers), path),
        ...reviewDeprecated(client, path),
      ];
    }),
  ];
}

function providerOf(client: PresentClient, providers: OidcConfig["providers"]): PresentProvider | undefined {
  const isNamed = (provider: OidcConfig["providers"][number]): provider is PresentProvider =>
    provider.state !== "absent" && provider.identifier === client.oidc_provider_identifier;
  return providers.find(isNamed);
}

function reviewClient(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  return [
    ...reviewIdentifier(client, path),
    ...reviewScopes(client, path),
    ...reviewSecret(client, path),
    ...reviewSignKey(client, path),
    ...reviewOptions(client, path),
    ...reviewUnverifiedEmail(client, path),
    ...reviewAtHash(client, path),
  ];
}

function reviewIdentifier({ identifier }: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  if (isKnownClient(identifier)) return [];
  const message = "the identifier is neither `admin-oidc` nor `api-oidc`, so only code that names it uses this client";
  const hint = "write one of the two, unless your own login or verifier uses this identifier";
  return [warning("UNKNOWN_CLIENT_IDENTIFIER", [...path, "identifier"], message, hint)];
}

function reviewScopes({ oidc_rp_scopes_list: scopes }: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  // They are sent separated by spaces, so one entry may hold several.
  if (scopes.some((scope) => scope.split(" ").includes("openid"))) return [];
  const message = "without the scope `openid`, a provider issues no ID token";
  return [warning("MISSING_OPENID_SCOPE", [...path, "oidc_rp_scopes_list"], message, "add `openid` to the scopes")];
}

/** A client that has one token signed with a short secret can find the secret by trying, and forge tokens. */
function reviewSecret(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  const algorithm = algorithms.get(client.oidc_rp_sign_algo);
  const least = algorithm ? minSecretBytes(algorithm) : 0;
  if (Buffer.byteLength(client.oidc_rp_client_secret.reveal()) >= least) return [];
  const { oidc_rp_sign_algo: name } = client;
  const message = `${name} signs with this secret, which must have at least ${least} bytes for it (RFC 7518 §3.2)`;
  const hint =
    "set a longer secret at the provider, such as one from `openssl rand -hex 32`; or let it sign with RS256, and set `oidc_rp_sign_algo` to that";
  // A disabled client accepts nobody.
  const report = client.enabled ? refusal : warning;
  return [report("INVALID_VALUE", [...path, "oidc_rp_client_secret"], message, hint)];
}

function reviewOptions(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  const { defaulted, empty } = completeOptions(client);
  const left = empty.map((field) => {
    const message = "the value is missing, so the field is ignored";
    return warning("IGNORED_FIELD", [...path, "options", ...field], message, "write a value, or remove the line");
  });
  if (defaulted.length === 0) return left;
  const message = `\`options\` lacks ${defaulted.map((part) => `\`${part}\``).join(", ")}: the documented defaults apply`;
  const range = client.options === undefined ? path : [...path, "options"];
  return [
    ...left,
    warning("OPTIONS_DEFAULTED", range, message, "write these parts out, so that the file shows who may do what"),
  ];
}

function reviewUnverifiedEmail(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  const user = client.options?.user_settings;
  if (user?.allow_unverified_email !== true || user.claim_mappings?.username?.at(-1) === "email") return [];
  const range = [...path, "options", "user_settings", "allow_unverified_email"];
  const message = "this has no effect: the username is not the claim `email`";
  return [warning("IGNORED_FIELD", range, message, "remove it")];
}

function reviewAtHash(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  if (!client.accept_at_hash) return [];
  const message =
    "tokens with `at_hash` are accepted as access tokens, so this client's ID tokens are accepted as well";
  const hint = "remove it, unless the provider is Dex, whose access tokens can't be reported from its ID tokens";
  return [warning("ID_TOKENS_ACCEPTED", [...path, "accept_at_hash"], message, hint)];
}

// 22 base62 characters hold the 128 bits that RFC 9700 and OpenID Connect require.
const safeSize = 22;

/** Diagnostics of a provider at `path`, which is the client's own where that one holds its provider itself. */
function reviewProvider(provider: PresentProvider, path: ConfigPath): readonly StepDiagnostic[] {
  return [
    ...reviewIssuer(provider, path),
    ...reviewShared(provider, path),
    ...reviewUrls(provider.endpoint_config, [...path, "endpoint_config"]),
    ...reviewUrls({ oidc_op_introspection_endpoint: provider.oidc_op_introspection_endpoint }, path),
    ...reviewSize("nonce", provider.oidc_use_nonce ? provider.oidc_nonce_size : safeSize, [...path, "oidc_nonce_size"]),
    ...reviewSize("state", provider.oidc_state_size, [...path, "oidc_state_size"]),
  ];
}

function reviewIssuer(provider: PresentProvider, path: ConfigPath): readonly StepDiagnostic[] {
  if (provider.oidc_op_issuer || provider.endpoint_config.oidc_op_discovery_endpoint) return [];
  const message = "without an issuer or a discovery endpoint, the issuer of a token can't be checked";
  const hint = "write `oidc_op_issuer` in the provider's entry under `providers`, or add `oidc_op_discovery_endpoint`";
  return [warning("MISSING_FIELD", [...path, "endpoint_config"], message, hint)];
}

/** No token carries such an issuer, whether it is written or discovered. */
function reviewShared(provider: PresentProvider, path: ConfigPath): readonly StepDiagnostic[] {
  const shared = sharedIssuer(provider.oidc_op_issuer ?? "");
  if (shared === undefined) return [];
  const message = `this issuer has \`${shared}\` where tokens have the id of a tenant, so every token would be refused`;
  return [refusal("INVALID_VALUE", [...path, "oidc_op_issuer"], message, `write the tenant's id instead`)];
}

function reviewUrls(endpoints: EndpointConfig, path: ConfigPath): readonly StepDiagnostic[] {
  return Object.entries(endpoints)
    .filter(([, url]) => url && isInsecure(url))
    .map(([name]) => {
      const message = "http sends secrets and tokens unencrypted over the network";
      return warning("INSECURE_URL", [...path, name], message, "use https");
    });
}

function reviewSize(what: string, size: number, path: ConfigPath): readonly StepDiagnostic[] {
  if (size >= safeSize) return [];
  const message = `a ${what} of fewer than ${safeSize} characters is too easy to guess`;
  return [warning("WEAK_SIZE", path, message, `write ${safeSize} or more, or remove the field for 32`)];
}

/** A client's fields that are written elsewhere today: some still work, some are overridden by what is written there. */
function reviewDeprecated(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  return [...reviewProviderFields(client, path), ...reviewFlatOptions(client, path)];
}

function reviewProviderFields(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  return inlineProviderFields
    .filter((name) => client[name] !== undefined && client[name] !== null)
    .map((name) => {
      const range = `providers[].${name}`;
      if (!client.oidc_provider_identifier) return deprecated(name, range, path);
      const message = `\`${name}\` has no effect beside \`oidc_provider_identifier\`: the provider's entry applies`;
      return warning("IGNORED_FIELD", [...path, name], message, `remove it here, or move it to \`${range}\``);
    });
}

function reviewFlatOptions(client: PresentClient, path: ConfigPath): readonly StepDiagnostic[] {
  return flatOptionNames
    .filter((name) => client[name] !== undefined)
    .map((name) => {
      const range = flatOptionPlaces[name];
      if (!hasOptions(client)) return deprecated(name, range, path);
      const message = `\`${name}\` has no effect beside \`options\``;
      return warning("IGNORED_FIELD", [...path, name], message, `remove it here, or move it to \`${range}\``);
    });
}

function deprecated(name: string, range: string, path: ConfigPath): StepDiagnostic {
  return warning("DEPRECATED_FIELD", [...path, name], `\`${name}\` is deprecated here`, `write it as \`${range}\``);
}

/** Whether a provider without discovery has what its client needs. */
function reviewEndpoints(
  client: PresentClient,
  provider: PresentProvider | undefined,
  path: ConfigPath,
): readonly StepDiagnostic[] {
  if (!provider || !client.enabled || provider.endpoint_config.oidc_op_discovery_endpoint) return [];
  const { oidc_op_token_endpoint: token, oidc_op_user_endpoint: user } = provider.endpoint_config;
  const diagnostics: StepDiagnostic[] = [];
  if (client.identifier === loginClient && token === undefined) {
    const message = "nobody can sign in: the provider has neither a discovery endpoint nor sign-in endpoints";
    const hint = "write `oidc_op_authorization_endpoint` and `oidc_op_token_endpoint`, or `oidc_op_discovery_endpoint`";
    diagnostics.push(refusal("MISSING_FIELD", path, message, hint));
  }
  if (client.userinfo_claims_source === "userinfo_endpoint" && user === undefined) {
    const message = "the provider has no userinfo endpoint, where this client's claims come from";
    const hint = "write `userinfo_claims_source: id_token`, or the provider's `oidc_op_user_endpoint`";
    diagnostics.push(refusal("MISSING_FIELD", [...path, "userinfo_claims_source"], message, hint));
  }
  return diagnostics;
}

/** Whether tokens' signatures can be checked at all, given the client and its provider (where these files declare it). */
function reviewKeys(
  client: PresentClient,
  provider: PresentProvider | undefined,
  path: ConfigPath,
): readonly StepDiagnostic[] {
  // HS algorithms are checked with the client's secret.
  if (!provider || client.oidc_rp_sign_algo.startsWith("HS") || client.oidc_rp_idp_sign_key?.reveal()) return [];
  const { oidc_op_discovery_endpoint: discovery, oidc_op_jwks_endpoint: keys } = provider.endpoint_config;
  if (discovery || keys) return [];
  const message = "neither the client nor its provider says where the signing keys are, so no token can be checked";
  const hint = "write `oidc_op_jwks_endpoint` or a discovery endpoint at the provider, or `oidc_rp_idp_sign_key` here";
  return [warning("NO_SIGN_KEYS", path, message, hint)];
}
