import type { Browser } from "./browser.js";
import type { World } from "./world.js";

/** The callback of a login that was begun in this browser. */
export async function callbackIn(world: World, browser: Browser): Promise<string> {
  return world.provider.authorize((await world.begin(browser)).href);
}

/** The same, after a change of its query. */
export function withQuery(callback: string, change: (query: URLSearchParams) => void): string {
  const [path = "", query] = callback.split("?");
  const changed = new URLSearchParams(query);
  change(changed);
  return `${path}?${changed}`;
}

/** The same, with an error instead of the code. */
export function withError(callback: string, error: string, more: Readonly<Record<string, string>> = {}): string {
  return withQuery(callback, (query) => {
    query.delete("code");
    for (const [name, value] of Object.entries({ error, ...more })) query.set(name, value);
  });
}
