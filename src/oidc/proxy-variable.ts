/**
 * The name of the variable by which other programs would ask this URL through a proxy; undefined where there is none, or where
 * `NO_PROXY` has the host. Its value, which may hold a password, is not looked at.
 */
export function proxyVariable(env: Readonly<Record<string, string | undefined>>, url: URL): string | undefined {
  const own = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const names = [own, "ALL_PROXY"].flatMap((name) => [name, name.toLowerCase()]);
  const name = names.find((candidate) => env[candidate]);
  const exempt = (env.NO_PROXY || env.no_proxy || "").split(/[\s,]+/).map((entry) => entry.replace(/^\*?\.?/, ""));
  const isExempt = exempt.some((entry) => entry !== "" && `.${url.hostname}`.endsWith(`.${entry.toLowerCase()}`));
  return isExempt || (env.NO_PROXY || env.no_proxy)?.trim() === "*" ? undefined : name;
}
