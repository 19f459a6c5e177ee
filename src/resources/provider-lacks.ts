import type { Offers } from "../oidc/check-metadata.js";
import type { Attributes, Resource } from "../plan/resource.js";
import { rangeOf } from "../plan/resource.js";
import type { RawDiagnostic } from "../yaml/node.js";
import { apiClient, loginClient, type oidcClient, type oidcProvider } from "./kinds.js";

/** A provider or client of a file, or a row, which has no range. */
export type Entry<A extends Attributes> = Pick<Resource<A>, "key" | "attributes" | "rangeIn"> & {
  readonly range?: Resource["range"] | undefined;
};

type AttributesIn<Shape> = Shape extends { is(resource: Resource): resource is Resource<infer A> } ? A : never;

export type ProviderEntry = Entry<AttributesIn<typeof oidcProvider>>;
export type ClientEntry = Entry<AttributesIn<typeof oidcClient>>;

/** Something that a client asks for and its provider does not offer. */
export interface Lack extends RawDiagnostic {
  /** The client's attribute that asks for it; empty for a setting of the provider. */
  readonly attribute: string;
}

/** What a client requests that its provider, completed by its discovery document, does not offer. */
export function findLacks(client: ClientEntry, provider: ProviderEntry, offers: Offers): readonly Lack[] {
  const lacks: Lack[] = [];
  const { attributes: asked } = client;
  const { attributes: known } = provider;
  const lack = (attribute: string, what: string, hint: string, severity: "error" | "warning" = "warning"): void => {
    const message = `oidc_client ${client.key}: oidc_provider ${provider.key} offers no ${what}`;
    lacks.push({ severity, code: "PROVIDER_LACKS", message, hint, attribute, ...placeOf(client, attribute) });
  };
  if (asked.userinfo_claims_source === "userinfo_endpoint" && !known.userinfo_endpoint) {
    const hint = "write `userinfo_claims_source: id_token`, or the provider's `oidc_op_user_endpoint`";
    lack("userinfo_claims_source", "userinfo endpoint, where this client's claims come from", hint, "error");
  }
  // Any client but the login's may be one that a verifier is configured to use.
  if (offers.accessTokenIssuer !== undefined && client.key !== loginClient) {
    lacks.push(otherIssuer(client, provider, offers.accessTokenIssuer));
  }
  const algorithm = String(asked.sign_algo);
  if (offers.signAlgorithms && !sameAlgorithms(algorithm).some((name) => offers.signAlgorithms?.includes(name))) {
    lack("sign_algo", `tokens signed with ${algorithm}`, `write one of ${shown(offers.signAlgorithms)}`);
  }
  const method = known.token_use_basic_auth === true ? "client_secret_basic" : "client_secret_post";
  const lackMethod = (endpoint: string, offered: readonly string[] | undefined): void => {
    if (!offered || offered.includes(method)) return;
    const other = String(known.token_use_basic_auth !== true);
    const hint = `write \`oidc_token_use_basic_auth: ${other}\` at the provider; it offers ${shown(offered)}`;
    lack("", `${method} at its ${endpoint} endpoint`, hint);
  };
  if (client.key === apiClient) {
    if (known.introspection_endpoint) lackMethod("introspection", offers.introspectionAuthMethods);
    return lacks;
  }
  if (!known.authorization_endpoint || !known.token_endpoint) {
    const hint =
      "ignore this if the client only guards an API, or write `oidc_op_authorization_endpoint` and `oidc_op_token_endpoint` in its `endpoint_config`";
    // A verifier may be configured to use another one.
    const severity = client.key === loginClient ? "error" : "warning";
    lack("provider", "authorization endpoint and token endpoint, which sign-in needs", hint, severity);
    return lacks;
  }
  lackMethod("token", offers.authMethods);
  if ((asked.use_pkce ?? known.use_pkce) !== false && offers.pkceMethods && !offers.pkceMethods.includes("S256")) {
    lack("use_pkce", "PKCE with S256", "write `oidc_use_pkce: false`, or enable it at the provider");
  }
  const scopes = Array.isArray(asked.scopes) ? asked.scopes.flatMap((scope) => String(scope).split(" ")) : [];
  const missing = scopes.filter((scope) => scope !== "" && offers.scopes && !offers.scopes.includes(scope));
  if (missing.length > 0) {
    lack(
      "scopes",
      `scope ${missing.join(", ")}`,
      "remove the scopes that it does not offer, or add them at the provider",
    );
  }
  if (!known.logout_endpoint) {
    const hint = "users who sign out stay signed in at the provider; write its `oidc_op_logout_endpoint` if it has one";
    lack("", "end-session endpoint", hint);
  }
  return lacks;
}

function placeOf({ range, ...client }: ClientEntry, attribute: string): Pick<RawDiagnostic, "range"> {
  return range ? { range: rangeOf({ ...client, range }, attribute) } : {};
}

function otherIssuer(client: ClientEntry, provider: ProviderEntry, issuer: string): Lack {
  return {
    severity: "warning",
    code: "ACCESS_TOKEN_ISSUER",
    message: `oidc_client ${client.key}: oidc_provider ${provider.key} signs access tokens as ${issuer}, so its bearer tokens are rejected`,
    hint: `declare another provider for this client, with \`oidc_op_issuer: ${issuer}\` and with the endpoints in \`endpoint_config\`, \`oidc_op_jwks_endpoint\` among them, without \`oidc_op_discovery_endpoint\``,
    attribute: "provider",
    ...placeOf(client, "provider"),
  };
}

/** RFC 9864 gave Ed25519 its own name. */
function sameAlgorithms(name: string): readonly string[] {
  return name === "Ed25519" || name === "EdDSA" ? ["Ed25519", "EdDSA"] : [name];
}

/** A foreign server may put anything there. */
function shown(names: readonly string[]): string {
  return (
    names
      .filter((name) => /^[\w.-]{1,40}$/.test(name))
      .slice(0, 20)
      .join(", ") || "nothing"
  );
}
