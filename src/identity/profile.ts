import type { JsonObject } from "../jwt/json-object.js";
import { readClaim } from "./claim-path.js";
import { readFlag, readGroups, readText } from "./claim-values.js";
import { type MappableField, mappableFields, type UserRules } from "./rules.js";
import { readUsername, type Username } from "./username.js";

/** What a user shall be by the claims. */
export interface Profile {
  readonly kind: "profile";
  readonly username: Username;
  readonly isCaseSensitive: boolean;
  /** Fields that claims fill; those that are not here stay as they are. */
  readonly fields: Readonly<Partial<Record<ProfileField, string | 0 | 1>>>;
  readonly isSuperuser: boolean;
  readonly groups: readonly WantedGroup[];
  /** A groups claim that can't name groups counts as empty. */
  readonly hasOddGroups: boolean;
}

type ProfileField = Exclude<MappableField, "is_superuser">;

interface WantedGroup {
  readonly name: string;
  /** Whether it is made where there is none of this name. */
  readonly mayBeMade: boolean;
}

/** Why claims make no user, in a word. */
export interface ProfileFault {
  readonly kind: "fault";
  readonly reason: "username_missing" | "username_invalid" | "email_unverified" | "claim_invalid";
}

/** The claims that the rules look at, in their order; two people with the same ones have the same profile. */
export function relevantClaims(rules: UserRules, claims: JsonObject): readonly unknown[] {
  return rules.paths.map((path) => readClaim(claims, path));
}

/** Whether claims are the same as those in a list that {@link relevantClaims} made by the same rules. */
export function hasSameClaims(rules: UserRules, claims: JsonObject, known: readonly unknown[]): boolean {
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
export function readProfile(rules: UserRules, claims: JsonObject): Profile | ProfileFault {
  const { usernamePath } = rules;
  const written = usernamePath.length > 0 ? readClaim(claims, usernamePath) : undefined;
  if (written === undefined || written === null || written === "") return fault("username_missing");
  const username = readUsername(written);
  if (!username) return fault("username_invalid");
  // Whoever can write any address into an account would be whom they like.
  const isTrusted = usernamePath.at(-1) !== "email" || claims.email_verified === true || rules.allowsUnverifiedEmail;
  if (!isTrusted) return fault("email_unverified");
  const mapped = readFields(rules, claims);
  if (!mapped) return fault("claim_invalid");
  const { is_superuser: isClaimedSuperuser, ...fields } = mapped;
  const claimed = readGroups(rules.groupsPath && readClaim(claims, rules.groupsPath));
  const groups = claimed.names.filter((name) => !rules.isReserved(name));
  return {
    kind: "profile",
    username,
    isCaseSensitive: rules.isCaseSensitive,
    fields: { ...fields, ...(rules.makesStaff && { is_staff: 1 }) },
    isSuperuser: isClaimedSuperuser === 1 || groups.some((name) => rules.superuserGroups.has(name)),
    groups: wantedGroups(rules, groups),
    hasOddGroups: !claimed.isSound,
  };
}

function readFields(rules: UserRules, claims: JsonObject): Partial<Record<MappableField, string | 0 | 1>> | undefined {
  const fields: Partial<Record<MappableField, string | 0 | 1>> = {};
  for (const { field, path } of rules.fields) {
    const claim = readClaim(claims, path);
    if (claim === undefined || claim === null) continue;
    const spec = mappableFields[field];
    const value = spec.type === "text" ? readText(claim, spec.longest) : readFlag(claim);
    if (value === undefined) return undefined;
    fields[field] = value;
  }
  return fields;
}

function wantedGroups(rules: UserRules, claimed: readonly string[]): readonly WantedGroup[] {
  const names = new Set([...claimed.filter(rules.fitsPattern), ...rules.defaultGroups]);
  return [...names].map((name) => ({ name, mayBeMade: rules.createsGroups }));
}

function fault(reason: ProfileFault["reason"]): ProfileFault {
  return { kind: "fault", reason };
}
