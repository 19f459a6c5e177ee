/** The entries that were used last, at most `capacity` of them. */
export interface Recent<V> {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
  readonly clear: () => void;
  readonly size: () => number;
}

/** Two maps, of which the older one is thrown away whole: a hit costs a look-up, unlike in a list that is kept in order. */
export function createRecent<V>(capacity: number): Recent<V> {
  const half = Math.ceil(capacity / 2);
  let newer = new Map<string, V>();
  let older = new Map<string, V>();
  const set = (key: string, value: V): void => {
    if (newer.size >= half && !newer.has(key)) {
      older = newer;
      newer = new Map();
    }
    newer.set(key, value);
  };
  return {
    get: (key) => {
      const recent = newer.get(key);
      if (recent !== undefined) return recent;
      const found = older.get(key);
      if (found === undefined) return undefined;
      older.delete(key);
      set(key, found);
      return found;
    },
    set,
    clear: () => {
      newer.clear();
      older.clear();
    },
    size: () => newer.size + older.size,
  };
}
