import { isDeepStrictEqual } from "node:util";
import type { Connection } from "../database/database.js";
import { parseList } from "../database/tables.js";
import { readStoredMapping } from "../users/claim-mapping.js";
import { readPolicedTokens, readPolicies } from "../users/read-token-policies.js";
import { lifetimeEndMs, policiesFor, unusedEndMs } from "../users/token-policy.js";
import type {
  AccessFacts,
  ClientFacts,
  Membership,
  OwnPermission,
  ProviderFacts,
  TokenFacts,
  UserFacts,
} from "./facts.js";

/**
 * Reads the facts from the rows as they are: of every owner, and what sign-ins and people added.
 *
 * @param userId only of this user and its tokens; without it, of all
 */
export async function readAccessFacts(db: Connection, userId?: string): Promise<AccessFacts> {
  const revoked = await db.selectFrom("api_token_revoked").select("digest").execute();
  const digests = new Set(revoked.map(({ digest }) => digest));
  return {
    groups: await readGroups(db),
    users: await readUsers(db, userId),
    tokens: await readTokens(db, digests, userId),
    providers: await readProviders(db),
    clients: await readClients(db),
    revoked: digests,
  };
}

/** The clients and their providers, for whom claims let in. */
export async function readClientFacts(db: Connection): Promise<Pick<AccessFacts, "providers" | "clients">> {
  return { providers: await readProviders(db), clients: await readClients(db) };
}

/** Reads all facts again: what did not change since is the same object as before, which a comparison then need not look at. */
export async function readAccessFactsAgain(db: Connection, before: AccessFacts): Promise<AccessFacts> {
  const after = await readAccessFacts(db);
  return {
    ...after,
    groups: keepSame(before.groups, after.groups),
    users: keepSame(before.users, after.users),
    tokens: keepSame(before.tokens, after.tokens),
    providers: keepSame(before.providers, after.providers),
  };
}

function keepSame<Fact>(
  before: ReadonlyMap<string, Fact>,
  after: ReadonlyMap<string, Fact>,
): ReadonlyMap<string, Fact> {
  const kept = new Map<string, Fact>();
  let isSame = before.size === after.size;
  for (const [id, fact] of after) {
    const former = before.get(id);
    const stays = former !== undefined && isDeepStrictEqual(former, fact);
    kept.set(id, stays ? former : fact);
    isSame &&= stays;
  }
  return isSame ? before : kept;
}

async function readGroups(db: Connection): Promise<AccessFacts["groups"]> {
  const rows = await db.selectFrom("groups").select(["id", "name"]).execute();
  const permissions = await db.selectFrom("group_permissions").select(["group_id", "permission", "origin"]).execute();
  const byGroup = collect(permissions, (row) => [row.group_id, { permission: row.permission, origin: row.origin }]);
  return byId(rows.map(({ id, name }) => ({ id, name, permissions: byGroup.get(id) ?? none })));
}

async function readUsers(db: Connection, userId?: string): Promise<AccessFacts["users"]> {
  const rows = await db
    .selectFrom("users")
    .select(["id", "username", "is_service", "is_active", "is_staff", "is_superuser", "claim_superuser"])
    .select((eb) => eb("password_hash", "is not", null).as("has_password"))
    .select((eb) =>
      eb.or([eb("email", "<>", ""), eb("first_name", "<>", ""), eb("last_name", "<>", "")]).as("is_personal"),
    )
    .select(["deactivated_at", "issuer", "subject", "sign_in_provider_id", "sign_in_subject"])
    .$if(userId !== undefined, (query) => query.where("id", "=", userId ?? ""))
    .execute();
  const own = await db
    .selectFrom("user_permissions")
    .select(["user_id", "permission", "origin"])
    .$if(userId !== undefined, (query) => query.where("user_id", "=", userId ?? ""))
    .execute();
  const joined = await db
    .selectFrom("user_groups")
    .select(["user_id", "group_id", "origin", "until"])
    .$if(userId !== undefined, (query) => query.where("user_id", "=", userId ?? ""))
    .execute();
  const permissions = collect(own, (row): [string, OwnPermission] => [
    row.user_id,
    { permission: row.permission, origin: row.origin },
  ]);
  const memberships = collect(joined, (row): [string, Membership] => [
    row.user_id,
    { groupId: row.group_id, origin: row.origin, until: row.until },
  ]);
  return byId(
    rows.map(
      (row): UserFacts => ({
        id: row.id,
        username: row.username,
        isService: row.is_service === 1,
        isActive: row.is_active === 1,
        isDeactivated: row.deactivated_at !== null,
        isStaff: row.is_staff === 1,
        isSuperuser: row.is_superuser === 1,
        isSuperuserByClaim: row.claim_superuser === 1,
        hasPassword: Boolean(row.has_password),
        isPersonal: Boolean(row.is_personal),
        link: row.subject === null ? null : { issuer: row.issuer, subject: row.subject },
        signIn:
          row.sign_in_provider_id === null
            ? null
            : { providerId: row.sign_in_provider_id, subject: row.sign_in_subject },
        permissions: permissions.get(row.id) ?? none,
        memberships: memberships.get(row.id) ?? none,
      }),
    ),
  );
}

async function readTokens(
  db: Connection,
  revoked: ReadonlySet<string>,
  userId?: string,
): Promise<AccessFacts["tokens"]> {
  const rows = await db
    .selectFrom("api_tokens")
    .select([
      "id",
      "identifier",
      "user_id",
      "digest",
      "permissions",
      "expires_at",
      "valid_from",
      "allowed_ips",
      "rate_limit",
      "enabled",
      "disabled_at",
    ])
    .$if(userId !== undefined, (query) => query.where("user_id", "=", userId ?? ""))
    .execute();
  const ofUser = userId === undefined ? undefined : rows.map(({ id }) => id);
  const policyEnds = await readPolicyEnds(db, ofUser);
  return byId(
    rows.map(
      (row): TokenFacts => ({
        id: row.id,
        identifier: row.identifier,
        userId: row.user_id,
        narrowedTo: row.permissions === null ? null : parseList(row.permissions),
        expiresAt: row.expires_at,
        validFrom: row.valid_from,
        allowedIps: row.allowed_ips === null ? null : parseList(row.allowed_ips),
        rateLimit: row.rate_limit,
        isEnabled: row.enabled === 1,
        isDisabled: row.disabled_at !== null,
        isRevoked: revoked.has(row.digest),
        policyEndMs: policyEnds.get(row.id) ?? Number.POSITIVE_INFINITY,
      }),
    ),
  );
}

/** When policies end tokens, by the token's id. */
async function readPolicyEnds(
  db: Connection,
  ids: readonly string[] | undefined,
): Promise<ReadonlyMap<string, number>> {
  const all = await readPolicies(db);
  if (all.length === 0) return new Map();
  return new Map(
    (await readPolicedTokens(db, ids)).map((token) => {
      const policies = policiesFor(token.owner, all);
      return [token.id, Math.min(lifetimeEndMs(policies, token), unusedEndMs(policies, token.activeMs))];
    }),
  );
}

async function readProviders(db: Connection): Promise<AccessFacts["providers"]> {
  const rows = await db
    .selectFrom("oidc_providers")
    .select(["id", "identifier", "issuer", "former_issuers", "discovery_endpoint"])
    .execute();
  return byId(
    rows.map(
      (row): ProviderFacts => ({
        id: row.id,
        identifier: row.identifier,
        issuer: row.issuer,
        formerIssuers: parseList(row.former_issuers),
        discoveryEndpoint: row.discovery_endpoint,
      }),
    ),
  );
}

async function readClients(db: Connection): Promise<AccessFacts["clients"]> {
  const rows = await db
    .selectFrom("oidc_clients")
    .select(["id", "identifier", "provider_id", "enabled", "options"])
    .execute();
  return byId(
    rows.map(
      (row): ClientFacts => ({
        id: row.id,
        identifier: row.identifier,
        providerId: row.provider_id,
        isEnabled: row.enabled === 1,
        mapping: readStoredMapping(row.options),
      }),
    ),
  );
}

const none: readonly never[] = [];

function collect<Row, Value>(
  rows: readonly Row[],
  entryOf: (row: Row) => readonly [string, Value],
): ReadonlyMap<string, readonly Value[]> {
  const found = new Map<string, Value[]>();
  for (const row of rows) {
    const [key, value] = entryOf(row);
    const known = found.get(key);
    if (known) known.push(value);
    else found.set(key, [value]);
  }
  return found;
}

function byId<Fact extends { readonly id: string }>(facts: readonly Fact[]): ReadonlyMap<string, Fact> {
  return new Map(facts.map((fact) => [fact.id, fact]));
}
