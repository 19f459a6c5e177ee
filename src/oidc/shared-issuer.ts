const placeholder = /\{[\w-]{1,40}\}/;
const entra =
  /^https:\/\/(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net)\/(common|organizations|consumers)(?:\/|$)/i;

/**
 * The part of an issuer that stands for all tenants of a provider, such as `{tenantid}` in the discovery document of Entra's
 * `common`; undefined where there is none. What it stands for is different in each token.
 */
export function sharedIssuer(issuer: string): string | undefined {
  return placeholder.exec(issuer)?.[0] ?? entra.exec(issuer)?.[1];
}
