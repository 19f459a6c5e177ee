/** An API as a protected resource of OAuth (RFC 9728). */
export interface ProtectedResource {
  /** The API's URL as clients know it, such as `https://taken.gemeente.example/api/v1`; `http` only on this machine. */
  readonly url: string;
  /** Its name, for people. */
  readonly name?: string | undefined;
  /** The URL of its documentation, for developers. */
  readonly documentation?: string | undefined;
  /** The scopes that a program asks its provider for, to use this API. */
  readonly scopes?: readonly string[] | undefined;
}

/** The metadata of a protected resource (RFC 9728 §2). What is empty is left out (§3.2). */
export interface ResourceMetadata {
  readonly resource: string;
  /** The issuers whose tokens are accepted. */
  readonly authorization_servers?: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported?: readonly ["header"];
  readonly resource_name?: string;
  readonly resource_documentation?: string;
}

/** A client that accepts bearer tokens now, as others may know it. */
export interface UsableClient {
  readonly identifier: string;
  /** Undefined if no provider says it. */
  readonly issuer: string | undefined;
}

const wellKnown = "/.well-known/oauth-protected-resource";

/**
 * Checks an API's URL and texts.
 *
 * @throws TypeError for a URL that is not absolute, canonical and `https`, or has a query, a fragment or credentials
 */
export function checkResource(resource: string | ProtectedResource): ProtectedResource {
  const checked = typeof resource === "string" ? { url: resource } : resource;
  const { url, documentation } = checked;
  const parsed = parseUrl("url", url);
  const { protocol, hostname, username, password, search, hash, href } = parsed;
  const isLocal = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isLocal))
    throw invalid("url", "must be https (RFC 9728 §1.2)");
  if (username !== "" || password !== "") throw invalid("url", "must not have credentials");
  // A query is allowed but discouraged (RFC 9728 §1.2), and routers match paths alone.
  if (search !== "" || hash !== "" || /[?#]/.test(url)) throw invalid("url", "must not have a query or a fragment");
  // Clients compare it as text (RFC 9728 §3.3).
  if (href !== url && href !== `${url}/`) throw invalid("url", `must be in its canonical form, ${href}`);
  if (documentation !== undefined) parseUrl("documentation", documentation);
  return checked;
}

function parseUrl(name: string, url: string): URL {
  if (!URL.canParse(url)) throw invalid(name, "must be an absolute URL");
  return new URL(url);
}

function invalid(name: string, what: string): TypeError {
  return new TypeError(`\`resource.${name}\` of createVerifier ${what}`);
}

/** Where the metadata is: the well-known path stands between the host and the path of the API (RFC 9728 §3.1). */
export function metadataUrlOf({ url }: ProtectedResource): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${wellKnown}${pathname === "/" ? "" : pathname}`;
}

/** The metadata of an API, whose tokens are those of `clients`. */
export function describeResource(resource: ProtectedResource, clients: readonly UsableClient[]): ResourceMetadata {
  const { url, name, documentation, scopes = [] } = resource;
  const issuers = [...new Set(clients.flatMap(({ issuer }) => issuer ?? []))];
  return {
    resource: url,
    ...(issuers.length > 0 && { authorization_servers: issuers }),
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    ...(clients.length > 0 && { bearer_methods_supported: ["header"] }),
    ...(name !== undefined && { resource_name: name }),
    ...(documentation !== undefined && { resource_documentation: documentation }),
  };
}
