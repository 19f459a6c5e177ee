/** The cookies of one browser on one host, as far as a login needs them. */
export interface Browser {
  /** Undefined without cookies, as a server sees it. */
  readonly header: () => string | undefined;
  /** Takes `Set-Cookie` values; an empty one that is over at once goes away. */
  readonly take: (cookies: readonly string[]) => void;
  readonly names: () => readonly string[];
  /** Another browser with the same cookies. */
  readonly clone: () => Browser;
}

export function openBrowser(known: ReadonlyMap<string, string> = new Map()): Browser {
  const kept = new Map(known);
  return {
    header: () => (kept.size === 0 ? undefined : [...kept].map(([name, value]) => `${name}=${value}`).join("; ")),
    take: (cookies) => {
      for (const cookie of cookies) {
        const [pair = "", ...attributes] = cookie.split("; ");
        const equals = pair.indexOf("=");
        if (attributes.includes("Max-Age=0")) kept.delete(pair.slice(0, equals));
        else kept.set(pair.slice(0, equals), pair.slice(equals + 1));
      }
    },
    names: () => [...kept.keys()],
    clone: () => openBrowser(kept),
  };
}
