/** Cuts a list into pieces of at most `size`: databases limit how many values one statement takes. */
export function* chunk<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
