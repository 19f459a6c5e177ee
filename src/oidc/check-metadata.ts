import { parseUrl } from "../characters.js";
import { maxUrl } from "../users/names.js";

/** What the discovery document is checked against. */
interface Expectations {
  readonly endpoint: DiscoveryEndpoint;
  /** The configured issuer; without one, the document's issuer must be its base URL. */
  readonly issuer: string | undefined;
  /** True if the file has the keys' URL, so that the document's is not used. */
  readonly explicitJwks: boolean;
  /** Other unused endpoints of the document, because the file has them or nothing needs them. */
  readonly unused?: readonly MetadataEndpoint[] | undefined;
}

export type MetadataEndpoint = Exclude<(typeof endpoints)[number], "jwks_uri">;

type Metadata = Readonly<Record<string, unknown>>;

const endpoints = [
  ...(["authorization_endpoint", "token_endpoint", "jwks_uri"] as const),
  ...(["userinfo_endpoint", "introspection_endpoint", "end_session_endpoint"] as const),
] as const;

/**
 * Checks a discovery document's issuer and URLs. Issuer and keys are all that a verifier needs, and all that Kubernetes and GitHub
 * Actions publish. URLs that the file has may be missing or invalid here.
 */
export function checkMetadata(metadata: Metadata, expected: Expectations): DiscoveryResult {
  const { issuer } = metadata;
  if (typeof issuer !== "string" || issuer === "") {
    const hint = "check that `oidc_op_discovery_endpoint` is an OpenID Connect provider's base URL";
    return invalid("the discovery document has no issuer", hint);
  }
  const shared = sharedIssuer(issuer);
  if (shared !== undefined) return issuerShared(shared);
  if (!isExpectedIssuer(issuer, expected)) return issuerMismatch(metadata, expected);
  const used = endpoints.filter((name) => isUsed(name, expected));
  const urlOf = (name: (typeof endpoints)[number]) => (used.includes(name) ? readUrl(metadata[name]) : undefined);
  const malformed = used.filter((name) => isGiven(metadata[name]) && !readUrl(metadata[name]));
  if (malformed.length > 0) {
    return invalid(
      `the discovery document's ${malformed.join(", ")} is not an http or https URL without credentials`,
      "correct the provider's configuration, or write the URL in `endpoint_config`, which overrides the document",
    );
  }
  const odd = oddMembers(metadata);
  if (odd.length > 0) {
    return invalid(
      `the discovery document's ${odd.join(", ")} has the wrong type`,
      "correct the provider's configuration, or write the endpoints in `endpoint_config` without discovery",
    );
  }
  const jwksEndpoint = urlOf("jwks_uri");
  if (!expected.explicitJwks) {
    if (!jwksEndpoint) {
      return invalid(
        "the discovery document has no jwks_uri",
        "check that `oidc_op_discovery_endpoint` is an OpenID Connect provider's base URL, or write `oidc_op_jwks_endpoint`",
      );
    }
    const untrusted = distrustKeys(new URL(jwksEndpoint), issuer, expected.endpoint);
    if (untrusted) return untrusted;
  }
  const downgraded = distrustDowngrade(metadata, used, expected);
  if (downgraded) return downgraded;
  return {
    kind: "found",
    issuer,
    authorizationEndpoint: urlOf("authorization_endpoint"),
    tokenEndpoint: urlOf("token_endpoint"),
    userinfoEndpoint: urlOf("userinfo_endpoint"),
    introspectionEndpoint: urlOf("introspection_endpoint"),
    jwksEndpoint,
    logoutEndpoint: urlOf("end_session_endpoint"),
    offers: readOffers(metadata),
  };
}

function isUsed(name: (typeof endpoints)[number], { explicitJwks, unused = [] }: Expectations): boolean {
  return name === "jwks_uri" ? !explicitJwks : !unused.includes(name);
}

/**
 * Undefined if the document has none of the lists. Providers that omit a list don't mean its specified default (RFC 8414 §2).
 */
function readOffers(metadata: Metadata): Offers | undefined {
  const list = (name: string): readonly string[] | undefined => {
    const value = metadata[name];
    if (!Array.isArray(value)) return undefined;
    return value.filter((entry): entry is string => typeof entry === "string");
  };
  const offers = {
    accessTokenIssuer: readAccessTokenIssuer(metadata),
    signAlgorithms: list("id_token_signing_alg_values_supported"),
    authMethods: list("token_endpoint_auth_methods_supported"),
    introspectionAuthMethods: list("introspection_endpoint_auth_methods_supported"),
    pkceMethods: list("code_challenge_methods_supported"),
    scopes: list("scopes_supported"),
  };
  return Object.values(offers).some((value) => value !== undefined) ? offers : undefined;
}

/** AD FS issues access tokens under another issuer than ID tokens, and publishes it. */
function readAccessTokenIssuer({ issuer, access_token_issuer: other }: Metadata): string | undefined {
  return typeof other === "string" && other !== issuer && readUrl(other) !== undefined ? other : undefined;
}

/** Other members that affect a login (RFC 9207, RFC 8414): one of the wrong type must not count as false. */
function oddMembers(metadata: Metadata): readonly string[] {
  const isSound: Readonly<Record<string, (value: unknown) => boolean>> = {
    authorization_response_iss_parameter_supported: (value) => typeof value === "boolean",
    code_challenge_methods_supported: (value) =>
      Array.isArray(value) && value.every((method) => typeof method === "string"),
  };
  return Object.keys(isSound).filter((name) => isGiven(metadata[name]) && !isSound[name]?.(metadata[name]));
}

function isExpectedIssuer(issuer: string, { endpoint, issuer: configured }: Expectations): boolean {
  return configured === undefined ? endpoint.bases.includes(withoutSlash(issuer)) : issuer === configured;
}

/** Entra's answer under `common`, `organizations` and `consumers`. */
function issuerShared(shared: string): DiscoveryFailure {
  return invalid(
    `the provider's issuer has \`${shared}\` where tokens have a tenant's id, so every token would be rejected`,
    "write the tenant's own id in `oidc_op_discovery_endpoint`, such as https://login.microsoftonline.com/TENANT/v2.0",
  );
}

function issuerMismatch(metadata: Metadata, { endpoint, issuer: configured }: Expectations): DiscoveryFailure {
  const { issuer } = metadata;
  if (configured !== undefined && metadata.access_token_issuer === configured) {
    return invalid(
      "the configured issuer is that of the provider's access tokens, not that of its discovery document",
      "write the endpoints in `endpoint_config` without `oidc_op_discovery_endpoint`, in a separate entry for the API's client",
    );
  }
  const requested = configured ?? endpoint.bases[0];
  const source = configured === undefined ? "the discovery endpoint belongs to" : "the configured issuer is";
  const failure = invalid(
    `the provider's issuer is ${printable(issuer)}, but ${source} ${printable(requested)}`,
    configured === undefined
      ? "if the provider is the right one, write its issuer as `oidc_op_issuer`"
      : "write `oidc_op_issuer` exactly as the provider does, including a trailing slash, or correct the discovery endpoint",
  );
  return { ...failure, otherIssuer: isPrintable(issuer) ? issuer : undefined };
}

/** An issuer is not secret, but a server may return anything. */
function printable(issuer: unknown): string {
  return isPrintable(issuer) ? issuer : "an invalid URL";
}

function isPrintable(issuer: unknown): issuer is string {
  return typeof issuer === "string" && issuer.length <= maxUrl && /^[\x21-\x7e]+$/.test(issuer);
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function readUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > maxUrl) return undefined;
  // The URL parser removes blanks and line breaks, so the stored text would differ from the checked URL.
  const url = /^https?:\/\/[\x21-\x7e]+$/i.test(value) ? parseUrl(value) : undefined;
  return url?.username === "" && url.password === "" ? value : undefined;
}

/** A document that was served over https must not direct codes, secrets and users to http. */
function distrustDowngrade(
  metadata: Metadata,
  used: readonly (typeof endpoints)[number][],
  { endpoint }: Expectations,
): DiscoveryFailure | undefined {
  if (endpoint.documentUrl.protocol !== "https:") return undefined;
  const insecure = used.filter((name) => {
    const url = name === "jwks_uri" ? undefined : readUrl(metadata[name]);
    return url !== undefined && isInsecure(url);
  });
  if (insecure.length === 0) return undefined;
  return invalid(
    `the discovery document was served over https, but its ${insecure.join(", ")} is http`,
    "correct the provider's configuration (often that of its proxy), or write the endpoint in `endpoint_config`",
  );
}

/** The server of the keys controls who can sign in. */
function distrustKeys(keys: URL, issuer: string, { documentUrl }: DiscoveryEndpoint): DiscoveryFailure | undefined {
  const hint = "if these are the provider's keys, write their URL as `oidc_op_jwks_endpoint` in `endpoint_config`";
  if (documentUrl.protocol === "https:" && keys.protocol !== "https:") {
    return invalid("the discovery document was served over https, but its jwks_uri is http", hint);
  }
  const issuerHost = parseUrl(issuer)?.hostname;
  if (keys.hostname === documentUrl.hostname || keys.hostname === issuerHost) return undefined;
  return invalid(`the discovery document's jwks_uri is on another host, ${keys.hostname}`, hint);
}

/** Whether others on the network can read what is sent to this URL: http, and not on this machine. */
export function isInsecure(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !/^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

const placeholder = /\{[\w-]{1,40}\}/;
const entra =
  /^https:\/\/(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)\/(common|organizations|consumers)(?:\/|$)/i;

/**
 * The part of an issuer that is a placeholder for a provider's tenants, such as `{tenantid}` in the discovery document of Entra's
 * `common`; undefined if there is none.
 */
export function sharedIssuer(issuer: string): string | undefined {
  return placeholder.exec(issuer)?.[0] ?? entra.exec(issuer)?.[1];
}

/** The content of a provider's discovery document, checked. */
export interface DiscoveredProvider {
  readonly kind: "found";
  /** Byte for byte as in the document: tokens are compared with it. */
  readonly issuer: string;
  readonly authorizationEndpoint?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
  readonly userinfoEndpoint?: string | undefined;
  readonly introspectionEndpoint?: string | undefined;
  /** Set, unless the file has the keys' URL. */
  readonly jwksEndpoint?: string | undefined;
  readonly logoutEndpoint?: string | undefined;
  readonly offers?: Offers | undefined;
}

/** The capabilities in a discovery document. A missing list means nothing. */
export interface Offers {
  /** The issuer of its access tokens, if it differs from that of its ID tokens (AD FS). */
  readonly accessTokenIssuer?: string | undefined;
  readonly signAlgorithms?: readonly string[] | undefined;
  readonly authMethods?: readonly string[] | undefined;
  readonly introspectionAuthMethods?: readonly string[] | undefined;
  readonly pkceMethods?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** Why discovery failed: `unreachable` may work later, `invalid` requires a change by an operator. */
export interface DiscoveryFailure {
  readonly kind: "unreachable" | "invalid";
  readonly message: string;
  readonly hint: string;
  /** The document's issuer, where that is not the expected one. */
  readonly otherIssuer?: string | undefined;
}

export type DiscoveryResult = DiscoveredProvider | DiscoveryFailure;

export function invalid(message: string, hint: string): DiscoveryFailure {
  return { kind: "invalid", message, hint };
}

export const documentPath = "/.well-known/openid-configuration";

/** The URL of a discovery document, and the issuers that it may have. */
interface DiscoveryEndpoint {
  readonly documentUrl: URL;
  /** The document's base URL, as written and as normalized, without a trailing slash. */
  readonly bases: readonly string[];
}

/**
 * Parses a provider's base URL, with or without a trailing slash, or its discovery document's URL. Undefined for anything but an
 * absolute http(s) URL without credentials.
 */
export function parseDiscoveryEndpoint(text: string): DiscoveryEndpoint | undefined {
  const written = text.trim();
  const documentUrl = parseUrl(written);
  if (
    !documentUrl ||
    !/^https?:$/.test(documentUrl.protocol) ||
    documentUrl.username !== "" ||
    documentUrl.password !== ""
  )
    return undefined;
  documentUrl.hash = "";
  documentUrl.pathname = basePath(documentUrl.pathname) + documentPath;
  const bases = [written.replace(/[?#].*$/s, ""), documentUrl.origin + documentUrl.pathname].map(basePath);
  return { documentUrl, bases: [...new Set(bases)] };
}

/** Removes the discovery document's part, and a trailing slash, from a path or URL. */
function basePath(path: string): string {
  return withoutSlash(path.endsWith(documentPath) ? path.slice(0, -documentPath.length) : path);
}

/** Removes a trailing slash, since providers differ in whether their issuer has one. */
export function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
