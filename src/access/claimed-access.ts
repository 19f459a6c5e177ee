import type { JsonObject } from "../oidc/jwt/json-object.js";
import { changeUser, type UserChange } from "../users/change-user.js";
import { kindOf, readClaim, readGroups, showPath } from "../users/claim-values.js";
import { type ExternalIdentity, readExternalIdentity } from "../users/external-identity.js";
import { type FoundUser, findUserIn, type UserRejection, type UserSource } from "../users/find-user.js";
import { type ClaimNote, type MappedClaims, type MappedClaimsRejection, mapClaims } from "../users/map-claims.js";
import type { Claimant } from "./claims.js";
import type { AccessFacts, ClientFacts, Membership, ProviderFacts, UserFacts } from "./facts.js";

/** What a sign-in or a bearer token with certain claims makes of a user. */
export type ClaimedAccess = ClaimedUser | ClaimedRejection;

export interface ClaimedUser {
  readonly kind: "user";
  readonly client: ClientFacts;
  /** As it is afterwards. */
  readonly user: UserFacts;
  /** With that user. */
  readonly facts: AccessFacts;
  /** How the claims get this user: `assumed` where they have no `sub`, and so are taken for those of the person whose user it is. */
  readonly account: "new" | "linked" | "linked_now" | "assumed";
  /** The names of groups that are created for the claims. They have no permissions yet. */
  readonly createdGroups: readonly string[];
  /** What in the claims makes a superuser. */
  readonly superuserBy: readonly Exclude<Claimant, { readonly kind: "everyone" }>[];
  /** Claims that are missing or unexpected. */
  readonly notes: readonly ClaimNote[];
}

/** Why claims give nothing. */
export interface ClaimedRejection extends Pick<MappedClaimsRejection, "hint"> {
  readonly kind: "rejected";
  readonly client: ClientFacts;
  readonly reason:
    | "client_disabled"
    | "no_provider"
    | "wrong_issuer"
    | "subject_invalid"
    | MappedClaimsRejection["reason"]
    | UserRejection["reason"];
  /** The path to the invalid claim, as written in a file. */
  readonly claim?: string;
  /** The type of the actual value, never the value. */
  readonly found?: string;
  /** The username that the claims have, where they have one. */
  readonly username?: string;
}

/**
 * What claims that their provider vouches for give through a client, by the rules of sign-ins and bearer tokens. Nothing is written.
 * `iss` and `sub` may be left out: then the claims are those of the client's provider, and of the person whose user has their username.
 *
 * @param known whom the claims are about, where that was verified
 */
export async function claimedAccess(
  facts: AccessFacts,
  client: ClientFacts,
  claims: JsonObject,
  known?: ExternalIdentity,
): Promise<ClaimedAccess> {
  const provider = facts.providers.get(client.providerId);
  const reject = (reason: ClaimedRejection["reason"], details?: Partial<ClaimedRejection>): ClaimedRejection => ({
    kind: "rejected",
    client,
    reason,
    ...details,
  });
  if (!client.isEnabled) return reject("client_disabled");
  if (!provider) return reject("no_provider");
  const { iss, sub } = claims;
  if (!known && iss !== undefined && (typeof iss !== "string" || (provider.issuer ?? iss) !== iss)) {
    return reject("wrong_issuer", { claim: "iss", found: typeof iss === "string" ? "another issuer" : kindOf(iss) });
  }
  const issuer = provider.issuer ?? (typeof iss === "string" ? iss : "");
  const said = known ?? readExternalIdentity(issuer, claims);
  if (!said && sub !== undefined) return reject("subject_invalid", { claim: "sub", found: kindOf(sub) });
  const mapped = mapClaims(client.mapping, claims);
  if (mapped.kind === "rejected") {
    const { kind: _, ...details } = mapped;
    return reject(mapped.reason, details);
  }
  const identity = said ?? assumeIdentity(facts, mapped, issuer);
  const found = await findUserIn(usersAmong(facts), identity, mapped, client.providerId);
  if (found.kind === "rejected") return reject(found.reason, { username: mapped.username.name });
  const before = found.kind === "none" ? undefined : found.user;
  // Claims that were applied before a link ended are another identity's.
  const own = found.kind === "linked" ? mapped : { ...mapped, isPartial: false };
  const change = changeUser(before && flagsOf(before), groupsOf(facts, before, own), identity, own);
  const user = changed(before ?? newUser(mapped.username.name), change);
  return {
    kind: "user",
    client,
    user,
    facts: { ...facts, users: new Map(facts.users).set(user.id, user) },
    account: !said && before ? "assumed" : accountOf(found),
    createdGroups: change?.create ?? [],
    superuserBy: superuserClaims(client, claims),
    notes: mapped.notes,
  };
}

function accountOf({ kind }: FoundUser<UserFacts>): ClaimedUser["account"] {
  return kind === "none" ? "new" : kind === "linked" ? "linked" : "linked_now";
}

/** The person whose user has the username: who signs in as it so far, or may; a new person otherwise. */
function assumeIdentity({ users }: AccessFacts, mapped: MappedClaims, issuer: string): ExternalIdentity {
  const [user, other] = [...users.values()].filter((one) => isNamed(one, mapped.username.name, mapped.isCaseSensitive));
  const known = other ? undefined : (user?.link ?? user?.signIn);
  const assumed = known && "issuer" in known ? known.issuer : null;
  return { issuer: issuer === "" ? (assumed ?? "") : issuer, subject: known?.subject ?? "", isClient: false };
}

function isNamed({ username }: UserFacts, name: string, isCaseSensitive: boolean): boolean {
  return isCaseSensitive ? username === name : username.toLowerCase() === name.toLowerCase();
}

/** The same users as in the database, by the same rules. */
function usersAmong({ users, providers, clients }: AccessFacts): UserSource<UserFacts> {
  const all = [...users.values()];
  const enabled = new Set([...clients.values()].flatMap((client) => (client.isEnabled ? client.providerId : [])));
  return {
    providers: () =>
      [...providers.values()].map((provider: ProviderFacts) => ({ ...provider, hasClient: enabled.has(provider.id) })),
    linked: (subject, issuers) =>
      all.filter(({ link }) => link?.issuer != null && link.subject === subject && issuers.includes(link.issuer)),
    awaiting: (subject, providerIds) =>
      all.filter(({ signIn }) => signIn?.subject === subject && providerIds.includes(signIn.providerId)),
    named: (name, isCaseSensitive) => all.filter((user) => isNamed(user, name, isCaseSensitive)),
    privileged: () => all.flatMap((user) => (user.isSuperuser || user.isStaff ? user.username : [])),
    candidateOf: (user) => ({
      ...user,
      issuer: user.link?.issuer ?? null,
      subject: user.link?.subject ?? null,
      signInProviderId: user.signIn?.providerId ?? null,
      signInSubject: user.signIn?.subject ?? null,
    }),
  };
}

function flagsOf({ isActive, isDeactivated, isStaff, isSuperuser, isSuperuserByClaim }: UserFacts) {
  return {
    is_active: flag(isActive),
    deactivated_at: isDeactivated ? "" : null,
    is_staff: flag(isStaff),
    is_superuser: flag(isSuperuser),
    claim_superuser: flag(isSuperuserByClaim),
  };
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

function groupsOf({ groups }: AccessFacts, user: UserFacts | undefined, mapped: MappedClaims) {
  const desired = new Set(mapped.groups.map(({ name }) => name));
  const existing = [...groups.values()].filter(({ name }) => desired.has(name));
  const claimed = (user?.memberships ?? []).flatMap(({ groupId, origin }) =>
    origin === "claim" ? (groups.get(groupId) ?? []) : [],
  );
  const byName = (found: typeof existing) => new Map(found.map(({ id, name }) => [name, id]));
  return { existing: byName(existing), claimed: byName(claimed) };
}

function changed(user: UserFacts, change: UserChange | undefined): UserFacts {
  if (!change) return user;
  const { fields, join, leave } = change;
  const flagged = (name: string, otherwise: boolean) => (name in fields ? fields[name] === 1 : otherwise);
  const stays = ({ origin, groupId }: Membership) => origin !== "claim" || !leave.includes(groupId);
  const joined = join.map((groupId): Membership => ({ groupId, origin: "claim", until: null }));
  return {
    ...user,
    isActive: flagged("is_active", user.isActive),
    isStaff: flagged("is_staff", user.isStaff),
    isSuperuser: flagged("is_superuser", user.isSuperuser),
    isSuperuserByClaim: flagged("claim_superuser", user.isSuperuserByClaim),
    memberships: [...user.memberships.filter(stays), ...joined],
  };
}

/** A user that does not exist yet. */
export function newUser(username: string): UserFacts {
  return {
    id: "",
    username,
    isService: false,
    isActive: true,
    isDeactivated: false,
    isStaff: false,
    isSuperuser: false,
    isSuperuserByClaim: false,
    hasPassword: false,
    isPersonal: false,
    link: null,
    signIn: null,
    permissions: [],
    memberships: [],
  };
}

function superuserClaims({ mapping }: ClientFacts, claims: JsonObject): ClaimedUser["superuserBy"] {
  const { groupsPath, groupsForm, superuserGroups, fields } = mapping;
  const { names } = readGroups(groupsPath && readClaim(claims, groupsPath), groupsForm);
  const isTrue = fields.filter(({ field, path }) => field === "is_superuser" && readClaim(claims, path) === true);
  return [
    ...names.flatMap((name) => (superuserGroups.has(name) ? { kind: "group" as const, name } : [])),
    ...isTrue.map(({ path }) => ({ kind: "claim" as const, path: showPath(path) })),
  ];
}
