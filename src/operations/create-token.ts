import type { Selectable, Transaction } from "kysely";
import { type Connection, chunk } from "../database/database.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { insertTokens, insertUsers } from "../database/write-rows.js";
import { digestToken, generateToken } from "../secrets/token.js";
import { hasHiddenCharacters, isEmail, isPermission, slugPattern } from "../users/names.js";
import { isActiveUser, isCurrentMembership } from "../users/principal.js";
import { readPolicies } from "../users/read-token-policies.js";
import { findViolation, policiesFor, violationText } from "../users/token-policy.js";
import { canonicalRanges, expectedRate, maxRanges, parseAddressRange, parseRate } from "../users/token-restrictions.js";
import { type CreateTokenOutcome, type NewToken, refusal, type TokenError, type TokenField } from "./outcome.js";
import { type RecordOptions, recordChanges } from "./record.js";

/** Creates a token inside a transaction that holds the lock. Only its digest is stored. */
export async function createToken(
  tx: Transaction<Tables>,
  requested: NewToken,
  options: RecordOptions,
): Promise<LockedResult<CreateTokenOutcome>> {
  const now = new Date(options.now()).toISOString();
  const errors = [
    ...checkNewToken(requested, options.now()),
    ...(await checkUser(tx, requested, now)),
    ...(await checkPolicies(tx, requested, options.now())),
  ];
  if (errors.length > 0) return { commit: false, value: refusal(errors) };
  return insertToken(tx, requested, [{ name: "user", before: null, after: requested.userId }], options);
}

/** A request for a token that has its own user, named after it. */
interface ServiceToken extends Omit<NewToken, "userId" | "permissions"> {
  /** Those of that user. */
  readonly permissions: readonly string[];
}

/** Creates a token with a user that exists for it alone, inside a transaction that holds the lock. */
export async function createServiceToken(
  tx: Transaction<Tables>,
  { permissions, ...requested }: ServiceToken,
  options: RecordOptions,
): Promise<LockedResult<CreateTokenOutcome>> {
  const userId = options.newId();
  const errors = [
    ...checkNewToken({ ...requested, userId, permissions }, options.now()),
    ...(await checkPolicies(tx, { ...requested, userId }, options.now())),
  ];
  if (errors.length > 0) return { commit: false, value: refusal(errors) };
  const { identifier: username } = requested;
  // It must not become, or be mistaken for, an existing user (RFC 9700 §4.15).
  const namesake = await tx.selectFrom("users").select("id").where("username", "=", username).executeTakeFirst();
  if (namesake) return { commit: false, value: { kind: "taken" } };
  const given = [...new Set(permissions)].sort();
  await insertUsers(tx, new Date(options.now()).toISOString(), [{ id: userId, owner: null, username, is_service: 1 }]);
  const rows = given.map((permission) => ({ user_id: userId, permission, origin: "config" as const }));
  for (const batch of chunk(rows, 500)) await tx.insertInto("user_permissions").values(batch).execute();
  const fields = given.length === 0 ? [] : [{ name: "permissions", before: null, after: given }];
  return insertToken(tx, { ...requested, userId }, fields, options);
}

/** @param fields that the journal has first */
async function insertToken(
  tx: Transaction<Tables>,
  requested: NewToken,
  fields: readonly object[],
  options: RecordOptions,
): Promise<LockedResult<CreateTokenOutcome>> {
  const { identifier } = requested;
  const taken = await tx.selectFrom("api_tokens").select("id").where("identifier", "=", identifier).executeTakeFirst();
  if (taken) return { commit: false, value: { kind: "taken" } };
  const token = generateToken();
  const row = { id: options.newId(), digest: digestToken(token), ...columnsOf(requested) };
  await insertTokens(tx, new Date(options.now()).toISOString(), [row]);
  const {
    valid_from: validFrom,
    expires_at: expiresAt,
    permissions,
    allowed_ips: allowedIps,
    rate_limit: rateLimit,
  } = row;
  const recorded = [
    ...fields,
    { name: "token", sensitive: true },
    ...(validFrom === null ? [] : [{ name: "valid_from", before: null, after: validFrom }]),
    ...(expiresAt === null ? [] : [{ name: "expires_at", before: null, after: expiresAt }]),
    ...(permissions === null ? [] : [{ name: "permissions", before: null, after: JSON.parse(permissions) }]),
    ...(allowedIps === null ? [] : [{ name: "allowed_ips", before: null, after: JSON.parse(allowedIps) }]),
    ...(rateLimit === null ? [] : [{ name: "rate_limit", before: null, after: rateLimit }]),
  ];
  const change = { action: "create", kind: "api_token", key: identifier, id: row.id, fields: recorded } as const;
  const runId = await recordChanges(tx, requested, [change], options);
  return { commit: true, value: { kind: "created", identifier, token, runId } };
}

/** A request for a token by an operator, who knows the user by name. The contact defaults to that user. */
interface TokenFor extends Omit<NewToken, "userId" | "contactPerson" | "email"> {
  readonly username: string;
  readonly contactPerson?: string | undefined;
  readonly email?: string | undefined;
}

/** Creates a token for the user with this name, inside a transaction that holds the lock. */
export async function createTokenFor(
  tx: Transaction<Tables>,
  { username, ...requested }: TokenFor,
  options: RecordOptions,
): Promise<LockedResult<CreateTokenOutcome>> {
  const query = tx
    .selectFrom("users")
    .select(["id", ...contactColumns])
    .where("username", "=", username);
  const user = await query.executeTakeFirst();
  if (!user) {
    const error = { code: "user_not_active", field: "username", message: "there is no user with this name" } as const;
    return { commit: false, value: refusal([error]) };
  }
  const contact = toContact(user);
  const { contactPerson = contact.name, email = contact.email } = requested;
  return createToken(tx, { ...requested, userId: user.id, contactPerson, email }, options);
}

interface Contact {
  readonly name: string;
  readonly email: string;
}

/** Whom a token of a user names as its contact, unless its request names another. */
export async function contactOf(db: Connection, userId: string): Promise<Contact> {
  const query = db.selectFrom("users").select(contactColumns).where("id", "=", userId);
  return toContact(await query.executeTakeFirstOrThrow());
}

const contactColumns = ["username", "first_name", "last_name", "email"] as const;

function toContact(user: Pick<Selectable<Tables["users"]>, (typeof contactColumns)[number]>): Contact {
  return { name: `${user.first_name} ${user.last_name}`.trim() || user.username, email: user.email };
}

/** What no configuration manages must comply with the policies of all owners. */
async function checkPolicies(
  tx: Transaction<Tables>,
  { validFrom, expiresAt }: NewToken,
  nowMs: number,
): Promise<readonly TokenError[]> {
  const policies = policiesFor(null, await readPolicies(tx));
  if (policies.length === 0) return [];
  const isoOf = (time: Date | undefined) => (time && time.getTime() <= latestMs ? time.toISOString() : null);
  const times = { since: new Date(nowMs).toISOString(), validFrom: isoOf(validFrom), expiresAt: isoOf(expiresAt) };
  const violation = findViolation(policies, times);
  if (!violation) return [];
  const { message, hint } = violationText(violation);
  return [{ code: "policy_violated", field: "expiresAt", message: `the token ${message}: ${hint}` }];
}

/** Checks that the user can have a token, and has the permissions that the token asks for. */
async function checkUser(tx: Transaction<Tables>, requested: NewToken, now: string): Promise<readonly TokenError[]> {
  const user = await tx
    .selectFrom("users")
    .select([isActiveUser().as("is_active"), "is_service", "is_superuser"])
    .where("id", "=", requested.userId)
    .executeTakeFirst();
  // A service user exists for one token only.
  if (user?.is_active !== 1 || user.is_service === 1) {
    return [{ code: "user_not_active", message: "expected an active user who is a person" }];
  }
  if (user.is_superuser === 1 || !requested.permissions?.length) return [];
  const held = new Set(await heldPermissions(tx, requested.userId, now));
  if (requested.permissions.every((permission) => held.has(permission))) return [];
  // Otherwise, the token would gain permissions that the user is granted later.
  return [
    { code: "permission_not_held", field: "permissions", message: "expected only permissions that the user has" },
  ];
}

/** What a user has itself or through its groups; a superuser may more. @param now ISO 8601, UTC */
export async function heldPermissions(db: Connection, userId: string, now: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("user_permissions")
    .select("permission")
    .where("user_id", "=", userId)
    .union(
      db
        .selectFrom("group_permissions")
        .innerJoin("user_groups", "user_groups.group_id", "group_permissions.group_id")
        .select("permission")
        .where("user_groups.user_id", "=", userId)
        .where(isCurrentMembership(now)),
    )
    .execute();
  return rows.map(({ permission }) => permission);
}

function columnsOf(requested: NewToken) {
  const { organization = "", application = "", administration = "", description = "", permissions } = requested;
  return {
    identifier: requested.identifier,
    user_id: requested.userId,
    // No configuration manages it.
    owner: null,
    generated: 1,
    contact_person: requested.contactPerson,
    email: requested.email,
    organization,
    application,
    administration,
    description,
    permissions: permissions === undefined ? null : JSON.stringify([...new Set(permissions)].sort()),
    allowed_ips: requested.allowedIps === undefined ? null : JSON.stringify(canonicalRanges(requested.allowedIps)),
    rate_limit: requested.rateLimit ?? null,
    valid_from: requested.validFrom?.toISOString() ?? null,
    expires_at: requested.expiresAt?.toISOString() ?? null,
    grace_seconds: 0,
  } as const;
}

// Beyond it, times as text no longer sort like the times themselves.
export const latestMs = Date.UTC(9999, 11, 31);

const texts = { organization: 200, application: 200, administration: 200, description: 1000 } as const;

/** All errors of a request that can be found without the database, by the same rules as in a configuration file. */
export function checkNewToken(token: NewToken, nowMs: number): readonly TokenError[] {
  const { identifier, contactPerson, email, permissions = [], validFrom, expiresAt } = token;
  const errors: TokenError[] = [];
  const expect = (field: TokenField, isMet: boolean, message: string): void => {
    if (!isMet) errors.push({ code: "invalid_value", field, message });
  };
  expect(
    "identifier",
    identifier.length <= 50 && slugPattern.test(identifier),
    "expected 1 to 50 letters, digits, hyphens and underscores",
  );
  expect("contactPerson", contactPerson !== "" && isLine(contactPerson, 200), "expected 1 to 200 visible characters");
  expect("email", email.length <= 254 && isEmail(email), "expected an e-mail address");
  for (const [field, max] of Object.entries(texts) as [keyof typeof texts, number][]) {
    expect(field, isLine(token[field] ?? "", max), `expected at most ${max} visible characters`);
  }
  expect("permissions", permissions.every(isPermission), "expected permissions such as `taken.view_externetaak`");
  // Also false for an invalid date.
  const { allowedIps, rateLimit } = token;
  if (allowedIps !== undefined) {
    expect("allowedIps", allowedIps.length > 0, "expected at least one address");
    expect("allowedIps", allowedIps.length <= maxRanges, `expected at most ${maxRanges} addresses`);
    const invalid = allowedIps.map(parseAddressRange).find(({ kind }) => kind === "invalid");
    if (invalid?.kind === "invalid") expect("allowedIps", false, invalid.expected);
  }
  expect("rateLimit", rateLimit === undefined || parseRate(rateLimit) !== undefined, expectedRate);
  const isTime = (time: Date) => time.getTime() <= latestMs;
  const expectedTime = "expected a date and time before the year 10000";
  if (validFrom !== undefined) {
    expect("validFrom", isTime(validFrom), expectedTime);
    const isBefore = !expiresAt || !isTime(validFrom) || !(validFrom.getTime() >= expiresAt.getTime());
    expect("validFrom", isBefore, "expected a time before the token expires");
  }
  if (expiresAt === undefined) return errors;
  const atMs = expiresAt.getTime();
  expect("expiresAt", isTime(expiresAt), expectedTime);
  if (atMs <= nowMs) errors.push({ code: "in_the_past", field: "expiresAt", message: "expected a time in the future" });
  return errors;
}

function isLine(text: string, max: number): boolean {
  return text.length <= max && !hasHiddenCharacters(text);
}
