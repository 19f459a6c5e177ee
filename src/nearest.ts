import leven from "leven";

/**
 * The candidate that a misspelt word most likely means: the same apart from case or separators, or at most `limit` edits away;
 * undefined where none is that near.
 */
export function nearest(word: string, candidates: Iterable<string>, limit = 2): string | undefined {
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (hasSameLetters(word, candidate)) return candidate;
    // Words that share less than half of their letters are not the same word misspelt.
    const allowed = Math.min(bestDistance - 1, Math.floor(Math.max(word.length, candidate.length) / 2));
    const distance = distanceOf(word.toLowerCase(), candidate.toLowerCase(), allowed + 1);
    if (distance > allowed) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best;
}

/** The edits between two words, at most `max`; two letters that changed places are one, which `leven` counts as two. */
function distanceOf(one: string, other: string, max: number): number {
  const start = [...one].findIndex((letter, index) => letter !== other[index]);
  const swapped = one.slice(0, start) + one.charAt(start + 1) + one.charAt(start) + one.slice(start + 2);
  return start >= 0 && swapped === other ? 1 : leven(one, other, { maxDistance: max });
}

/** Whether two words differ only in case and separators, such as `OIDC_DB_CONFIG_ENABLE` and `oidcDbConfigEnable`. */
function hasSameLetters(one: string, other: string): boolean {
  const lettersOf = (word: string) => word.toLowerCase().replace(/[-_. ]/g, "");
  return lettersOf(one) === lettersOf(other);
}

/** {@link nearest} for the name of a field: up to three edits in a long one, two in a short one. */
export function nearestField(name: string, fields: Iterable<string>): string | undefined {
  return nearest(name, fields, name.length >= 10 ? 3 : 2);
}

/** Whether one of two names has an extra part at an end, such as `api-oidc` and `api-oidc-2`: two names, not a typo. */
export function hasPartMore(one: string, other: string): boolean {
  const [short = "", long = ""] = [one, other].sort((a, b) => a.length - b.length);
  const isBehind = long.startsWith(short) && /^[-_. ]\w/.test(long.slice(short.length));
  return isBehind || (long.endsWith(short) && /\w[-_. ]$/.test(long.slice(0, -short.length)));
}
