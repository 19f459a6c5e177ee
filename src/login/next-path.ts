const home = "/";
const longest = 1024;
const plain = /^\/[\x21-\x7e]*$/;
// What a browser or a proxy may take for a slash, or for the end of a header, once or twice decoded.
const disguise = /\\|%(?:25)*(?:2f|5c|0[0-9a-f]|1[0-9a-f]|7f)/i;
const lineEnd = /%(?:25)*(?:0a|0d|00)/i;

/**
 * The path of this origin to go to after a login, as a program or a request wishes it; `/` for everything that is not plainly
 * one: other origins in any disguise, and the callback itself.
 *
 * @param callback the login's own URL
 */
export function readNextPath(wished: string | undefined, callback: URL): string {
  if (typeof wished !== "string" || wished.length > longest || !plain.test(wished)) return home;
  const [path = ""] = wished.split(/[?#]/, 1);
  if (path.startsWith("//") || disguise.test(path) || wished.includes("\\") || lineEnd.test(wished)) return home;
  if (!URL.canParse(wished, callback.href)) return home;
  const url = new URL(wished, callback);
  // Dots are gone now, and what they hid may begin with two slashes.
  if (url.origin !== callback.origin || url.pathname.startsWith("//") || url.pathname === callback.pathname)
    return home;
  return url.pathname + url.search + url.hash;
}
