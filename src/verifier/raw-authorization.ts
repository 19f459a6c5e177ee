import type { Authorization } from "./verifier.js";

const name = "authorization";

/**
 * The `Authorization` headers of a request as they came. Node's `headers` keeps the first of several, and so would let a
 * proxy and this program see different ones.
 *
 * @param rawHeaders names and values in turn
 */
export function rawAuthorization(rawHeaders: readonly string[]): Authorization {
  let found: string | undefined;
  let several: string[] | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index];
    if (header?.length !== name.length || header.toLowerCase() !== name) continue;
    const value = rawHeaders[index + 1] ?? "";
    if (found === undefined) found = value;
    else several = [...(several ?? [found]), value];
  }
  return several ?? found;
}
