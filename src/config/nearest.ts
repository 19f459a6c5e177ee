import leven from "leven";

/** The candidate that a misspelt word most likely means, at most `limit` edits away; undefined where none is that near. */
export function nearest(word: string, candidates: Iterable<string>, limit = 2): string | undefined {
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    // Words that share less than half of their letters are not the same word misspelt.
    const allowed = Math.min(bestDistance - 1, Math.floor(Math.max(word.length, candidate.length) / 2));
    const distance = leven(word, candidate, { maxDistance: allowed + 1 });
    if (distance > allowed) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** {@link nearest} for the name of a field: three edits in a long one, two in a short one. */
export function nearestField(name: string, fields: Iterable<string>): string | undefined {
  return nearest(name, fields, name.length >= 10 ? 3 : 2);
}
