import { createHmac, randomBytes } from "node:crypto";

/** Counts attempts with a password, so that nobody tries many. Times are in milliseconds. */
export interface AttemptLimit {
  /** Counts one; false where there were too many. */
  readonly begin: (username: string, nowMs: number) => boolean;
  /** It was the right password. */
  readonly forget: (username: string) => void;
}

const most = 5;
const withinMs = 5 * 60_000;
const places = 4096;

/**
 * Five attempts in five minutes for a username, whether there is such a user or not. Usernames share a fixed number of places,
 * so that making many up fills no memory and pushes none out.
 */
export function createAttemptLimit(): AttemptLimit {
  const key = randomBytes(32);
  const counts = new Map<number, { readonly sinceMs: number; readonly attempts: number }>();
  const placeOf = (username: string): number => {
    const bytes = createHmac("sha256", key).update(username.normalize("NFKC").toLowerCase()).digest();
    return bytes.readUInt32BE() % places;
  };
  return {
    begin: (username, nowMs) => {
      const place = placeOf(username);
      const earlier = counts.get(place);
      const isOver = !earlier || nowMs >= earlier.sinceMs + withinMs;
      const { sinceMs, attempts } = isOver ? { sinceMs: nowMs, attempts: 0 } : earlier;
      counts.set(place, { sinceMs, attempts: attempts + 1 });
      return attempts < most;
    },
    forget: (username) => void counts.delete(placeOf(username)),
  };
}
