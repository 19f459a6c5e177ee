/** Names among which those are found that can be taken for each other. */
export interface Lookalikes {
  readonly add: (name: string) => void;
  /** The one that was added first of those that look like the name. */
  readonly find: (name: string) => string | undefined;
}

const isAscii = (text: string): boolean => /^[ -~]*$/.test(text);

/**
 * Compares names as Unicode TS 39 does, by their skeletons; names of ASCII alone look alike only where they differ in case. The
 * data for that is big, and only loaded for other names.
 *
 * @param names all that will be added or looked for
 */
export async function createLookalikes(names: readonly string[]): Promise<Lookalikes> {
  const skeletonsOf = names.every(isAscii) ? () => [] : await loadSkeletons();
  const ascii = new Map<string, string>();
  // Of ASCII names, only those that are not are compared with it.
  const skeletons = { ascii: new Map<string, string>(), other: new Map<string, string>() };
  const firstIn = (map: ReadonlyMap<string, string>, keys: readonly string[]): string | undefined =>
    keys.flatMap((key) => map.get(key) ?? [])[0];
  const keep = (map: Map<string, string>, key: string, name: string): void => {
    if (!map.has(key)) map.set(key, name);
  };
  return {
    add: (name) => {
      const kind = isAscii(name) ? "ascii" : "other";
      if (kind === "ascii") keep(ascii, name.toLowerCase(), name);
      for (const key of skeletonsOf(name)) keep(skeletons[kind], key, name);
    },
    find: (name) => {
      const keys = skeletonsOf(name);
      const other = firstIn(skeletons.other, keys);
      return other ?? (isAscii(name) ? ascii.get(name.toLowerCase()) : firstIn(skeletons.ascii, keys));
    },
  };
}

async function loadSkeletons(): Promise<(name: string) => readonly string[]> {
  const { default: unhomoglyph } = await import("unhomoglyph");
  // TS 39 §4. The data has a dotless i for an i, and no dotless j.
  const skeleton = (name: string) => unhomoglyph(name.normalize("NFD").replace(/\u0237/g, "j")).normalize("NFD");
  // A letter may look like another in one case alone.
  return (name) => [skeleton(name).toLowerCase(), skeleton(name.toLowerCase()).toLowerCase()];
}
