import type { Transaction } from "kysely";
import { type Access, hasPermission, userAccess } from "../access/effective.js";
import type { AccessFacts, TokenFacts } from "../access/facts.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { SetupError } from "../errors.js";
import { apiToken } from "../resources/kinds.js";
import type { Secret } from "../secrets/secret.js";
import { changeAs, type Demand } from "./authorize.js";
import { contactOf, createServiceToken, createTokenFor } from "./create-token.js";
import { switchTokens } from "./disable-tokens.js";
import { type CreateTokenOutcome, type NewToken, refusal, type TokenError, type TokenRefusal } from "./outcome.js";
import type { Forbidden, Person } from "./person.js";
import type { EntriesChanged, RecordOptions, UnknownNames } from "./record.js";
import { type RevocationReason, revokeTokens } from "./revoke-tokens.js";
import { type InFile, rotateToken } from "./rotate-token.js";

/** A person's request for a token. Omitted texts are empty; the contact defaults to the token's user, or else the person. */
export interface TokenRequest
  extends Omit<
    NewToken,
    "userId" | "actor" | "actorUserId" | "claimedActor" | "contactPerson" | "email" | "permissions"
  > {
  /** `service_user`: its own user, named after the token. */
  readonly for: { readonly kind: "self" | "service_user" } | { readonly kind: "user"; readonly username: string };
  /** `all`: everything that its user may, also later. */
  readonly permissions: readonly string[] | "all";
  readonly contactPerson?: string | undefined;
  readonly email?: string | undefined;
}

/** Creates a token, inside a transaction that holds the lock; a person gives it only permissions that the person has. */
export function createTokenAs(
  tx: Transaction<Tables>,
  person: Person,
  { for: whose, permissions, ...requested }: TokenRequest,
  options: RecordOptions,
): Promise<LockedResult<CreateTokenOutcome | Forbidden>> {
  const usernameIn = (facts: AccessFacts) => (whose.kind === "user" ? whose.username : selfIn(facts, person)?.username);
  const demand = (facts: AccessFacts): Demand => {
    if (whose.kind === "service_user") return { right: "change_tokens", fresh: true };
    const user = [...facts.users.values()].find(({ username }) => username === usernameIn(facts));
    if (user !== undefined && user.id === selfIn(facts, person)?.id) return { right: "own" };
    return { right: "change_tokens", fresh: true, users: user ? [user.id] : [] };
  };
  return changeAs(tx, person, demand, options, async (actor, facts): Promise<LockedResult<CreateTokenOutcome>> => {
    const self = selfIn(facts, person);
    const own = userAccess(facts, self, options.now());
    const username = usernameIn(facts) ?? "";
    const error = checkGiven(own, permissions, {
      isService: whose.kind === "service_user",
      isOwn: username === self?.username,
    });
    if (error) return { commit: false, value: refusal([error]) };
    const given = permissions === "all" ? undefined : permissions;
    if (whose.kind !== "service_user") {
      return createTokenFor(tx, { ...requested, ...actor, username, permissions: given }, options);
    }
    const contact = await contactOf(tx, self?.id ?? "");
    const { contactPerson = contact.name, email = contact.email } = requested;
    return createServiceToken(tx, { ...requested, ...actor, contactPerson, email, permissions: given ?? [] }, options);
  });
}

function selfIn(facts: AccessFacts, person: Person) {
  return person.kind === "user" ? facts.users.get(person.userId) : undefined;
}

function checkGiven(
  own: Access,
  permissions: TokenRequest["permissions"],
  { isService, isOwn }: { readonly isService: boolean; readonly isOwn: boolean },
): TokenError | undefined {
  if (permissions === "all") {
    if (!isService && (isOwn || own.isSuperuser)) return undefined;
    const message = isService
      ? "a service user has the permissions that are named"
      : "expected permissions by name: only superusers give others everything that they may";
    return { code: "all_not_allowed", field: "permissions", message };
  }
  if (permissions.every((permission) => hasPermission(own, permission))) return undefined;
  return { code: "permission_not_held", field: "permissions", message: "expected only permissions that you have" };
}

/** How long a replaced value may go on working, in seconds: not at all, a day, or a week. */
export const overlapSeconds = [0, 86_400, 604_800] as const;

export type OverlapSeconds = (typeof overlapSeconds)[number];

export interface RotatedToken {
  readonly kind: "rotated";
  readonly identifier: string;
  /** Show it now: only its digest is stored. */
  readonly token: Secret;
  readonly runId: string;
}

/** Gives a token a new value, inside a transaction that holds the lock. */
export function rotateTokenAs(
  tx: Transaction<Tables>,
  person: Person,
  { identifier, overlap }: { readonly identifier: string; readonly overlap: OverlapSeconds },
  options: RecordOptions,
): Promise<LockedResult<RotatedToken | TokenRefusal | Forbidden>> {
  const demand = demandFor(person, [identifier], { right: "change_tokens", fresh: true });
  return changeAs(
    tx,
    person,
    demand,
    options,
    async (actor, facts): Promise<LockedResult<RotatedToken | TokenRefusal | Forbidden>> => {
      if (!overlapSeconds.includes(overlap)) {
        const message = "expected no overlap, a day or a week";
        return { commit: false, value: refusal([{ code: "invalid_value", field: "overlap", message }]) };
      }
      const self = selfIn(facts, person);
      const all = tokensIn(facts, [identifier]).some((token) => {
        const holder = facts.users.get(token.userId);
        return token.narrowedTo === null && !holder?.isService && holder?.id !== self?.id;
      });
      if (all && !self?.isSuperuser) {
        const message =
          "this token may everything that its user may, also later: only its user or a superuser can rotate it";
        return { commit: false, value: refusal([{ code: "all_not_allowed", field: "identifier", message }]) };
      }
      const done = await withPolicies(() => rotateToken(tx, identifier, { graceSeconds: overlap, ...actor }, options));
      const { value } = done;
      if (value.kind !== "changed") return { commit: false, value: refusalOf(value) };
      return { commit: true, value: { kind: "rotated", identifier, token: value.generated.value, runId: value.runId } };
    },
  );
}

export interface RevokeRequest {
  readonly identifiers: readonly string[];
  readonly reason: RevocationReason;
}

/** Revokes tokens with all their values, inside a transaction that holds the lock: also those that a file manages. */
export function revokeTokensAs(
  tx: Transaction<Tables>,
  person: Person,
  { identifiers, reason }: RevokeRequest,
  options: RecordOptions,
): Promise<LockedResult<EntriesChanged | TokenRefusal | Forbidden>> {
  const demand = demandFor(person, identifiers, { right: "revoke_tokens" });
  return changeAs(tx, person, demand, options, async (actor) => {
    const { commit, value } = await revokeTokens(tx, identifiers, { reason, ...actor }, options);
    return { commit, value: value.kind === "changed" ? value : refusalOf(value) };
  });
}

/**
 * Disables tokens, also those that a file manages, or enables them again, inside a transaction that holds the lock. Who disabled a
 * token may have had a reason, so that its user can't enable it with that alone.
 */
export function switchTokensAs(
  tx: Transaction<Tables>,
  person: Person,
  { identifiers, enabled }: { readonly identifiers: readonly string[]; readonly enabled: boolean },
  options: RecordOptions,
): Promise<LockedResult<EntriesChanged | TokenRefusal | Forbidden>> {
  const disabling = demandFor(person, identifiers, { right: "revoke_tokens" });
  const enabling = (facts: AccessFacts): Demand => ({
    right: "change_tokens",
    users: tokensIn(facts, identifiers).map(({ userId }) => userId),
  });
  return changeAs(tx, person, enabled ? enabling : disabling, options, async (actor) => {
    const { commit, value } = await withPolicies(() => switchTokens(tx, identifiers, enabled, actor, options));
    return { commit, value: value.kind === "changed" ? value : refusalOf(value) };
  });
}

function tokensIn(facts: AccessFacts, identifiers: readonly string[]): readonly TokenFacts[] {
  const names = new Set(identifiers);
  return [...facts.tokens.values()].filter(({ identifier }) => names.has(identifier));
}

/** What it needs to do something to tokens: for a person's own ones, to be signed in. */
function demandFor(
  person: Person,
  identifiers: readonly string[],
  needed: Pick<Demand, "right" | "fresh">,
): (facts: AccessFacts) => Demand {
  return (facts) => {
    const tokens = tokensIn(facts, identifiers);
    const isOwn = ({ userId }: TokenFacts) => person.kind === "user" && userId === person.userId;
    if (tokens.length > 0 && tokens.length === new Set(identifiers).size && tokens.every(isOwn))
      return { right: "own" };
    return { ...needed, users: tokens.map(({ userId }) => userId) };
  };
}

/** A command shows what policies refuse; a page needs it as an outcome. */
async function withPolicies<T>(work: () => Promise<LockedResult<T>>): Promise<LockedResult<T | TokenRefusal>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SetupError) || error.diagnostics.some(({ code }) => code !== "POLICY_VIOLATED")) throw error;
    const errors = error.diagnostics.map(({ message }) => ({ code: "policy_violated" as const, message }));
    return { commit: false, value: refusal(errors) };
  }
}

function refusalOf(value: UnknownNames | InFile | TokenRefusal): TokenRefusal | Forbidden {
  if (value.kind === "refused") return refusal(value.errors);
  if (value.kind === "unknown_names") {
    return refusal([{ code: "not_found", field: "identifier", message: "there is no token with that identifier" }]);
  }
  const { kind: _, key, ...managed } = value;
  return { kind: "forbidden", reason: "managed_by_file", entries: [{ kind: apiToken.name, key }], ...managed };
}
