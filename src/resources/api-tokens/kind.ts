import { type Connection, chunk } from "../../database/database.js";
import { type Flag, parseList } from "../../database/tables.js";
import { insertTokens, newTokenValue, retireTokenValues } from "../../database/write-rows.js";
import type { CurrentResource, PlannedWorld, ReadContext, Refusal, WantedRows, WriteContext } from "../../plan/kind.js";
import type { Resource, ResourceName } from "../../plan/resource.js";
import { digestToken, generateToken } from "../../secrets/token.js";
import { findEndedTokens } from "../../users/read-token-policies.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { apiToken, digestOf, user } from "../kinds.js";
import { countOwned, readSets, selectWanted } from "../table-rows.js";
import { guardPolicies } from "./kind-policy.js";
import {
  releaseNames,
  removeUsers,
  servicePermissions,
  serviceUsers,
  type TokenChange,
  writeTokenUsers,
} from "./kind-service-user.js";

export const apiTokenKind = {
  ...apiToken,
  check: (world: PlannedWorld) => [...refuseServiceNames(world), ...refuseUsernames(world)],
  release: releaseNames,
  guard: guardPolicies,
  inspect: warnOfEnded,
  ended: findEnded,
  read: readTokens,
  countOwned: (db: Connection, owner: string, limit: number) => countOwned(apiToken, db, owner, limit),
  asksFor: askForNames,
  write: writeTokens,
  remove: removeTokens,
};

/** A token's service user and a person must not have the same name. */
function askForNames(desired: readonly Resource[]): readonly ResourceName[] {
  return [
    ...apiToken
      .resourcesOf(desired)
      .flatMap(({ key, attributes }) => (attributes.user === null ? [{ kind: user.name, key }] : [])),
    ...user.resourcesOf(desired).map(({ key }) => ({ kind: apiToken.name, key })),
  ];
}

/** A service user must not become, or be mistaken for, an existing user (RFC 9700 §4.15). */
function refuseServiceNames(world: PlannedWorld): readonly Refusal[] {
  const usernames = world.keys(user);
  return world
    .desired(apiToken)
    .filter((token) => token.present && token.attributes.user === null && usernames.has(token.key))
    .map(({ key, attributes, range }) => ({
      reason: "refused",
      code: "NAME_TAKEN",
      message: `the service user of api_token ${key} would have the same name as an existing user`,
      hint: `write \`user: ${key}\`${attributes.is_superuser ? " instead of `is_superuser`" : ""} to tie the token to this user, or choose another identifier`,
      range,
    }));
}

/** Nor may a user take the name of a remaining service user. */
function refuseUsernames(world: PlannedWorld): readonly Refusal[] {
  const services = new Map(
    world.left(apiToken).flatMap((token) => (token.attributes.user === null ? [[token.key, token.owner]] : [])),
  );
  return world
    .desired(user)
    .filter(({ key, present }) => present && services.has(key))
    .map(({ key, owner: ownOwner, range }) => {
      const owner = services.get(key) ?? ownOwner;
      const withToken =
        owner === ownOwner
          ? `declare the token as well, with \`user: ${key}\` to tie it to this user, or with \`state: absent\``
          : `change the token in the files of the owner ${owner}: set \`user\`, or choose another identifier`;
      return {
        reason: "refused",
        code: "NAME_TAKEN",
        message: `the service user of api_token ${key}, which this run does not change, has the name of user ${key}`,
        hint: `choose another username, or ${withToken}`,
        range,
      };
    });
}

/** A command has ended or disabled what files declare. That fails nothing, since such commands are for emergencies. */
async function warnOfEnded(
  { db }: ReadContext,
  desired: readonly Resource[],
  current: readonly CurrentResource[],
): Promise<readonly RawDiagnostic[]> {
  const revocations = await db.selectFrom("api_token_revoked").select(["digest", "revoked_at", "reason"]).execute();
  const disabled = await db
    .selectFrom("api_tokens")
    .select(["digest", "disabled_at"])
    .where("disabled_at", "is not", null)
    .execute();
  if (revocations.length + disabled.length === 0) return [];
  const revoked = new Map(revocations.map((row) => [row.digest, row]));
  const disabledAt = new Map(disabled.map((row) => [row.digest, row.disabled_at ?? ""]));
  const digests = new Map(current.map(({ key, attributes }) => [key, attributes.token]));
  return desired.flatMap(({ key, present, attributes, range }): readonly RawDiagnostic[] => {
    if (!present) return [];
    const written = digestOf(attributes.token);
    const digest = String(written ?? digests.get(key));
    const ended = revoked.get(digest);
    const since = disabledAt.get(digest);
    const what = `api_token ${key}`;
    if (ended) {
      const message = `the value of ${what} was revoked on ${ended.revoked_at.slice(0, 10)} (${ended.reason}), so it is rejected`;
      const hint = written === undefined ? `generate a new value: vtb-setup token rotate ${key}` : "write a new value";
      return [{ severity: "warning", code: "TOKEN_REVOKED", message, hint, range }];
    }
    // A file that disables it itself expects no more.
    if (since === undefined || attributes.enabled === false) return [];
    const message = `${what} was disabled on ${since.slice(0, 10)}, so it is rejected`;
    const hint = `enable it with vtb-setup token enable ${key}, or write a new value`;
    return [{ severity: "warning", code: "TOKEN_DISABLED", message, hint, range }];
  });
}

/** The tokens that a command revoked or disabled, or whose user it deactivated. */
async function findEnded({ db }: ReadContext): Promise<ReadonlySet<string>> {
  const rows = await db
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .leftJoin("api_token_revoked", "api_token_revoked.digest", "api_tokens.digest")
    .select("api_tokens.id")
    .where((eb) =>
      eb.or([
        eb("revoked_at", "is not", null),
        eb("disabled_at", "is not", null),
        eb("users.deactivated_at", "is not", null),
      ]),
    )
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** Writes tokens with their service users. A replaced value stays valid for the token's grace period. */
async function writeTokens(context: WriteContext, changes: readonly TokenChange[]): Promise<void> {
  const { db, now } = context;
  const digests = newDigests(context, changes);
  await retireDigests(context, changes, digests);
  const users = await writeTokenUsers(context, changes);
  for (const change of changes) {
    if (change.action === "create") continue;
    const { generated } = change.attributes;
    const digest = digests.get(change.id);
    const changed = {
      ...columnsOf(change, users.idOf(change)),
      updated_at: now,
      ...(generated !== undefined && ({ generated: generated ? 1 : 0 } as const)),
      ...(digest !== undefined && newTokenValue(digest, now)),
    };
    await db.updateTable("api_tokens").set(changed).where("id", "=", change.id).execute();
  }
  function* newTokens() {
    for (const change of changes) {
      const { id, action, attributes } = change;
      const generated: Flag = attributes.generated ? 1 : 0;
      const digest = digests.get(id) ?? "";
      if (action === "create") yield { id, generated, digest, ...columnsOf(change, users.idOf(change)) };
    }
  }
  await insertTokens(db, now, newTokens());
  await users.dropLeftOver();
}

/** The digests of the new values, by the token's id. Only here are generated values returned. */
function newDigests(context: WriteContext, changes: readonly TokenChange[]): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  for (const change of changes) {
    const { token, generated } = change.attributes;
    const changed = (name: "token" | "generated") => change.action === "create" || change.changed.includes(name);
    const digest = digestOf(token);
    if (digest !== undefined) {
      if (changed("token")) digests.set(change.id, digest);
    } else if (generated === true && changed("generated")) {
      const value = generateToken();
      digests.set(change.id, digestToken(value));
      context.generated({ kind: change.kind, key: change.key, value });
    }
  }
  return digests;
}

function columnsOf({ key, owner, attributes }: TokenChange, userId: string) {
  const narrowing = typeof attributes.user === "string" ? (attributes.permissions ?? null) : null;
  const allowedIps = attributes.allowed_ips ?? null;
  const enabled: Flag = attributes.enabled === false ? 0 : 1;
  return {
    identifier: key,
    owner,
    user_id: userId,
    contact_person: attributes.contact_person ?? "",
    email: attributes.email ?? "",
    organization: attributes.organization ?? "",
    application: attributes.application ?? "",
    administration: attributes.administration ?? "",
    description: attributes.description ?? "",
    enabled,
    allowed_ips: allowedIps === null ? null : JSON.stringify(allowedIps),
    rate_limit: attributes.rate_limit ?? null,
    permissions: narrowing === null ? null : JSON.stringify(narrowing),
    valid_from: attributes.valid_from ?? null,
    expires_at: attributes.expires_at ?? null,
    grace_seconds: attributes.grace_seconds ?? 0,
  } as const;
}

const tokenColumns = [
  "api_tokens.id",
  "api_tokens.identifier",
  "api_tokens.owner",
  "api_tokens.user_id",
  "api_tokens.digest",
  "api_tokens.generated",
  "api_tokens.permissions",
  "api_tokens.contact_person",
  "api_tokens.email",
  "api_tokens.organization",
  "api_tokens.application",
  "api_tokens.administration",
  "api_tokens.description",
  "api_tokens.enabled",
  "api_tokens.allowed_ips",
  "api_tokens.rate_limit",
  "api_tokens.valid_from",
  "api_tokens.expires_at",
  "api_tokens.grace_seconds",
] as const;

/** API tokens with their users' names, or null where the user exists for the token alone. */
async function readTokens({ db }: ReadContext, wanted?: WantedRows): Promise<readonly CurrentResource[]> {
  const all = db
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .select(tokenColumns)
    .select(["users.username", "users.is_service", "users.is_superuser"]);
  const place = { keyColumn: "identifier", identityColumn: "digest" } as const;
  const rows = await selectWanted(wanted, place, (column, values) =>
    (values ? all.where(`api_tokens.${column as "id" | "identifier" | "digest"}`, "in", values) : all).execute(),
  );
  const serviceIds = wanted && rows.flatMap((row) => (row.is_service === 1 ? [row.user_id] : []));
  const permissions = await readSets(db, servicePermissions, serviceIds);
  return rows.map((row) => {
    const service = row.is_service === 1;
    const narrowing = row.permissions === null ? null : parseList(row.permissions);
    return {
      id: row.id,
      key: row.identifier,
      owner: row.owner,
      attributes: {
        token: row.digest,
        generated: row.generated === 1,
        user: service ? null : row.username,
        is_superuser: service && row.is_superuser === 1,
        permissions: service ? (permissions.get(row.user_id) ?? []) : narrowing,
        contact_person: row.contact_person,
        email: row.email,
        organization: row.organization,
        application: row.application,
        administration: row.administration,
        description: row.description,
        enabled: row.enabled === 1,
        allowed_ips: row.allowed_ips === null ? null : parseList(row.allowed_ips),
        rate_limit: row.rate_limit,
        valid_from: row.valid_from,
        expires_at: row.expires_at,
        grace_seconds: row.grace_seconds,
      },
    };
  });
}

/** Removes tokens, and the service users that existed for them. */
async function removeTokens(context: WriteContext, ids: readonly string[]): Promise<void> {
  const users = await serviceUsers(
    context,
    ids.map((id) => ({ id })),
  );
  for (const batch of chunk(ids, 500)) await context.db.deleteFrom("api_tokens").where("id", "in", batch).execute();
  await removeUsers(context, [...users.values()]);
}

/**
 * Retires the values that are replaced: into their grace period, or for good. Afterwards no row holds a digest that
 * another one is about to get, so that tokens can swap their values.
 */
async function retireDigests(
  { db, now }: WriteContext,
  changes: readonly TokenChange[],
  digests: ReadonlyMap<string, string>,
): Promise<void> {
  const desired = new Set(digests.values());
  const replaced = changes.filter((change) => change.action === "update" && digests.has(change.id));
  // What does not work any more gets no grace period, in which the new value would revive it.
  const ended = await findEndedTokens(
    db,
    replaced.map(({ id }) => id),
    Date.parse(now),
  );
  const graceSeconds = new Map(
    replaced.map(({ id, attributes }) => [id, ended.has(id) ? 0 : (attributes.grace_seconds ?? 0)]),
  );
  await retireTokenValues(db, now, graceSeconds, desired);
  await db.deleteFrom("api_token_retired").where("valid_until", "<", now).execute();
  const left = await db.selectFrom("api_token_retired").select("digest").limit(1).executeTakeFirst();
  if (left === undefined) return;
  // A value that is configured again is a current one, whichever token had it.
  for (const batch of chunk(desired, 500)) {
    await db.deleteFrom("api_token_retired").where("digest", "in", batch).execute();
  }
}
