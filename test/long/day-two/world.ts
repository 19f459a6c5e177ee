import { tokenAccess, tokenState, userAccess } from "../../../src/access/effective.js";
import { planFacts } from "../../../src/access/planned-facts.js";
import { readAccessFacts } from "../../../src/access/read-facts.js";
import { apply } from "../../../src/apply/apply.js";
import { exportDatabase } from "../../../src/apply/export.js";
import { loadConfig } from "../../../src/apply/load.js";
import type { ApplyOptions } from "../../../src/apply/options.js";
import { plan } from "../../../src/apply/plan.js";
import type { RunResult } from "../../../src/apply/run.js";
import type { Connection, Database } from "../../../src/database/database.js";
import { type LockedResult, withLock } from "../../../src/database/lock.js";
import { openDatabase } from "../../../src/database/open.js";
import { SetupError } from "../../../src/errors.js";
import { createVerifier } from "../../../src/verifier/create-verifier.js";
import type { Verifier } from "../../../src/verifier/verifier.js";
import { noticeChange, sealingEnv } from "../../support/databases.js";
import { filledDatabase } from "../../support/migrated-database.js";
import { runOptions } from "../../support/run.js";
import { type DeclaredFile, Model, type Verdict, writtenValue } from "./model.js";

export const owners = ["alfa", "beta"] as const;

export type Owner = (typeof owners)[number];

/** A database with its model beside it, and a verifier that runs all the while. */
export interface World {
  readonly model: Model;
  readonly url: string;
  readonly database: Database;
  readonly verifier: Verifier;
  /** What each owner applied last. */
  readonly files: Map<Owner, DeclaredFile>;
  readonly history: Map<Owner, readonly DeclaredFile[]>;
  nowMs: number;
  readonly close: () => Promise<void>;
}

const emptyFile: DeclaredFile = {
  groups: new Map(),
  users: new Map(),
  tokens: new Map(),
  absent: { groups: [], users: [], tokens: [] },
};

const startMs = Date.UTC(2026, 0, 1);

const withProvider = filledDatabase(async (url) => {
  await apply(await loadConfig([provider], { now: new Date(startMs) }), options({ url, nowMs: startMs }));
});

export async function createWorld(): Promise<World> {
  const url = await withProvider();
  const clock = { url, nowMs: startMs };
  const database = await openDatabase(url, "write");
  const verifier = await createVerifier({ database: url, env: sealingEnv(), now: () => clock.nowMs });
  return Object.assign(clock, {
    model: new Model(),
    database,
    verifier,
    files: new Map(owners.map((owner) => [owner, emptyFile])),
    history: new Map(),
    close: async () => {
      await verifier.close();
      await database.close();
    },
  });
}

function options(world: Pick<World, "url" | "nowMs">, more: Partial<ApplyOptions> = {}): ApplyOptions {
  return runOptions(world.url, { owner: undefined, now: () => new Date(world.nowMs), offline: true, ...more });
}

/** People can sign in through it. */
const provider = {
  vtb_setup: { owner: "openid" },
  oidc_db_config_enable: true,
  oidc_db_config_admin_auth: {
    providers: [
      {
        identifier: "p",
        oidc_op_issuer: "https://p.example",
        endpoint_config: {
          oidc_op_authorization_endpoint: "https://p.example/authorize",
          oidc_op_token_endpoint: "https://p.example/token",
          oidc_op_user_endpoint: "https://p.example/userinfo",
          oidc_op_jwks_endpoint: "https://p.example/keys",
        },
      },
    ],
    items: [
      {
        identifier: "admin-oidc",
        enabled: true,
        oidc_provider_identifier: "p",
        oidc_rp_client_id: "beheer",
        oidc_rp_client_secret: "een-geheim-dat-nergens-anders-staat",
      },
    ],
  },
};

/** The file as an object, in the words of the language. */
function fileOf(owner: Owner, { groups, users, tokens, absent }: DeclaredFile): Readonly<Record<string, unknown>> {
  const protect = (is: boolean) => (is ? { protect: true } : { protect: false });
  const renamed = (from: string | undefined) => (from === undefined ? {} : { renamed_from: from });
  const gone = (field: string, names: readonly string[]) => names.map((name) => ({ [field]: name, state: "absent" }));
  return {
    vtb_setup: { owner },
    groups_config_enable: true,
    groups_config: {
      items: [
        ...[...groups.values()].map((group) => ({
          name: group.name,
          permissions: group.permissions,
          ...protect(group.protect),
          ...renamed(group.renamedFrom),
        })),
        ...gone("name", absent.groups),
      ],
    },
    default_user_configuration_enable: true,
    default_user_configuration_config: {
      users: [
        ...[...users.values()].map((user) => ({
          username: user.username,
          is_active: user.isActive,
          is_superuser: user.isSuperuser,
          groups: user.groups.map(({ name, until }) => (until === undefined ? name : { name, until })),
          permissions: user.permissions,
          ...(user.canSignIn && { sign_in: { provider: "p" } }),
          ...protect(user.protect),
          ...renamed(user.renamedFrom),
        })),
        ...gone("username", absent.users),
      ],
    },
    tokenauth_config_enable: true,
    tokenauth: {
      items: [
        ...[...tokens.values()].map((token) => ({
          identifier: token.identifier,
          token: token.value === "generate" ? { generate: true } : writtenValue(token.value),
          contact_person: "Functioneel beheer",
          email: "beheer@gemeente.example",
          enabled: token.enabled,
          grace_period: `${token.graceHours}h`,
          ...(token.user !== undefined && { user: token.user }),
          ...(token.permissions !== undefined && { permissions: token.permissions }),
          ...(token.validFrom !== undefined && { valid_from: token.validFrom }),
          ...(token.expiresAt !== undefined && { expires_at: token.expiresAt }),
          ...protect(token.protect),
          ...renamed(token.renamedFrom),
        })),
        ...gone("identifier", absent.tokens),
      ],
    },
  };
}

/** Runs `apply`; undefined where it was refused, for a reason that is the file's or the database's. */
export function tryApply(
  world: World,
  owner: Owner,
  file: DeclaredFile,
  more: Partial<ApplyOptions> = {},
): Promise<RunResult | undefined> {
  const now = new Date(world.nowMs);
  return unlessRefused(async () => apply(await loadConfig([fileOf(owner, file)], { now }), options(world, more)));
}

async function unlessRefused(run: () => Promise<RunResult>): Promise<RunResult | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SetupError) || !["invalid", "refused"].includes(error.reason)) throw error;
    return undefined;
  }
}

/** What each token's current value may do once the file is applied, computed before; undefined where it will be refused. */
export async function plannedAccess(
  world: World,
  owner: Owner,
  file: DeclaredFile,
  more: Partial<ApplyOptions>,
): Promise<Readonly<Record<string, Verdict>> | undefined> {
  const { nowMs } = world;
  const result = await unlessRefused(async () =>
    plan(await loadConfig([fileOf(owner, file)], { now: new Date(nowMs) }), options(world, more)),
  );
  if (result === undefined) return undefined;
  const facts = planFacts(await readAccessFacts(world.database.kysely), result.changes);
  const entries = [...facts.tokens.values()].map((token): [string, Verdict] => {
    const user = facts.users.get(token.userId);
    if (tokenState(token, user, nowMs) !== "active") return [token.identifier, { accepted: false }];
    const { isSuperuser, permissions } = tokenAccess(token, user, userAccess(facts, user, nowMs), nowMs);
    return [token.identifier, { accepted: true, permissions: [...permissions.keys()].sort(), all: isSuperuser }];
  });
  return Object.fromEntries(entries);
}

/** What `plan` of an owner's file, as it was applied last, would change. */
export async function plannedChanges(world: World, owner: Owner): Promise<readonly string[]> {
  const file = world.files.get(owner) ?? emptyFile;
  const configuration = await loadConfig([fileOf(owner, file)], { now: new Date(world.nowMs) });
  const { changes } = await plan(configuration, options(world));
  return changes.map(({ action, kind, key }) => `${action} ${kind} ${key}`);
}

export function withoutAbsent(file: DeclaredFile): DeclaredFile {
  return { ...file, absent: emptyFile.absent };
}

/** What `apply` of each exported file would change. */
export async function changesOfExport(world: World): Promise<readonly string[]> {
  const changes: string[] = [];
  const { url: database, nowMs } = world;
  for (const { owner, text, variables } of await exportDatabase({ database, owner: { kind: "all" } })) {
    if (owner === null) continue;
    const env = Object.fromEntries(variables.map(({ name }) => [name, "een-geheim-dat-nergens-anders-staat"]));
    const stdin = async () => Buffer.from(text);
    const configuration = await loadConfig(["-"], { now: new Date(nowMs), stdin, env: { ...process.env, ...env } });
    const result = await plan(configuration, options(world));
    for (const { action, kind, key } of result.changes) changes.push(`${owner}: ${action} ${kind} ${key}`);
  }
  return changes;
}

/** An operation under the lock, as a command runs it. */
export function operate<T>(
  world: World,
  work: (tx: Parameters<Parameters<typeof withLock<T>>[2]>[0]) => Promise<LockedResult<T>>,
): Promise<T> {
  const lock = {
    timeoutMs: 5000,
    now: () => world.nowMs,
    newId: options(world).newId,
    sleep: async () => {},
    hasTables: true,
  };
  return withLock(world.database, lock, work);
}

/** What the verifier says of a value. */
export async function verdictOf(world: World, value: string): Promise<Verdict> {
  await noticeChange();
  const outcome = await world.verifier.authenticate(`Token ${value}`);
  if (outcome.kind !== "authenticated") return { accepted: false };
  const { principal } = outcome;
  const all = principal.hasPermission("nobody.was_ever_given_this");
  return { accepted: true, permissions: [...principal.permissions].sort(), all };
}

/** The rows that one owner manages, with what belongs to them. */
export async function rowsOf(db: Connection, owner: string | null): Promise<unknown> {
  const managed = async (table: "users" | "groups" | "api_tokens" | "oidc_providers" | "oidc_clients") => {
    const rows = await db
      .selectFrom(table)
      .selectAll()
      .where("owner", owner === null ? "is" : "=", owner)
      .orderBy("id")
      .execute();
    return rows.map((row) => ({ ...row, last_used_at: undefined }));
  };
  const users = await managed("users");
  const groups = await managed("groups");
  return {
    users,
    groups,
    tokens: await managed("api_tokens"),
    providers: await managed("oidc_providers"),
    clients: await managed("oidc_clients"),
  };
}
