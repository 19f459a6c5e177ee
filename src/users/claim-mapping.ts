import { isJsonObject, type JsonObject, parseJson } from "../oidc/jwt/json-object.js";
import type { ClaimPath, GroupsForm } from "./claim-values.js";
import { maxPersonName } from "./names.js";

/** The user fields that claims can set, with their types. */
export const mappableFields = {
  email: { type: "text", maxLength: 254 },
  first_name: { type: "text", maxLength: maxPersonName },
  last_name: { type: "text", maxLength: maxPersonName },
  is_active: { type: "flag" },
  is_staff: { type: "flag" },
  is_superuser: { type: "flag" },
} as const;

export type MappableField = keyof typeof mappableFields;

/** How a client maps claims to a user; from its `options`. */
export interface ClaimMapping {
  /** Empty if no claim is configured: then nobody can sign in. */
  readonly usernamePath: ClaimPath;
  readonly isCaseSensitive: boolean;
  /** Accepts an e-mail address as username even if the provider has not verified it. */
  readonly allowsUnverifiedEmail: boolean;
  readonly fields: readonly { readonly field: MappableField; readonly path: ClaimPath }[];
  /** Mapped fields that users don't have. */
  readonly unknownFields: readonly string[];
  /** Undefined if no claim is configured. */
  readonly groupsPath: ClaimPath | undefined;
  readonly groupsForm: GroupsForm;
  /** Whether a user keeps the groups of earlier claims if there are too many for the provider's response. */
  readonly keepsOnOverage: boolean;
  readonly createsGroups: boolean;
  readonly fitsPattern: (group: string) => boolean;
  /** Groups that no claim can add a user to or make a superuser by. */
  readonly isReserved: (group: string) => boolean;
  readonly defaultGroups: readonly string[];
  readonly makesStaff: boolean;
  readonly superuserGroups: ReadonlySet<string>;
  /** Every path that the mapping reads. */
  readonly paths: readonly ClaimPath[];
}

/** Whether the provider verified the e-mail address. */
export const verifiedEmail: ClaimPath = ["email_verified"];

/** The claims that must be fetched elsewhere (OpenID Connect Core §5.6.2), which Entra uses for many groups. */
export const claimNames = "_claim_names";
/** Entra's mark for omitted `groups` in a token that is part of a URL. */
export const hasGroups: ClaimPath = ["hasgroups"];

/**
 * Reads a client's stored options. A missing one gets its default, an invalid one grants nothing.
 *
 * @param reservedGroups groups that no claim can add a user to
 */
export function readClaimMapping(options: unknown, reservedGroups: readonly string[] = []): ClaimMapping {
  const user = objectOf(isJsonObject(options) ? options.user_settings : undefined);
  const groups = objectOf(isJsonObject(options) ? options.groups_settings : undefined);
  const mappings = Object.entries(objectOf(user.claim_mappings)).map(([name, path]) => [name, textsOf(path)] as const);
  const usernamePath = mappings.find(([name]) => name === "username")?.[1] ?? [];
  const others = mappings.filter(([name, path]) => name !== "username" && path.length > 0);
  const fields = others.flatMap(([name, path]) => (isMappable(name) ? { field: name, path } : []));
  const groupsPath = textsOf(groups.claim_mapping);
  return {
    usernamePath,
    isCaseSensitive: user.username_case_sensitive !== false,
    allowsUnverifiedEmail: user.allow_unverified_email === true,
    fields,
    unknownFields: others.map(([name]) => name).filter((name) => !isMappable(name)),
    groupsPath: groupsPath.length > 0 ? groupsPath : undefined,
    groupsForm: {
      separator: typeof groups.separator === "string" && groups.separator !== "" ? groups.separator : undefined,
      stripsPath: groups.strip_path === true,
    },
    keepsOnOverage: groups.on_overage === "keep",
    createsGroups: groups.sync === undefined || groups.sync === true,
    fitsPattern: readPattern(groups.sync_pattern),
    isReserved: reserveGroups(reservedGroups),
    defaultGroups: namesOf(groups.default_groups),
    makesStaff: groups.make_users_staff === true,
    superuserGroups: new Set(namesOf(groups.superuser_group_names)),
    paths: [usernamePath, ...fields.map(({ path }) => path), ...groupPaths(groupsPath), verifiedEmail],
  };
}

/** {@link readClaimMapping} of a client's `options` in the database: what can't be parsed gives nothing. */
export function readStoredMapping(options: string, reservedGroups?: readonly string[]): ClaimMapping {
  return readClaimMapping(parseJson(options), reservedGroups);
}

/** The groups claim, and the claims that mark it as omitted. */
function groupPaths(path: ClaimPath): readonly ClaimPath[] {
  const [root] = path;
  return root === undefined ? [] : [path, [claimNames, root], hasGroups];
}

function readPattern(pattern: unknown): ClaimMapping["fitsPattern"] {
  if (pattern === undefined) return compileGroupPattern("*");
  return typeof pattern === "string" ? compileGroupPattern(pattern) : () => false;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Normalized like names in claims. */
function namesOf(value: unknown): readonly string[] {
  return textsOf(value).map((name) => name.normalize("NFC"));
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isMappable(name: string): name is MappableField {
  return Object.hasOwn(mappableFields, name);
}

/** Creates a check for reserved groups. Ignores differences in case and in the form of letters. */
function reserveGroups(names: readonly string[]): (name: string) => boolean {
  const reserved = new Set(names.map(fold));
  return reserved.size === 0 ? () => false : (name) => reserved.has(fold(name));
}

function fold(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase();
}

type Piece = { readonly kind: "star" } | { readonly kind: "one"; readonly fits: (character: string) => boolean };

/**
 * Creates a matcher for a shell pattern like Python's `fnmatchcase`: `*`, `?`, `[seq]` and `[!seq]`. Its time grows at most with
 * the product of both lengths, which a regular expression would not guarantee.
 */
export function compileGroupPattern(pattern: string): (name: string) => boolean {
  const pieces = parsePattern([...pattern]);
  return (name) => matches(pieces, [...name]);
}

function matches(pieces: readonly Piece[], characters: readonly string[]): boolean {
  let piece = 0;
  let at = 0;
  let star: { readonly piece: number; at: number } | undefined;
  while (at < characters.length) {
    const next = pieces[piece];
    if (next?.kind === "star") {
      star = { piece, at };
      piece += 1;
    } else if (next?.fits(characters[at] ?? "")) {
      piece += 1;
      at += 1;
    } else if (star) {
      // The last star takes one more character; extending an earlier one could not match more.
      star.at += 1;
      piece = star.piece + 1;
      at = star.at;
    } else {
      return false;
    }
  }
  return pieces.slice(piece).every(({ kind }) => kind === "star");
}

function parsePattern(pattern: readonly string[]): readonly Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? "";
    const close = character === "[" ? closingBracket(pattern, at) : -1;
    if (character === "*") pieces.push({ kind: "star" });
    else if (character === "?") pieces.push({ kind: "one", fits: () => true });
    else if (close !== -1) {
      pieces.push({ kind: "one", fits: parseSequence(pattern.slice(at + 1, close)) });
      at = close;
    } else pieces.push({ kind: "one", fits: (other) => other === character });
  }
  return pieces;
}

/** A bracket at the start of a sequence belongs to it. -1 if none closes it: then the opening one is literal. */
function closingBracket(pattern: readonly string[], open: number): number {
  const first = pattern[open + 1] === "!" ? open + 2 : open + 1;
  return pattern.indexOf("]", first + 1);
}

function parseSequence(written: readonly string[]): (character: string) => boolean {
  const isNegated = written[0] === "!";
  const sequence = isNegated ? written.slice(1) : written;
  const ranges: (readonly [number, number])[] = [];
  for (let at = 0; at < sequence.length; at += 1) {
    const isRange = sequence[at + 1] === "-" && at + 2 < sequence.length;
    ranges.push([codeOf(sequence[at]), codeOf(sequence[isRange ? at + 2 : at])]);
    if (isRange) at += 2;
  }
  return (character) => {
    const code = codeOf(character);
    return ranges.some(([from, to]) => from <= code && code <= to) !== isNegated;
  };
}

function codeOf(character: string | undefined): number {
  return character?.codePointAt(0) ?? 0;
}
