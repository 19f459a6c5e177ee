import { randomUUID } from "node:crypto";

/**
 * Creates ids for new rows: UUIDs of version 7 (RFC 9562 §5.7), each greater than the one before. In the indexes of a table, rows with
 * ids in order are appended, which takes SQLite two thirds of the time that random places take.
 *
 * @param now milliseconds since the epoch
 */
export function createIds(now: () => number = Date.now): () => string {
  let last = 0;
  let count = 0;
  return () => {
    const ms = Math.max(now(), last);
    count = ms === last ? count + 1 : 0;
    // More than a millisecond has room for are of the next one.
    if (count === maxPerMs) count = 0;
    last = count === 0 && ms === last ? ms + 1 : ms;
    const time = last.toString(16).padStart(12, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, "0")}${randomUUID().slice(18)}`;
  };
}

const maxPerMs = 0x1000;
