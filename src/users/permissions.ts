import { parseList } from "../database/tables.js";
import { createLruCache } from "../lru-cache.js";

/** Permissions of a principal. Most users and tokens have the same as many others, so that they share it. */
export interface Permissions {
  readonly all: ReadonlySet<string>;
  /** Whether the permission was granted. Frozen, since requests share it. */
  readonly has: (permission: string) => boolean;
}

/** What a row says of permissions. */
export interface PermissionTexts {
  /** A JSON list, made by the database itself. */
  readonly own: string;
  /** The same of groups. Where a membership ends, its end and a line feed precede each permission. */
  readonly ofGroups: string;
  /** The stored JSON list of a token that may less than its user; null for all of the user's. */
  readonly narrowedTo: string | null;
  readonly isSuperuser: boolean;
}

/** Permissions at one moment. */
export interface Granted {
  readonly permissions: Permissions;
  /** When the first of the memberships that count now ends; infinite where none does. */
  readonly endsAtMs: number;
}

type ReadPermissions = (texts: PermissionTexts, nowMs: number) => Granted;

const never = Number.POSITIVE_INFINITY;
const maxShared = 1000;
/** Longer texts are rare, and would take much memory. */
const maxSharedLength = 4096;

/**
 * Creates a function that returns the permissions that a row grants at this moment.
 *
 * @throws SetupError, at use, `DATABASE_DAMAGED` (refused) for a list that is none
 */
export function createPermissionReader(): ReadPermissions {
  const shared = createLruCache<Granted>(maxShared);
  return (texts, nowMs) => {
    const { own, ofGroups, narrowedTo, isSuperuser } = texts;
    // The stored text is last: what goes before is well-formed JSON, so that no two rows have the same key by accident.
    const key = `${(isSuperuser ? 1 : 0) + (narrowedTo === null ? 2 : 0)}${own}${ofGroups}${narrowedTo ?? ""}`;
    const known = shared.get(key);
    if (known) return known;
    const { granted, isLasting } = parse(texts, nowMs);
    if (isLasting && key.length <= maxSharedLength) shared.set(key, granted);
    return granted;
  };
}

interface Parsed {
  readonly granted: Granted;
  /** No membership ends or has ended, so that it is the same at another moment. */
  readonly isLasting: boolean;
}

function parse({ own, ofGroups, narrowedTo, isSuperuser }: PermissionTexts, nowMs: number): Parsed {
  const all = new Set(parseList(own));
  let endsAtMs = never;
  let isLasting = true;
  for (const entry of parseList(ofGroups)) {
    const end = entry.indexOf("\n");
    const untilMs = end < 0 ? never : Date.parse(entry.slice(0, end));
    if (end >= 0) isLasting = false;
    // Also false for an end that can't be parsed, whose author wanted it to end.
    if (!(nowMs < untilMs)) continue;
    all.add(entry.slice(end + 1));
    endsAtMs = Math.min(endsAtMs, untilMs);
  }
  return { granted: { permissions: limit(all, narrowedTo, isSuperuser), endsAtMs }, isLasting };
}

function limit(all: ReadonlySet<string>, narrowedTo: string | null, isSuperuser: boolean): Permissions {
  if (narrowedTo === null) return isSuperuser ? { all, has: grantAny } : limitedTo(all);
  // A token can only limit permissions, never add any.
  return limitedTo(new Set(parseList(narrowedTo).filter((permission) => isSuperuser || all.has(permission))));
}

const grantAny = Object.freeze(() => true);

/** Exactly these. */
export function limitedTo(all: ReadonlySet<string>): Permissions {
  return { all, has: Object.freeze((permission: string) => all.has(permission)) };
}
