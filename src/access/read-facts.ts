import { isDeepStrictEqual } from "node:util";
import { sql } from "kysely";
import { type Connection, readInPieces } from "../database/database.js";
import { parseList } from "../database/tables.js";
import type { Change } from "../plan/resource.js";
import { apiToken, digestOf, group, user } from "../resources/kinds.js";
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
  return readFacts(db, userId === undefined ? undefined : [userId], new Set(revoked.map(({ digest }) => digest)));
}

/** Which users changes are about, and which values of tokens they write. */
interface Touched {
  readonly users: readonly string[];
  readonly digests: readonly string[];
}

/** Whose rights changes can touch: users, those of tokens and the members of groups. New ones are none yet. */
export async function findTouched(db: Connection, changes: readonly Change[]): Promise<Touched> {
  const known = (kind: string) =>
    changes.flatMap((change) => (change.kind === kind && change.action !== "create" ? [change.id] : []));
  const users = new Set(known(user.name));
  const members = await readInPieces(known(group.name), (ids) =>
    db.selectFrom("user_groups").select("user_id").where("group_id", "in", ids).execute(),
  );
  const holders = await readInPieces(known(apiToken.name), (ids) =>
    db.selectFrom("api_tokens").select("user_id").where("id", "in", ids).execute(),
  );
  for (const row of [...members, ...holders]) users.add(row.user_id);
  const names = new Set<string>();
  const digests: string[] = [];
  for (const change of changes) {
    if (change.action === "delete" || change.kind !== apiToken.name) continue;
    const { token, user: named } = change.attributes;
    if (typeof named === "string") names.add(named);
    const isWritten = change.action === "create" || change.changed.includes("token");
    const digest = isWritten ? digestOf(token) : undefined;
    if (digest !== undefined) digests.push(digest);
  }
  const named = await readInPieces([...names], (some) =>
    db.selectFrom("users").select("id").where("username", "in", some).execute(),
  );
  for (const { id } of named) users.add(id);
  return { users: [...users], digests };
}

/**
 * Reads what a change of these users can make of who may do what: they and their tokens, everybody who is an administrator, every group,
 * and the clients. Whom it leaves out, it does not touch.
 */
export async function readTouchedFacts(db: Connection, { users, digests }: Touched): Promise<AccessFacts> {
  const administrators = await db
    .selectFrom("users")
    .select("id")
    // Part of the statement, so that a database may use the index of these.
    .where("is_superuser", "=", sql.lit(1))
    .where("is_service", "=", sql.lit(0))
    .execute();
  const ids = [...new Set([...users, ...administrators.map(({ id }) => id)])];
  const held = await readInPieces(ids, (some) =>
    db.selectFrom("api_tokens").select("digest").where("user_id", "in", some).execute(),
  );
  const revoked = await readInPieces([...held.map(({ digest }) => digest), ...digests], (some) =>
    db.selectFrom("api_token_revoked").select("digest").where("digest", "in", some).execute(),
  );
  return readFacts(db, ids, new Set(revoked.map(({ digest }) => digest)));
}

/** Whether nobody has any rights yet: there is no user, token or client. */
export async function isWithoutPrincipals(db: Connection): Promise<boolean> {
  for (const table of ["users", "api_tokens", "oidc_clients"] as const) {
    if (await db.selectFrom(table).select("id").limit(1).executeTakeFirst()) return false;
  }
  return true;
}

async function readFacts(
  db: Connection,
  userIds: readonly string[] | undefined,
  revoked: ReadonlySet<string>,
): Promise<AccessFacts> {
  const groups = await readGroups(db);
  return {
    groups,
    users: await readUsers(db, groups, userIds),
    tokens: await readTokens(db, revoked, userIds),
    providers: await readProviders(db),
    clients: await readClients(db),
    revoked,
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

async function readUsers(
  db: Connection,
  groups: AccessFacts["groups"],
  userIds: readonly string[] | undefined,
): Promise<AccessFacts["users"]> {
  const nameOf = (groupId: string) => groups.get(groupId)?.name ?? "";
  const users = db
    .selectFrom("users")
    .select(["id", "username", "is_service", "is_active", "is_staff", "is_superuser", "claim_superuser"])
    .select((eb) => eb("password_hash", "is not", null).as("has_password"))
    .select((eb) =>
      eb.or([eb("email", "<>", ""), eb("first_name", "<>", ""), eb("last_name", "<>", "")]).as("is_personal"),
    )
    .select(["deactivated_at", "issuer", "subject", "sign_in_provider_id", "sign_in_subject"]);
  const given = db.selectFrom("user_permissions").select(["user_id", "permission", "origin"]);
  const members = db.selectFrom("user_groups").select(["user_id", "group_id", "origin", "until"]);
  const rows = await readInPieces(userIds, (some) => (some ? users.where("id", "in", some) : users).execute());
  const own = await readInPieces(userIds, (some) => (some ? given.where("user_id", "in", some) : given).execute());
  const joined = await readInPieces(userIds, (some) =>
    (some ? members.where("user_id", "in", some) : members).execute(),
  );
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
        permissions: inOrder(permissions.get(row.id) ?? none, ({ permission, origin }) => `${permission} ${origin}`),
        memberships: inOrder(memberships.get(row.id) ?? none, ({ groupId, origin }) => `${nameOf(groupId)} ${origin}`),
      }),
    ),
  );
}

async function readTokens(
  db: Connection,
  revoked: ReadonlySet<string>,
  userIds: readonly string[] | undefined,
): Promise<AccessFacts["tokens"]> {
  const tokens = db
    .selectFrom("api_tokens")
    .select(["id", "identifier", "user_id", "digest", "permissions"])
    .select(["expires_at", "valid_from", "allowed_ips", "rate_limit", "enabled", "disabled_at"]);
  const rows = await readInPieces(userIds, (some) => (some ? tokens.where("user_id", "in", some) : tokens).execute());
  const policyEnds = await readPolicyEnds(db, userIds && rows.map(({ id }) => id));
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

/** Databases have their own orders, and what comes first explains a right that several give. */
function inOrder<Value>(values: readonly Value[], nameOf: (value: Value) => string): readonly Value[] {
  if (values.length < 2) return values;
  return values.toSorted((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
}

function byId<Fact extends { readonly id: string }>(facts: readonly Fact[]): ReadonlyMap<string, Fact> {
  return new Map(facts.map((fact) => [fact.id, fact]));
}
