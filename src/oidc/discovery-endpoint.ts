export const documentPath = "/.well-known/openid-configuration";

/** Where a provider's discovery document is, and which issuers it may speak for. */
export interface DiscoveryEndpoint {
  readonly documentUrl: URL;
  /** The base that the document lies under, as it was written and as URLs are normalised, without a slash at the end. */
  readonly bases: readonly string[];
}

/**
 * Takes a provider's base URL, with or without a slash at its end, or the discovery document's own URL.
 * Undefined for what is not an absolute http(s) URL without credentials.
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

/** A path or URL without the discovery document's part, and without a slash at its end. */
function basePath(path: string): string {
  return withoutSlash(path.endsWith(documentPath) ? path.slice(0, -documentPath.length) : path);
}

/** Without one slash at the end: providers differ in whether their issuer has it. */
export function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
