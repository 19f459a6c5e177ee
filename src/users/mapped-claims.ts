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

/** What a user shall be by the claims. */
export interface MappedClaims {
  readonly kind: "profile";
  readonly username: Username;
  readonly isCaseSensitive: boolean;
  /** Fields that claims fill; those that are not here stay as they are. */
  readonly fields: Readonly<Partial<Record<MappedField, string | 0 | 1>>>;
  readonly isSuperuser: boolean;
  readonly groups: readonly WantedGroup[];
  /** The claims don't name all groups: what they gave before stays, groups and superuser alike. */
  readonly isPartial: boolean;
  /** What the claims lack, or hold in another form than is expected. */
  readonly notes: readonly ClaimNote[];
}

/** What a log should hear of a claim that somebody signs in with. `found` says of what kind it is, never its value. */
export type ClaimNote = {
  /**
   * A groups claim that is not there, one that can't or only doubtfully name groups, one that the provider has elsewhere, or a claim
   * whose field was left alone.
   */
  readonly kind: "groups_claim_missing" | "groups_claim_odd" | "groups_kept" | "claim_ignored";
  /** The path to it, as a file writes it. */
  readonly claim: string;
  readonly found: string;
  readonly hint?: string;
};

type MappedField = Exclude<MappableField, "is_superuser">;

interface WantedGroup {
  readonly name: string;
  /** Whether it is made where there is none of this name. */
  readonly mayBeMade: boolean;
}

/** Why claims make no user, in a word. */
export interface MappedClaimsFault {
  readonly kind: "fault";
  readonly reason: "username_missing" | "username_invalid" | "email_unverified" | "claim_invalid" | "groups_overage";
  /** The path to the claim that is to blame, as a file writes it. */
  readonly claim: string;
  /** What is there, without its value. */
  readonly found: string;
  /** What an operator may do about it, where that is not plain from the reason. */
  readonly hint?: string;
}

/** The claims that the rules look at, in their order; two people with the same ones have the same profile. */
export function relevantClaims(rules: ClaimMapping, claims: JsonObject): readonly unknown[] {
  return rules.paths.map((path) => readClaim(claims, path));
}

/** Whether claims are the same as those in a list that {@link relevantClaims} made by the same rules. */
export function hasSameClaims(rules: ClaimMapping, claims: JsonObject, known: readonly unknown[]): boolean {
  const { paths } = rules;
  for (let index = 0; index < paths.length; index += 1) {
    if (!isSame(readClaim(claims, paths[index] ?? []), known[index])) return false;
  }
  return true;
}

/** Of values that come from JSON. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  const areObjects = typeof one === "object" && typeof other === "object";
  return areObjects && JSON.stringify(one) === JSON.stringify(other);
}

/** Turns claims into what the user shall be. Claims that are bad for their field make no user. */
export function readMappedClaims(rules: ClaimMapping, claims: JsonObject): MappedClaims | MappedClaimsFault {
  const { usernamePath } = rules;
  const written = usernamePath.length > 0 ? readClaim(claims, usernamePath) : undefined;
  if (written === undefined || written === null || written === "") {
    return fault("username_missing", usernamePath, whatIsAt(claims, usernamePath));
  }
  const username = readUsername(written);
  if (!username) return fault("username_invalid", usernamePath, describeText(written));
  // Whoever can write any address into an account would be whom they like.
  const isTrusted = usernamePath.at(-1) !== "email" || claims.email_verified === true || rules.allowsUnverifiedEmail;
  if (!isTrusted) return fault("email_unverified", verifiedEmail, whatIsAt(claims, verifiedEmail));
  const mapped = readFields(rules, claims);
  if (mapped.kind === "fault") return mapped;
  const { is_superuser: isClaimedSuperuser, ...fields } = mapped.fields;
  const overage = findOverage(rules, claims);
  if (overage && !rules.keepsOnOverage) return { kind: "fault", reason: "groups_overage", ...overage };
  const claimed = readGroups(rules.groupsPath && readClaim(claims, rules.groupsPath), rules.groupsForm);
  const groups = claimed.names.filter((name) => !rules.isReserved(name));
  return {
    kind: "profile",
    username,
    isCaseSensitive: rules.isCaseSensitive,
    fields: { ...fields, ...(rules.makesStaff && { is_staff: 1 }) },
    isSuperuser: isClaimedSuperuser === 1 || groups.some((name) => rules.superuserGroups.has(name)),
    groups: wantedGroups(rules, groups),
    isPartial: overage !== undefined,
    notes: [
      ...mapped.notes,
      ...(overage ? [{ kind: "groups_kept" as const, ...overage }] : groupNotes(rules, claims, claimed)),
    ],
  };
}

interface MappedFields {
  readonly kind: "fields";
  readonly fields: Partial<Record<MappableField, string | 0 | 1>>;
  readonly notes: readonly ClaimNote[];
}

function readFields(rules: ClaimMapping, claims: JsonObject): MappedFields | MappedClaimsFault {
  const fields: Partial<Record<MappableField, string | 0 | 1>> = {};
  const notes: ClaimNote[] = [];
  for (const { field, path } of rules.fields) {
    const claim = readClaim(claims, path);
    if (claim === undefined || claim === null) continue;
    const spec = mappableFields[field];
    if (spec.type === "text" && typeof claim === "string" && claim.length > spec.longest) {
      const found = `${claim.length} characters, of which \`${field}\` takes at most ${spec.longest}`;
      notes.push({ kind: "claim_ignored", claim: showPath(path), found });
      continue;
    }
    const value = spec.type === "text" ? readText(claim) : readFlag(claim);
    if (value === undefined) return fault("claim_invalid", path, describeText(claim));
    fields[field] = value;
  }
  return { kind: "fields", fields, notes };
}

const overageHint =
  "in Entra, give the token only `Groups assigned to the application`, or use app roles; or write `groups_settings.on_overage: keep`";

/** Whether the provider says that the person has groups, but not which: there are more than its answer holds. */
function findOverage(rules: ClaimMapping, claims: JsonObject): Omit<ClaimNote, "kind"> | undefined {
  const { groupsPath } = rules;
  const [root] = groupsPath ?? [];
  if (
    !groupsPath ||
    root === undefined ||
    readGroups(readClaim(claims, groupsPath), rules.groupsForm).names.length > 0
  ) {
    return undefined;
  }
  const isElsewhere = readClaim(claims, [claimNames, root]) !== undefined;
  const mark = readClaim(claims, hasGroups);
  // Entra writes a boolean, and libraries between make a text of it.
  const hasMark = root === "groups" && (mark === true || mark === "true");
  if (!isElsewhere && !hasMark) return undefined;
  const found = `${isElsewhere ? `\`${claimNames}\`` : "`hasgroups`"} in its place: more groups than the provider sends`;
  return { claim: showPath(groupsPath), found, hint: overageHint };
}

/** An empty list is an answer; a claim that is not there most likely is a mistake at the provider or in the path. */
function groupNotes({ groupsPath }: ClaimMapping, claims: JsonObject, { odd }: ClaimedGroups): readonly ClaimNote[] {
  if (!groupsPath) return [];
  const claim = showPath(groupsPath);
  if (odd) return [{ kind: "groups_claim_odd", claim, ...odd }];
  const value = readClaim(claims, groupsPath);
  return value === undefined || value === null
    ? [{ kind: "groups_claim_missing", claim, found: whatIsAt(claims, groupsPath) }]
    : [];
}

/** What lies at the end of a path, or where it ends on the way. */
function whatIsAt(claims: JsonObject, path: ClaimPath): string {
  const value = readClaim(claims, path);
  if (value !== undefined) return kindOf(value);
  const known = path.findIndex((_, index) => readClaim(claims, path.slice(0, index + 1)) === undefined);
  if (known < 1) return "nothing";
  return `${kindOf(readClaim(claims, path.slice(0, known)))} at ${showPath(path.slice(0, known))}, without the rest`;
}

function describeText(claim: unknown): string {
  if (typeof claim !== "string") return kindOf(claim);
  return isPrintable(claim) ? `a text of ${claim.length} characters` : "a text with characters that can't be shown";
}

function wantedGroups(rules: ClaimMapping, claimed: readonly string[]): readonly WantedGroup[] {
  const names = new Set([...claimed.filter(rules.fitsPattern), ...rules.defaultGroups]);
  return [...names].map((name) => ({ name, mayBeMade: rules.createsGroups }));
}

function fault(reason: MappedClaimsFault["reason"], path: ClaimPath, found: string): MappedClaimsFault {
  return { kind: "fault", reason, claim: showPath(path), found };
}
