import type { Origin } from "../database/tables.js";
import { apiToken, group as groupKind, oidcClient, user as userKind } from "../resources/kinds.js";
import type { ClaimedAccess, ClaimedRejection, ClaimedUser } from "./claimed-access.js";
import type { Cause } from "./compare.js";
import {
  hasPermission,
  isCurrent,
  isUserActive,
  type TokenState,
  tokenAccess,
  tokenState,
  userAccess,
} from "./effective.js";
import type { AccessFacts, GroupFacts, Membership, OwnPermission, TokenFacts, UserFacts } from "./facts.js";

/** Who is asked about: a user who signs in, an API token, or a person with certain claims through a client. */
export type WhyPrincipal =
  | { readonly kind: "user"; readonly user: UserFacts }
  | { readonly kind: "token"; readonly token: TokenFacts }
  | { readonly kind: "claims"; readonly claimed: ClaimedAccess };

/** Whether a principal has a permission, and everything that decides it. */
export interface Why {
  readonly isAllowed: boolean;
  readonly permission: string;
  /** Whom the principal acts for; undefined where the claims give no user. */
  readonly user: UserFacts | undefined;
  /** From the principal to what has the permission. */
  readonly links: readonly Link[];
}

/**
 * What a link does: it alone would give the permission, lets what others give pass, stops all of it, or would give the permission but
 * has no effect any more.
 */
export type LinkEffect = "gives" | "passes" | "stops" | "ended";

/** One thing that decides, and the entries that say so: of a group, the membership and then what the group gives. */
export type Link = { readonly effect: LinkEffect; readonly causes: readonly Cause[] } & (
  | { readonly kind: "acts_as"; readonly token: TokenFacts; readonly user: UserFacts }
  | { readonly kind: "token_state"; readonly token: TokenFacts; readonly state: TokenStop; readonly at?: string }
  | { readonly kind: "narrowing"; readonly token: TokenFacts; readonly names: readonly string[] }
  /** It depends on the request, and limits every permission alike. */
  | { readonly kind: "allowed_ips"; readonly token: TokenFacts; readonly ranges: readonly string[] }
  | { readonly kind: "rate_limit"; readonly token: TokenFacts; readonly rate: string }
  | { readonly kind: "claims"; readonly claimed: ClaimedUser }
  | { readonly kind: "claims_rejected"; readonly rejection: ClaimedRejection }
  | { readonly kind: "inactive"; readonly user: UserFacts; readonly by: "configuration" | "command" }
  | { readonly kind: "superuser"; readonly user: UserFacts; readonly byClaim: boolean }
  | { readonly kind: "own"; readonly user: UserFacts; readonly origin: Origin }
  | {
      readonly kind: "group";
      readonly user: UserFacts;
      readonly group: GroupFacts;
      readonly membership: Membership;
      readonly origin: Origin;
      /** Everyone through this client is a member. */
      readonly isDefault: boolean;
    }
  /** Nothing gives the user the permission. */
  | { readonly kind: "not_given"; readonly user: UserFacts; readonly givenBy: readonly string[] }
);

type TokenStop = Exclude<TokenState, "active" | "inactive_user">;

/**
 * Whether a principal has a permission, and why. The answer is that of {@link userAccess} and {@link tokenAccess}, which decide for
 * every other command; the links tell where it comes from.
 */
export function explainAccess(facts: AccessFacts, principal: WhyPrincipal, permission: string, nowMs: number): Why {
  switch (principal.kind) {
    case "user":
      return whyUser(facts, principal.user, permission, nowMs);
    case "token":
      return whyToken(facts, principal.token, permission, nowMs);
    case "claims":
      return whyClaims(principal.claimed, permission, nowMs);
  }
}

function whyUser(facts: AccessFacts, user: UserFacts, permission: string, nowMs: number): Why {
  const isAllowed = hasPermission(userAccess(facts, user, nowMs), permission);
  const entry: Cause = { kind: userKind.name, key: user.username, id: user.id };
  const links = [...inactiveLinks(user, entry), ...givingLinks(facts, { user, entry }, permission, nowMs)];
  return { isAllowed, permission, user, links };
}

function whyToken(facts: AccessFacts, token: TokenFacts, permission: string, nowMs: number): Why {
  const user = facts.users.get(token.userId);
  const access = tokenAccess(token, user, userAccess(facts, user, nowMs), nowMs);
  const isAllowed = hasPermission(access, permission);
  const entry: Cause = { kind: apiToken.name, key: token.identifier, id: token.id };
  const states = stopsOf(token, user, nowMs).map(
    ({ state, at, attribute }): Link => ({
      kind: "token_state",
      effect: "stops",
      token,
      state,
      ...(at !== undefined && { at }),
      causes: [{ ...entry, ...(attribute !== undefined && { attribute }) }],
    }),
  );
  if (!user) return { isAllowed, permission, user, links: states };
  // What a service user has, its token's entry declares.
  const holder = user.isService ? entry : { kind: userKind.name, key: user.username, id: user.id };
  const actsAs: readonly Link[] = user.isService
    ? []
    : [{ kind: "acts_as", effect: "passes", token, user, causes: [{ ...entry, attribute: "user" }] }];
  const given = givingLinks(facts, { user, entry: holder }, permission, nowMs);
  const links = [
    ...states,
    ...actsAs,
    ...restrictionLinks(token, entry),
    ...narrowingLinks(token, permission, entry),
    ...inactiveLinks(user, holder),
    ...given,
  ];
  return { isAllowed, permission, user, links };
}

function whyClaims(claimed: ClaimedAccess, permission: string, nowMs: number): Why {
  const { client } = claimed;
  const entry: Cause = { kind: oidcClient.name, key: client.identifier, id: client.id };
  if (claimed.kind === "rejected") {
    const attribute = claimed.reason === "client_disabled" ? "enabled" : "options";
    const causes = [{ ...entry, attribute }];
    const links: readonly Link[] = [{ kind: "claims_rejected", effect: "stops", rejection: claimed, causes }];
    return { isAllowed: false, permission, user: undefined, links };
  }
  const { user, facts, superuserBy } = claimed;
  const isAllowed = hasPermission(userAccess(facts, user, nowMs), permission);
  const holder: Cause = { kind: userKind.name, key: user.username, id: user.id };
  const given = givingLinks(facts, { user, entry: holder }, permission, nowMs, { claimed, entry });
  const signedIn: Link = { kind: "claims", effect: "passes", claimed, causes: [entry] };
  const isMade = superuserBy.length > 0;
  const links = [signedIn, ...inactiveLinks(user, holder), ...given].map((link) =>
    link.kind === "superuser" && isMade ? { ...link, causes: [{ ...entry, attribute: "options" }] } : link,
  );
  return { isAllowed, permission, user, links };
}

function inactiveLinks(user: UserFacts, entry: Cause): readonly Link[] {
  if (isUserActive(user)) return [];
  const inactive = { kind: "inactive", effect: "stops", user } as const;
  return [
    ...(user.isActive
      ? []
      : [{ ...inactive, by: "configuration" as const, causes: [{ ...entry, attribute: "is_active" }] }]),
    ...(user.isDeactivated
      ? [{ ...inactive, by: "command" as const, causes: [{ ...entry, attribute: "deactivated" }] }]
      : []),
  ];
}

interface Holder {
  readonly user: UserFacts;
  /** What declares the user's rights. */
  readonly entry: Cause;
}

interface Through {
  readonly claimed: ClaimedUser;
  /** The client's. */
  readonly entry: Cause;
}

/** What gives a user a permission, whether or not the user is active, or that nothing does. */
function givingLinks(
  { groups }: AccessFacts,
  { user, entry }: Holder,
  permission: string,
  nowMs: number,
  through?: Through,
): readonly Link[] {
  const given = (one: OwnPermission): boolean => one.permission === permission;
  const superuser = { kind: "superuser", effect: "gives", user, byClaim: user.isSuperuserByClaim } as const;
  const own = user.permissions.filter(given).map(({ origin }): Link => {
    const causes = [{ ...entry, attribute: "permissions", item: permission }];
    return { kind: "own", effect: "gives", user, origin, causes };
  });
  const ofGroups = user.memberships.flatMap((membership): readonly Link[] => {
    const group = groups.get(membership.groupId);
    if (!group) return [];
    const isDefault = membership.origin === "claim" && isDefaultGroup(through, group.name);
    const declared = membership.origin === "claim" && through ? { ...through.entry, attribute: "options" } : entry;
    const member = membership.origin === "claim" ? declared : { ...entry, attribute: "groups", item: group.name };
    const gives = { kind: groupKind.name, key: group.name, id: group.id, attribute: "permissions", item: permission };
    const effect = isCurrent(membership, nowMs) ? "gives" : "ended";
    return group.permissions.filter(given).map(({ origin }) => ({
      kind: "group",
      effect,
      user,
      group,
      membership,
      origin,
      isDefault,
      causes: [member, gives],
    }));
  });
  const links: readonly Link[] = [
    ...(user.isSuperuser ? [{ ...superuser, causes: [{ ...entry, attribute: "is_superuser" }] }] : []),
    ...own,
    ...ofGroups,
  ];
  if (links.some(({ effect }) => effect === "gives")) return links;
  const givenBy = [...groups.values()].filter(({ permissions }) => permissions.some(given)).map(({ name }) => name);
  return [...links, { kind: "not_given", effect: "stops", user, givenBy: givenBy.sort(), causes: [entry] }];
}

function isDefaultGroup(through: Through | undefined, name: string): boolean {
  return through?.claimed.client.mapping.defaultGroups.includes(name) === true;
}

function restrictionLinks(token: TokenFacts, entry: Cause): readonly Link[] {
  const { allowedIps: ranges, rateLimit: rate } = token;
  const restricts = (attribute: string) => ({ effect: "passes", token, causes: [{ ...entry, attribute }] }) as const;
  return [
    ...(ranges === null ? [] : [{ kind: "allowed_ips", ranges, ...restricts("allowed_ips") } as const]),
    ...(rate === null ? [] : [{ kind: "rate_limit", rate, ...restricts("rate_limit") } as const]),
  ];
}

function narrowingLinks(token: TokenFacts, permission: string, entry: Cause): readonly Link[] {
  const { narrowedTo: names } = token;
  if (names === null) return [];
  const isNamed = names.includes(permission);
  const cause = { ...entry, attribute: "permissions", ...(isNamed && { item: permission }) };
  return [{ kind: "narrowing", effect: isNamed ? "passes" : "stops", token, names, causes: [cause] }];
}

interface StopDetails {
  readonly state: TokenStop;
  readonly at?: string;
  readonly attribute?: string;
}

/** Everything that stops a token, in the order of the verifier's checks: each is found again without those before. */
function stopsOf(token: TokenFacts, user: UserFacts | undefined, nowMs: number): readonly StopDetails[] {
  const stops: StopDetails[] = [];
  let left = token;
  for (;;) {
    const state = tokenState(left, user, nowMs);
    if (state === "active" || state === "inactive_user") return stops;
    stops.push(detailsOf(left, state));
    left = without(left, state);
  }
}

function detailsOf({ expiresAt, validFrom, isEnabled, policyEndMs }: TokenFacts, state: TokenStop): StopDetails {
  switch (state) {
    case "revoked":
      return { state, attribute: "revoked" };
    case "disabled":
      return { state, attribute: isEnabled ? "disabled" : "enabled" };
    case "expired":
      return { state, attribute: "expires_at", ...(expiresAt !== null && { at: expiresAt }) };
    case "not_yet_valid":
      return { state, attribute: "valid_from", ...(validFrom !== null && { at: validFrom }) };
    case "ended_by_policy":
      return { state, ...(Number.isFinite(policyEndMs) && { at: new Date(policyEndMs).toISOString() }) };
  }
}

function without(token: TokenFacts, state: TokenStop): TokenFacts {
  switch (state) {
    case "revoked":
      return { ...token, isRevoked: false };
    case "disabled":
      return { ...token, isEnabled: true, isDisabled: false };
    case "expired":
      return { ...token, expiresAt: null };
    case "not_yet_valid":
      return { ...token, validFrom: null };
    case "ended_by_policy":
      return { ...token, policyEndMs: Number.POSITIVE_INFINITY };
  }
}
