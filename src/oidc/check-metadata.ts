import { maxUrl } from "../users/names.js";

/** What the answer is checked against. */
interface Expectations {
  readonly endpoint: DiscoveryEndpoint;
  /** The configured issuer; without one, the document's issuer must be the base URL that it lies under. */
  readonly issuer: string | undefined;
  /** True where the file names the keys' URL, so that the document's is not used. */
  readonly explicitJwks: boolean;
  /** Other endpoints of the document that are not used, because the file names them or nothing needs them. */
  readonly unused?: readonly MetadataEndpoint[] | undefined;
}

export type MetadataEndpoint = Exclude<(typeof endpoints)[number], "jwks_uri">;

type Metadata = Readonly<Record<string, unknown>>;

const endpoints = [
  ...(["authorization_endpoint", "token_endpoint", "jwks_uri"] as const),
  ...(["userinfo_endpoint", "introspection_endpoint", "end_session_endpoint"] as const),
] as const;

/**
 * Accepts a discovery document only if it is the expected issuer's and its URLs may be used. Issuer and keys are all that a
 * verifier needs, and all that Kubernetes and GitHub Actions publish. What the file names itself may be missing or invalid here.
 */
export function checkMetadata(metadata: Metadata, expected: Expectations): DiscoveryResult {
  const { issuer } = metadata;
  if (typeof issuer !== "string" || issuer === "") {
    const hint = "check that `oidc_op_discovery_endpoint` is an OpenID Connect provider's base URL";
    return invalid("the discovery document names no issuer", hint);
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
      "have the provider's configuration corrected, or write the right URL in `endpoint_config`: then the document's is not looked at",
    );
  }
  const odd = oddMembers(metadata);
  if (odd.length > 0) {
    return invalid(
      `the discovery document's ${odd.join(", ")} is of another type than it must be`,
      "have the provider's configuration corrected, or write the endpoints in `endpoint_config` without discovery",
    );
  }
  const jwksEndpoint = urlOf("jwks_uri");
  if (!expected.explicitJwks) {
    if (!jwksEndpoint) {
      return invalid(
        "the discovery document lacks jwks_uri",
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
 * Undefined where the document has none of the lists. The specified defaults of a missing one (RFC 8414 §2) are not what
 * providers mean by it.
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

/** Members besides the URLs that decide about a login (RFC 9207, RFC 8414): one of the wrong type must not count as false. */
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
    `the provider's issuer has \`${shared}\` where tokens have the id of a tenant, so every token would be refused`,
    "write the tenant's own id in `oidc_op_discovery_endpoint`, such as https://login.microsoftonline.com/TENANT/v2.0",
  );
}

function issuerMismatch(metadata: Metadata, { endpoint, issuer: configured }: Expectations): DiscoveryFailure {
  const { issuer } = metadata;
  if (configured !== undefined && metadata.access_token_issuer === configured) {
    return invalid(
      "the configured issuer is that of the provider's access tokens, which its discovery document is not for",
      "write the endpoints in `endpoint_config` without `oidc_op_discovery_endpoint`, in an entry for the API's client alone",
    );
  }
  const wanted = configured ?? endpoint.bases[0];
  const source = configured === undefined ? "the discovery endpoint is of" : "the configured issuer is";
  return invalid(
    `the provider calls itself ${printable(issuer)}, but ${source} ${printable(wanted)}`,
    configured === undefined
      ? "if the provider is the right one, write its issuer as `oidc_op_issuer`"
      : "write `oidc_op_issuer` exactly as the provider does, a slash at the end included, or ask the right provider",
  );
}

/** Issuers are not secret, but a foreign server may put anything there. */
function printable(issuer: unknown): string {
  return typeof issuer === "string" && issuer.length <= maxUrl && /^[\x21-\x7e]+$/.test(issuer)
    ? issuer
    : "something that is not a URL";
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function readUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > maxUrl) return undefined;
  // The URL parser drops blanks and line breaks, so that the stored text would differ from the checked URL.
  if (!/^https?:\/\/[\x21-\x7e]+$/i.test(value) || !URL.canParse(value)) return undefined;
  const { username, password } = new URL(value);
  return username === "" && password === "" ? value : undefined;
}

/** A document that was served over https must not send codes, secrets and people to http. */
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
    `the discovery document came by https but its ${insecure.join(", ")} is http`,
    "have the provider's configuration corrected (often the proxy before it), or write the endpoint in `endpoint_config`",
  );
}

/** The server of the keys decides who can sign in. */
function distrustKeys(keys: URL, issuer: string, { documentUrl }: DiscoveryEndpoint): DiscoveryFailure | undefined {
  const hint = "if these keys are the right ones, write their URL as `oidc_op_jwks_endpoint` in `endpoint_config`";
  if (documentUrl.protocol === "https:" && keys.protocol !== "https:") {
    return invalid("the discovery document came by https but its jwks_uri is http", hint);
  }
  const issuerHost = URL.canParse(issuer) ? new URL(issuer).hostname : undefined;
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
 * The part of an issuer that stands for any tenant of a provider, such as `{tenantid}` in the discovery document of Entra's
 * `common`; undefined where there is none. Each tenant's tokens have another value there.
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
  /** Present, unless the file names the keys' URL. */
  readonly jwksEndpoint?: string | undefined;
  readonly logoutEndpoint?: string | undefined;
  readonly offers?: Offers | undefined;
}

/** The lists of a discovery document that has any; a missing one says nothing. */
export interface Offers {
  /** The issuer of its access tokens, if it differs from that of its ID tokens (AD FS). */
  readonly accessTokenIssuer?: string | undefined;
  readonly signAlgorithms?: readonly string[] | undefined;
  readonly authMethods?: readonly string[] | undefined;
  readonly introspectionAuthMethods?: readonly string[] | undefined;
  readonly pkceMethods?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** Why discovery failed: `unreachable` may work later, `invalid` needs a change by an operator. */
export interface DiscoveryFailure {
  readonly kind: "unreachable" | "invalid";
  readonly message: string;
  readonly hint: string;
}

export type DiscoveryResult = DiscoveredProvider | DiscoveryFailure;

export function invalid(message: string, hint: string): DiscoveryFailure {
  return { kind: "invalid", message, hint };
}

export const documentPath = "/.well-known/openid-configuration";

/** Where a provider's discovery document is, and which issuers it may speak for. */
interface DiscoveryEndpoint {
  readonly documentUrl: URL;
  /** The base URL that the document lies under, as written and as normalized, without a slash at the end. */
  readonly bases: readonly string[];
}

/**
 * Accepts a provider's base URL, with or without a slash at its end, or the discovery document's own URL.
 * Undefined for anything that is not an absolute http(s) URL without credentials.
 */
export function parseDiscoveryEndpoint(text: string): DiscoveryEndpoint | undefined {
  const written = text.trim();
  if (!URL.canParse(written)) return undefined;
  const documentUrl = new URL(written);
  if (!/^https?:$/.test(documentUrl.protocol) || documentUrl.username !== "" || documentUrl.password !== "")
    return undefined;
  documentUrl.hash = "";
  documentUrl.pathname = basePath(documentUrl.pathname) + documentPath;
  const bases = [written.replace(/[?#].*$/s, ""), documentUrl.origin + documentUrl.pathname].map(basePath);
  return { documentUrl, bases: [...new Set(bases)] };
}

/** Removes the discovery document's part, and a slash at the end, from a path or URL. */
function basePath(path: string): string {
  return withoutSlash(path.endsWith(documentPath) ? path.slice(0, -documentPath.length) : path);
}

/** Without one slash at the end: providers differ in whether their issuer has it. */
export function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
