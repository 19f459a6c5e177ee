import { isJsonObject, type JsonObject } from "../oidc/jwt/json-object.js";
import { isPrintable } from "./external-identity.js";
import { maxGroupName, unsafeNameReason } from "./names.js";

/** A text field's value; undefined for anything that is not a text or can't be stored. */
export function readText(claim: unknown): string | undefined {
  return typeof claim === "string" && isPrintable(claim) ? claim : undefined;
}

/** A boolean as stored; undefined for anything else, such as the text `"true"`. */
export function readFlag(claim: unknown): 0 | 1 | undefined {
  return typeof claim === "boolean" ? (claim ? 1 : 0) : undefined;
}

/** How a groups claim is written, besides the forms that need no setting. */
export interface GroupsForm {
  /** Between the names in a text; undefined where a text is one name. */
  readonly separator: string | undefined;
  /** Whether `/a/b` means the group `b`, as Keycloak's mapper writes it with "Full group path" off. */
  readonly stripsPath: boolean;
}

export interface ClaimedGroups {
  readonly names: readonly string[];
  /** What was found that names no groups, or only doubtfully; undefined where nothing is odd. Never a value. */
  readonly odd?: { readonly found: string; readonly hint?: string };
}

const maxGroups = 1000;

/** The groups that a claim names: a text, a list of texts, or the keys of an object. Null: none. */
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
  if (typeof claim === "boolean") return "true or false";
  return typeof claim === "number" ? "a number" : claim === "" ? "an empty text" : "a text";
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

/** A slash in a name is `~/` where Keycloak is configured to escape it. */
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
    found: `a list that holds ${[...kinds].sort().join(", ")}`,
    hint: "have the provider write the groups' names as texts",
  };
}

/** Names that are accepted as they are, although other ones were most likely meant. */
function oddNames(
  claim: unknown,
  separator: string | undefined,
  stripsPath: boolean,
  names: readonly string[],
): ClaimedGroups["odd"] {
  if (typeof claim === "string" && separator === undefined && claim.includes(",")) {
    return { found: "one text with commas", hint: 'for a list of names, write `groups_settings.separator: ","`' };
  }
  if (!stripsPath && names.some((name) => name.startsWith("/"))) {
    return {
      found: "paths, with a slash before each name",
      hint: "write `groups_settings.strip_path: true`, or turn off `Full group path` in Keycloak's mapper",
    };
  }
  // Where the keys are roles, as in Zitadel, their values are objects.
  if (isJsonObject(claim) && !Object.values(claim).every(isJsonObject)) {
    return { found: "an object, whose keys were taken for names", hint: "let the path lead to the list inside of it" };
  }
  return undefined;
}

function unusableNames(written: number, usable: number): ClaimedGroups["odd"] {
  if (usable > maxGroups) return { found: `more than ${maxGroups} names; those after them were left out` };
  if (usable === written) return undefined;
  return { found: `${written - usable} of ${written} names that no group can have, which were left out` };
}

/** The keys that lead to a claim; a dot in a key does not separate. */
export type ClaimPath = readonly string[];

/**
 * The value at the end of a path; a number is an index of a list. Undefined where the path does not exist. Only own properties
 * count, so `constructor` and `__proto__` mean nothing unless a provider sends them.
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

/** A path as written in a file; in one line of bounded length for a log, even though an operator chose the keys. */
export function showPath(path: ClaimPath): string {
  const text = `[${path.map((key) => (/^[\w.:/-]+$/.test(key) ? key : JSON.stringify(key))).join(", ")}]`;
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
