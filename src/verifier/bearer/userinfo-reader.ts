import type { OpenAccess } from "./choose-client.js";
import type { BearerClient } from "./client.js";
import type { UserinfoReader } from "./userinfo.js";

/** What a client needs to read a signed userinfo answer. */
export function readerOf({ clientId, provider }: BearerClient, { algorithm, keys }: OpenAccess): UserinfoReader {
  return { clientId, issuer: provider.issuer, algorithm, keys };
}
