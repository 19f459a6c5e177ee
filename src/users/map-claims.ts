import type { JsonObject } from "../oidc/jwt/json-object.js";
import {
  type ClaimMapping,
  claimNames,
  hasGroups,
  type MappableField,
  mappableFields,
  verifiedEmail,
} from "./claim-mapping.js";
import {
  type ClaimedGroups,
  type ClaimPath,
  kindOf,
  readClaim,
  readFlag,
  readGroups,
  readText,
  showPath,
} from "./claim-values.js";
import { isPrintable, readUsername, type Username } from "./external-identity.js";

/** The user that claims describe. */
export interface MappedClaims {
  readonly kind: "mapped";
  readonly username: Username;
  readonly isCaseSensitive: boolean;
  /** The fields from claims; all others stay unchanged. */
  readonly fields: Readonly<Partial<Record<MappedField, string | 0 | 1>>>;
  readonly isSuperuser: boolean;
  readonly groups: readonly DesiredGroup[];
  /** The claims don't list all groups, so groups and superuser from earlier claims stay. */
  readonly isPartial: boolean;
  /** Claims that are missing or unexpected. */
  readonly notes: readonly ClaimNote[];
}

/** A note for the log about a claim. `found` describes its type, never its value. */
export type ClaimNote = {
  /**
   * A groups claim that is missing, unexpected or omitted by the provider, or another claim that was ignored.
   */
  readonly kind: "groups_claim_missing" | "groups_claim_odd" | "groups_kept" | "claim_ignored";
  /** The path to the claim, as written in a file. */
  readonly claim: string;
  readonly found: string;
  readonly hint?: string;
};

type MappedField = Exclude<MappableField, "is_superuser">;

interface DesiredGroup {
  readonly name: string;
  /** Whether to create the group if it does not exist. */
  readonly mayBeCreated: boolean;
}

/** Why claims describe no user. */
export interface MappedClaimsRejection {
  readonly kind: "rejected";
  readonly reason: "username_missing" | "username_invalid" | "email_unverified" | "claim_invalid" | "groups_overage";
  /** The path to the invalid claim, as written in a file. */
  readonly claim: string;
  /** The type of the actual value, never the value. */
  readonly found: string;
  /** How an operator can fix it, if the reason does not make that clear. */
  readonly hint?: string;
}

/** The claims that the mapping reads, in its order; if they are the same, so is the result. */
export function relevantClaims(mapping: ClaimMapping, claims: JsonObject): readonly unknown[] {
  return mapping.paths.map((path) => readClaim(claims, path));
}

/** Whether claims equal those in a list that {@link relevantClaims} returned for the same mapping. */
export function hasSameClaims(mapping: ClaimMapping, claims: JsonObject, known: readonly unknown[]): boolean {
  const { paths } = mapping;
  for (let index = 0; index < paths.length; index += 1) {
    if (!isSame(readClaim(claims, paths[index] ?? []), known[index])) return false;
  }
  return true;
}

/** Compares values from JSON. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  const areObjects = typeof one === "object" && typeof other === "object";
  return areObjects && JSON.stringify(one) === JSON.stringify(other);
}

/** Maps claims to a user. Rejects a claim whose type its field can't hold. */
export function mapClaims(mapping: ClaimMapping, claims: JsonObject): MappedClaims | MappedClaimsRejection {
  const { usernamePath } = mapping;
  const written = usernamePath.length > 0 ? readClaim(claims, usernamePath) : undefined;
  if (written === undefined || written === null || written === "") {
    return reject("username_missing", usernamePath, whatIsAt(claims, usernamePath));
  }
  const username = readUsername(written);
  if (!username) return reject("username_invalid", usernamePath, describeText(written));
  // Otherwise, anyone who can set an account's address could become any user.
  const isTrusted = usernamePath.at(-1) !== "email" || claims.email_verified === true || mapping.allowsUnverifiedEmail;
  if (!isTrusted) return reject("email_unverified", verifiedEmail, whatIsAt(claims, verifiedEmail));
  const mapped = readFields(mapping, claims);
  if (mapped.kind === "rejected") return mapped;
  const { is_superuser: isClaimedSuperuser, ...fields } = mapped.fields;
  const overage = findOverage(mapping, claims);
  if (overage && !mapping.keepsOnOverage) return { kind: "rejected", reason: "groups_overage", ...overage };
  const claimed = readGroups(mapping.groupsPath && readClaim(claims, mapping.groupsPath), mapping.groupsForm);
  const groups = claimed.names.filter((name) => !mapping.isReserved(name));
  return {
    kind: "mapped",
    username,
    isCaseSensitive: mapping.isCaseSensitive,
    fields: { ...fields, ...(mapping.makesStaff && { is_staff: 1 }) },
    isSuperuser: isClaimedSuperuser === 1 || groups.some((name) => mapping.superuserGroups.has(name)),
    groups: desiredGroups(mapping, groups),
    isPartial: overage !== undefined,
    notes: [
      ...mapped.notes,
      ...(overage ? [{ kind: "groups_kept" as const, ...overage }] : groupNotes(mapping, claims, claimed)),
    ],
  };
}

interface MappedFields {
  readonly kind: "fields";
  readonly fields: Partial<Record<MappableField, string | 0 | 1>>;
  readonly notes: readonly ClaimNote[];
}

function readFields(mapping: ClaimMapping, claims: JsonObject): MappedFields | MappedClaimsRejection {
  const fields: Partial<Record<MappableField, string | 0 | 1>> = {};
  const notes: ClaimNote[] = [];
  for (const { field, path } of mapping.fields) {
    const claim = readClaim(claims, path);
    if (claim === undefined || claim === null) continue;
    const spec = mappableFields[field];
    if (spec.type === "text" && typeof claim === "string" && claim.length > spec.maxLength) {
      const found = `${claim.length} characters; \`${field}\` allows at most ${spec.maxLength}`;
      notes.push({ kind: "claim_ignored", claim: showPath(path), found });
      continue;
    }
    const value = spec.type === "text" ? readText(claim) : readFlag(claim);
    if (value === undefined) return reject("claim_invalid", path, describeText(claim));
    fields[field] = value;
  }
  return { kind: "fields", fields, notes };
}

const overageHint =
  "in Entra, limit the token to `Groups assigned to the application`, or use app roles; or write `groups_settings.on_overage: keep`";

/** Whether the provider omitted the groups, because there are too many for its response. */
function findOverage(mapping: ClaimMapping, claims: JsonObject): Omit<ClaimNote, "kind"> | undefined {
  const { groupsPath } = mapping;
  const [root] = groupsPath ?? [];
  if (
    !groupsPath ||
    root === undefined ||
    readGroups(readClaim(claims, groupsPath), mapping.groupsForm).names.length > 0
  ) {
    return undefined;
  }
  const isElsewhere = readClaim(claims, [claimNames, root]) !== undefined;
  const mark = readClaim(claims, hasGroups);
  // Entra sends a boolean, which libraries in between convert to a string.
  const hasMark = root === "groups" && (mark === true || mark === "true");
  if (!isElsewhere && !hasMark) return undefined;
  const found = `${isElsewhere ? `\`${claimNames}\`` : "`hasgroups`"} instead: too many groups for the provider's response`;
  return { claim: showPath(groupsPath), found, hint: overageHint };
}

/** An empty list is valid; a missing claim is probably a mistake at the provider or in the path. */
function groupNotes({ groupsPath }: ClaimMapping, claims: JsonObject, { odd }: ClaimedGroups): readonly ClaimNote[] {
  if (!groupsPath) return [];
  const claim = showPath(groupsPath);
  if (odd) return [{ kind: "groups_claim_odd", claim, ...odd }];
  const value = readClaim(claims, groupsPath);
  return value === undefined || value === null
    ? [{ kind: "groups_claim_missing", claim, found: whatIsAt(claims, groupsPath) }]
    : [];
}

/** Describes the type of the value at a path, or where the path ends early. */
function whatIsAt(claims: JsonObject, path: ClaimPath): string {
  const value = readClaim(claims, path);
  if (value !== undefined) return kindOf(value);
  const known = path.findIndex((_, index) => readClaim(claims, path.slice(0, index + 1)) === undefined);
  if (known < 1) return "nothing";
  return `${kindOf(readClaim(claims, path.slice(0, known)))} at ${showPath(path.slice(0, known))}, and nothing below it`;
}

function describeText(claim: unknown): string {
  if (typeof claim !== "string") return kindOf(claim);
  return isPrintable(claim) ? `a string of ${claim.length} characters` : "a string with unprintable characters";
}

function desiredGroups(mapping: ClaimMapping, claimed: readonly string[]): readonly DesiredGroup[] {
  const names = new Set([...claimed.filter(mapping.fitsPattern), ...mapping.defaultGroups]);
  return [...names].map((name) => ({ name, mayBeCreated: mapping.createsGroups }));
}

function reject(reason: MappedClaimsRejection["reason"], path: ClaimPath, found: string): MappedClaimsRejection {
  return { kind: "rejected", reason, claim: showPath(path), found };
}
