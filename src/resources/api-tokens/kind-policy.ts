import { listSome } from "../../errors.js";
import type { CurrentResource, GuardContext, GuardResult, PlannedWorld, Refusal } from "../../plan/kind.js";
import { rangeOf } from "../../plan/resource.js";
import { type PolicedToken, readPolicedTokens, readPolicies } from "../../users/read-token-policies.js";
import {
  expiryMs,
  findEnding,
  findViolation,
  policiesFor,
  type TokenPolicy,
  type TokenTimes,
  violationText,
  warnBeforeMs,
} from "../../users/token-policy.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { apiToken, digestOf, policy } from "../kinds.js";

type DesiredToken = ReturnType<typeof apiToken.resourcesOf>[number];
type DesiredPolicy = ReturnType<typeof policy.resourcesOf>[number];

/** A token before and after a run; `before` is undefined for a new one. */
interface JudgedToken {
  readonly key: string;
  readonly owner: string | null;
  readonly before: PolicedToken | undefined;
  readonly times: TokenTimes;
  readonly activeMs: number;
  readonly isOn: boolean;
  readonly desired: DesiredToken | undefined;
}

/**
 * Holds tokens to the policies that are in force after the run: refuses entries that don't comply and policies that would end
 * tokens at once, and warns of what expires soon.
 */
export async function guardPolicies({ db, now }: GuardContext, world: PlannedWorld): Promise<GuardResult> {
  const before = db ? await readPolicies(db) : [];
  const after = policiesAfter(world, before, now);
  if (after.length === 0) return { refusals: [], diagnostics: [] };
  const policies = { before, after, nowMs: Date.parse(now), desired: world.desired(policy) };
  const tokens = tokensAfter(world, db ? await readPolicedTokens(db) : [], now);
  return {
    refusals: [...tokens.flatMap((token) => refuseViolation(token, after)), ...refuseEnding(tokens, policies)],
    diagnostics: warnOfExpiry(world, tokens, policies),
  };
}

function policiesAfter(world: PlannedWorld, before: readonly TokenPolicy[], now: string): readonly TokenPolicy[] {
  const declared = new Map(world.desired(policy).map((resource) => [resource.key, resource]));
  const stored = new Map(before.map((one) => [one.owner, one]));
  // One that goes to another owner keeps its first apply.
  const formerKeys = new Map(world.current(policy).map(({ key, previousKey = key }) => [key, previousKey]));
  return [...world.keys(policy)].sort().flatMap((owner): readonly TokenPolicy[] => {
    const desired = declared.get(owner);
    const known = stored.get(formerKeys.get(owner) ?? owner);
    if (!desired) return known ? [known] : [];
    return [policyOf(desired, known?.firstAppliedAt ?? now)];
  });
}

function policyOf({ key, attributes }: DesiredPolicy, firstAppliedAt: string): TokenPolicy {
  return {
    owner: key,
    requireExpiry: attributes.require_expiry ?? false,
    maxLifetimeSeconds: attributes.max_lifetime_seconds ?? null,
    warnBeforeSeconds: attributes.warn_before_seconds ?? null,
    unusedAfterSeconds: attributes.unused_after_seconds ?? null,
    firstAppliedAt,
  };
}

function tokensAfter(world: PlannedWorld, rows: readonly PolicedToken[], now: string): readonly JudgedToken[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const left = world.left(apiToken).flatMap(({ id, key, owner }): readonly JudgedToken[] => {
    const row = byId.get(id);
    if (!row) return [];
    return [{ key, owner, before: row, times: row, activeMs: row.activeMs, isOn: row.isOn, desired: undefined }];
  });
  const current = new Map(world.current(apiToken).map((row) => [row.key, row]));
  const desired = world
    .desired(apiToken)
    .filter(({ present }) => present)
    .map((resource) => desiredToken(resource, rowOf(resource, current, byId, rows), now));
  return [...desired, ...left];
}

/** The row that an entry is about: under its name, or under its value after a new name. */
function rowOf(
  { key, attributes }: DesiredToken,
  current: ReadonlyMap<string, CurrentResource>,
  byId: ReadonlyMap<string, PolicedToken>,
  rows: readonly PolicedToken[],
): PolicedToken | undefined {
  const found = current.get(key);
  if (found) return byId.get(found.id);
  const digest = digestOf(attributes.token);
  return digest === undefined ? undefined : rows.find((row) => row.digest === digest);
}

function desiredToken(desired: DesiredToken, before: PolicedToken | undefined, now: string): JudgedToken {
  const { key, owner, attributes } = desired;
  const digest = digestOf(attributes.token);
  const isNew =
    digest === undefined ? attributes.generated === true && !before?.isGenerated : digest !== before?.digest;
  const since = before && !isNew ? before.since : now;
  const { valid_from: validFrom = null, expires_at: expiresAt = null, enabled } = attributes;
  return {
    key,
    owner,
    before,
    times: { since, validFrom, expiresAt },
    activeMs: before && !isNew ? before.activeMs : Date.parse(now),
    isOn: isNew || (enabled !== false && before?.isOn !== false),
    desired,
  };
}

function refuseViolation(
  { key, owner, times, desired }: JudgedToken,
  after: readonly TokenPolicy[],
): readonly Refusal[] {
  // What a variable gives that is not set can't be judged.
  if (!desired || desired.unknown?.includes("expires_at")) return [];
  const violation = findViolation(policiesFor(owner, after), times);
  if (!violation) return [];
  const { message, hint } = violationText(violation);
  return [
    {
      reason: "invalid",
      code: "POLICY_VIOLATED",
      message: `api_token ${key} ${message}`,
      hint,
      range: rangeOf(desired, "expires_at"),
    },
  ];
}

interface Policies {
  readonly before: readonly TokenPolicy[];
  readonly after: readonly TokenPolicy[];
  readonly nowMs: number;
  readonly desired: readonly DesiredPolicy[];
}

/** Tokens that worked until now, and would not for a policy: one refusal for each policy. */
function refuseEnding(tokens: readonly JudgedToken[], policies: Policies): readonly Refusal[] {
  const endedBy = new Map<string, string[]>();
  for (const token of tokens) {
    const owner = endingPolicy(token, policies);
    if (owner !== undefined) endedBy.set(owner, [...(endedBy.get(owner) ?? []), token.key]);
  }
  return [...endedBy].map(([owner, keys]) => {
    const desired = policies.desired.find(({ key }) => key === owner);
    const count = keys.length === 1 ? "1 API token" : `${keys.length} API tokens`;
    return {
      reason: "refused",
      code: "POLICY_ENDS_TOKENS",
      message: `the policy of the owner ${owner} would end ${count} at once: ${listSome([...keys].sort())}`,
      hint: "give them new values first, or write longer times; --allow POLICY_ENDS_TOKENS ends them",
      ...(desired && { range: desired.range }),
    };
  });
}

function endingPolicy(token: JudgedToken, { before, after, nowMs }: Policies): string | undefined {
  const { before: row, owner, times, activeMs, isOn } = token;
  const isPast = ({ expiresAt }: TokenTimes) => expiresAt !== null && Date.parse(expiresAt) <= nowMs;
  if (!row?.isOn || !isOn || isPast(row) || isPast(times)) return undefined;
  if (findEnding(policiesFor(row.owner, before), row, nowMs)) return undefined;
  return findEnding(policiesFor(owner, after), { ...times, activeMs }, nowMs)?.owner;
}

/** Entries with their positions; what else these owners manage, or nobody, in one warning. */
function warnOfExpiry(
  world: PlannedWorld,
  tokens: readonly JudgedToken[],
  { after, nowMs }: Policies,
): readonly RawDiagnostic[] {
  const owners = new Set([...world.desired(policy), ...world.desired(apiToken)].map(({ owner }) => owner));
  const soon = tokens.filter(({ owner, times, isOn }) => {
    const policies = policiesFor(owner, after);
    const leftMs = expiryMs(policies, times) - nowMs;
    return isOn && leftMs > 0 && leftMs <= warnBeforeMs(policies) && (owner === null || owners.has(owner));
  });
  const declared = soon.flatMap(({ key, owner, times, desired }): readonly RawDiagnostic[] => {
    if (!desired) return [];
    const endMs = expiryMs(policiesFor(owner, after), times);
    const isWritten = times.expiresAt !== null && Date.parse(times.expiresAt) === endMs;
    const hint = isWritten
      ? "write a later time, or replace the token before"
      : "give it a new value: in its file, or with vtb-setup token rotate where that was generated";
    const message = `api_token ${key} expires ${inDays(endMs - nowMs)}${isWritten ? "" : ", by its policy's `max_lifetime`"}`;
    return [{ severity: "warning", code: "EXPIRES_SOON", message, hint, range: rangeOf(desired, "expires_at") }];
  });
  const others = soon.filter(({ desired }) => !desired).map(({ key }) => key);
  if (others.length === 0) return declared;
  const message = `${others.length === 1 ? "1 API token that is in no file expires" : `${others.length} API tokens that are in no file expire`} soon: ${listSome([...others].sort())}`;
  const hint = "vtb-setup token list shows when, and token rotate gives one a new value";
  return [...declared, { severity: "warning", code: "EXPIRES_SOON", message, hint }];
}

const dayMs = 86_400_000;

function inDays(leftMs: number): string {
  const days = Math.floor(leftMs / dayMs);
  if (days === 0) return "in less than a day";
  return days === 1 ? "in 1 day" : `in ${days} days`;
}
