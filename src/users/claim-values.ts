import { isJsonObject, type JsonObject } from "../oidc/jwt/json-object.js";
import { isPrintable } from "./external-identity.js";
import { maxGroupName, unsafeNameReason } from "./names.js";

/** Returns a printable string; undefined for anything else. */
export function readText(claim: unknown): string | undefined {
  return typeof claim === "string" && isPrintable(claim) ? claim : undefined;
}

/** Returns a boolean as stored; undefined for anything else, such as the string `"true"`. */
export function readFlag(claim: unknown): 0 | 1 | undefined {
  return typeof claim === "boolean" ? (claim ? 1 : 0) : undefined;
}

/** The settings for the format of a groups claim. */
export interface GroupsForm {
  /** Separates names in a string; undefined if a string is a single name. */
  readonly separator: string | undefined;
  /** Whether `/a/b` means the group `b`, as in Keycloak without "Full group path". */
  readonly stripsPath: boolean;
}

export interface ClaimedGroups {
  readonly names: readonly string[];
  /** What is unexpected about the claim, without its value. */
  readonly odd?: { readonly found: string; readonly hint?: string };
}

const maxGroups = 1000;

/** Reads the groups of a claim: a string, a list of strings, or the keys of an object. Null means none. */
export function readGroups(claim: unknown, { separator, stripsPath }: GroupsForm): ClaimedGroups {
  if (claim === undefined || claim === null) return { names: [] };
  const listed = listOf(claim, separator);
  if (!listed?.every((name) => typeof name === "string")) return { names: [], odd: oddKind(claim) };
  const written = stripsPath ? listed.map(lastOfPath) : listed;
  // Normalized as in files, so that the same group is not created twice.
  const names = [...new Set(written.map((name) => name.normalize("NFC")))];
  const usable = names.filter(isGroupName);
  const odd = oddNames(claim, separator, stripsPath, written) ?? unusableNames(names.length, usable.length);
  return { names: usable.slice(0, maxGroups), ...(odd && { odd }) };
}

/** Describes the type of a claim for a log, which must not contain its value. */
export function kindOf(claim: unknown): string {
  if (claim === undefined) return "nothing";
  if (claim === null) return "null";
  if (Array.isArray(claim)) return claim.length === 0 ? "an empty list" : "a list";
  if (typeof claim === "object") return "an object";
  if (typeof claim === "boolean") return "a boolean";
  return typeof claim === "number" ? "a number" : claim === "" ? "an empty string" : "a string";
}

function listOf(claim: unknown, separator: string | undefined): readonly unknown[] | undefined {
  if (typeof claim === "string") {
    if (separator === undefined) return [claim];
    return claim
      .split(separator)
      .map((name) => name.trim())
      .filter((name) => name !== "");
  }
  if (Array.isArray(claim)) return claim;
  return isJsonObject(claim) ? Object.keys(claim) : undefined;
}

/** Keycloak can be configured to escape a slash in a name as `~/`. */
function lastOfPath(name: string): string {
  if (!name.startsWith("/")) return name;
  const [last = ""] = name.split(/(?<!~)\//).slice(-1);
  return last.replaceAll("~/", "/");
}

function isGroupName(name: string): boolean {
  return name !== "" && name.length <= maxGroupName && unsafeNameReason(name) === undefined;
}

function oddKind(claim: unknown): NonNullable<ClaimedGroups["odd"]> {
  if (!Array.isArray(claim)) return { found: kindOf(claim) };
  const kinds = new Set(claim.filter((item) => typeof item !== "string").map(kindOf));
  return {
    found: `a list that contains ${[...kinds].sort().join(", ")}`,
    hint: "configure the provider to send the groups' names as strings",
  };
}

/** Accepted names that are probably not the intended ones. */
function oddNames(
  claim: unknown,
  separator: string | undefined,
  stripsPath: boolean,
  names: readonly string[],
): ClaimedGroups["odd"] {
  if (typeof claim === "string" && separator === undefined && claim.includes(",")) {
    return { found: "a string with commas", hint: 'for a list of names, write `groups_settings.separator: ","`' };
  }
  if (!stripsPath && names.some((name) => name.startsWith("/"))) {
    return {
      found: "paths that begin with a slash",
      hint: "write `groups_settings.strip_path: true`, or turn off `Full group path` in Keycloak's mapper",
    };
  }
  // Where the keys are roles, as in Zitadel, their values are objects.
  if (isJsonObject(claim) && !Object.values(claim).every(isJsonObject)) {
    return { found: "an object, whose keys were used as names", hint: "extend the path to the list inside it" };
  }
  return undefined;
}

function unusableNames(written: number, usable: number): ClaimedGroups["odd"] {
  if (usable > maxGroups) return { found: `more than ${maxGroups} names; the others were ignored` };
  if (usable === written) return undefined;
  return { found: `${written - usable} of ${written} names that are not valid, which were ignored` };
}

/** The keys that lead to a claim; a dot in a key is not a separator. */
export type ClaimPath = readonly string[];

/**
 * Returns the value at a path; a number is an index of a list. Undefined if the path does not exist. Only own properties count, so
 * that `constructor` and `__proto__` have no value unless a provider sends one.
 */
export function readClaim(claims: JsonObject, path: ClaimPath): unknown {
  let value: unknown = claims;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    if (Array.isArray(value) && !/^\d+$/.test(key)) return undefined;
    // Checked above: it is an object that has this key.
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** Formats a path as in a file, on one line of bounded length. */
export function showPath(path: ClaimPath): string {
  const text = `[${path.map((key) => (/^[\w.:/-]+$/.test(key) ? key : JSON.stringify(key))).join(", ")}]`;
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
