import type { OidcClient, OpenAccess } from "./client.js";
import type { UserinfoReader } from "./userinfo.js";

/** What a client needs to read a signed userinfo answer. */
export function readerOf({ clientId, provider }: OidcClient, { algorithm, keys }: OpenAccess): UserinfoReader {
  return { clientId, issuer: provider.issuer, algorithm, keys };
}
