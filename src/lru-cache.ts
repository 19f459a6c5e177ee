/** A bounded cache: keeps at most `capacity` entries, the most recently used. */
export interface LruCache<V> {
  readonly get: (key: string) => V | undefined;
  readonly set: (key: string, value: V) => void;
  readonly delete: (key: string) => void;
  readonly clear: () => void;
  readonly size: () => number;
}

interface Entry<V> {
  readonly key: string;
  value: V;
  isUsed: boolean;
}

/**
 * Nothing is evicted until there are more than `capacity` entries; then a hand goes round and evicts the first that was not used
 * since its last pass (the CLOCK algorithm). A hit costs one look-up, unlike in a list that is kept in order.
 *
 * @throws RangeError for a capacity that is not a whole number of at least 1
 */
export function createLruCache<V>(capacity: number): LruCache<V> {
  if (!(Number.isSafeInteger(capacity) && capacity >= 1)) throw new RangeError("a cache must hold at least 1 entry");
  const entries = new Map<string, Entry<V>>();
  // A ring beside the map: finding a map's oldest entry costs more the more entries were deleted from it.
  let ring: Entry<V>[] = [];
  let hand = 0;

  const makeRoom = (): number => {
    for (; ; hand = (hand + 1) % capacity) {
      const entry = ring[hand];
      if (entry?.isUsed) entry.isUsed = false;
      else {
        // A deleted key may have been added again, elsewhere in the ring.
        if (entry && entries.get(entry.key) === entry) entries.delete(entry.key);
        const free = hand;
        hand = (hand + 1) % capacity;
        return free;
      }
    }
  };

  return {
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entry.isUsed = true;
      return entry.value;
    },
    set: (key, value) => {
      const known = entries.get(key);
      if (known) {
        known.value = value;
        return;
      }
      const entry = { key, value, isUsed: false };
      if (ring.length < capacity) ring.push(entry);
      else ring[makeRoom()] = entry;
      entries.set(key, entry);
    },
    delete: (key) => {
      const entry = entries.get(key);
      if (entry) entry.isUsed = false;
      entries.delete(key);
    },
    clear: () => {
      entries.clear();
      ring = [];
      hand = 0;
    },
    size: () => entries.size,
  };
}
