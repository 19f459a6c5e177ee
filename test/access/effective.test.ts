import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimRules } from "../../src/access/claims.js";
import { type Access, hasPermission, noAccess, tokenAccess, userAccess } from "../../src/access/effective.js";
import type { AccessFacts } from "../../src/access/facts.js";
import { readAccessFacts } from "../../src/access/read-facts.js";
import { accessRows, withoutAccess } from "../../src/access/rows.js";
import { apply } from "../../src/apply/apply.js";
import { plannedAccess } from "../../src/apply/planned-access.js";
import type { Database } from "../../src/database/database.js";
import { createWriter } from "../../src/database/live-database.js";
import { openDatabase, openLiveDatabase } from "../../src/database/open.js";
import type { Tables } from "../../src/database/tables.js";
import { mapClaims } from "../../src/users/map-claims.js";
import { prepareUserLookup, type UserLookup } from "../../src/users/principal.js";
import { provisionUser } from "../../src/users/provision-user.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, runOptions } from "../support/run.js";
import { token } from "../verifier/verifier-world.js";
import {
  groupNames,
  issuer,
  openWorldParts,
  permissions,
  resourcesOf,
  tokenNames,
  tokenValueOf,
  worldParts,
} from "./worlds.js";

/** What a person or a command does beside the files. */
const byHand = fc.record({
  permissions: fc.subarray(permissions),
  groups: fc.subarray(groupNames),
  groupPermissions: fc.subarray(permissions),
  disabled: fc.subarray(tokenNames),
  deactivated: fc.boolean(),
  revoked: fc.subarray(tokenNames, { maxLength: 1 }),
});

const claims = fc.record({ groups: fc.subarray([...groupNames, "beheer", "other"]), boss: fc.boolean() });

async function changeByHand({ kysely }: Database, done: typeof byHand extends fc.Arbitrary<infer T> ? T : never) {
  for (const table of ["user_permissions", "user_groups", "group_permissions"] as const) {
    await kysely.deleteFrom(table).where("origin", "=", "manual").execute();
  }
  const userId = (await kysely.selectFrom("users").select("id").where("username", "=", "jan").executeTakeFirst())?.id;
  const groups = await kysely.selectFrom("groups").select(["id", "name"]).execute();
  const [first] = groups;
  const origin = "manual" as const;
  if (userId === undefined || !first) return;
  const own = done.permissions.map((permission) => ({ user_id: userId, permission, origin }));
  const joined = groups.filter(({ name }) => done.groups.includes(name)).map(({ id }) => ({ group_id: id }));
  const given = done.groupPermissions.map((permission) => ({ group_id: first.id, permission, origin }));
  const put = async <T extends keyof Tables>(table: T, rows: readonly object[]) => {
    // The rows above have the table's columns.
    for (const row of rows)
      await kysely
        .insertInto(table)
        .values(row as never)
        .execute();
  };
  await put("user_permissions", own);
  await put(
    "user_groups",
    joined.map((row) => ({ ...row, user_id: userId, origin })),
  );
  await put("group_permissions", given);
  const deactivatedAt = done.deactivated ? "2026-01-01T00:00:00.000Z" : null;
  await kysely.updateTable("users").set({ deactivated_at: deactivatedAt }).where("username", "=", "piet").execute();
  await kysely.deleteFrom("api_token_revoked").execute();
  await kysely.updateTable("api_tokens").set({ disabled_at: null }).execute();
  for (const name of done.disabled) {
    const at = "2026-01-01T00:00:00.000Z";
    await kysely.updateTable("api_tokens").set({ disabled_at: at }).where("identifier", "=", name).execute();
  }
  for (const name of done.revoked) {
    const row = await kysely
      .selectFrom("api_tokens")
      .select("digest")
      .where("identifier", "=", name)
      .executeTakeFirst();
    if (!row) continue;
    const at = { revoked_at: "2026-01-01T00:00:00.000Z", revoked_by: "test", reason: "leaked" };
    await kysely
      .insertInto("api_token_revoked")
      .values({ digest: row.digest, identifier: name, ...at })
      .execute();
  }
}

/** By name, since service users that are only planned have no ids yet. */
function accessByName(facts: AccessFacts): object {
  const nowMs = Date.now();
  const users = [...facts.users.values()].filter(({ isService }) => !isService);
  const tokens = [...facts.tokens.values()];
  return {
    services: [...facts.users.values()].flatMap((user) => (user.isService ? user.username : [])).sort(),
    users: Object.fromEntries(users.map((user) => [user.username, plain(userAccess(facts, user, nowMs))])),
    tokens: Object.fromEntries(
      tokens.map((token) => [token.identifier, plain(accessOf(facts, token.identifier, nowMs))]),
    ),
    claims: Object.fromEntries(
      [...facts.clients.values()].flatMap((client) =>
        claimRules(facts, client).map(({ claimant, access }) => [JSON.stringify(claimant), plain(access)]),
      ),
    ),
  };
}

/** What the `access` command lists of each user and token, as the question whether it may do something. */
function listedRights(facts: AccessFacts): ReadonlyMap<string, (permission: string) => boolean> {
  const nowMs = Date.now();
  const listed = new Map<string, (permission: string) => boolean>();
  for (const rows of accessRows(facts, nowMs)) {
    const [first] = rows;
    if (!first || first.principal.kind === "claims") continue;
    const { principal } = first;
    const asked = principal.kind === "user" ? { kind: "user" as const, user: principal.user } : principal;
    expect([...accessRows(facts, nowMs, asked)].flat()).toEqual(rows);
    const name = principal.kind === "user" ? principal.user.username : principal.token.identifier;
    const rights = new Set(rows.map(({ right }) => (right.kind === "permission" ? right.permission : right.kind)));
    listed.set(`${principal.kind} ${name}`, (permission) => rights.has("superuser") || rights.has(permission));
  }
  // Everyone else is listed with a reason.
  const without = withoutAccess(facts, nowMs).flatMap(({ principal }) =>
    principal.kind === "client"
      ? []
      : `${principal.kind} ${principal.kind === "user" ? principal.user.username : principal.token.identifier}`,
  );
  const all = [
    ...[...facts.users.values()].flatMap(({ isService, username }) => (isService ? [] : `user ${username}`)),
    ...[...facts.tokens.values()].map(({ identifier }) => `token ${identifier}`),
  ];
  expect([...listed.keys(), ...without].sort()).toEqual(all.sort());
  return listed;
}

function accessOf(facts: AccessFacts, identifier: string, nowMs: number): Access {
  const token = [...facts.tokens.values()].find((found) => found.identifier === identifier);
  const user = token && facts.users.get(token.userId);
  return token ? tokenAccess(token, user, userAccess(facts, user, nowMs), nowMs) : noAccess;
}

/** What verifier and login read of a user. */
function granted(user: UserLookup) {
  if (user.kind !== "active") return plain(noAccess);
  const { isSuperuser, isStaff } = user.grants.user;
  return { isSuperuser, isStaff, permissions: [...user.grants.permissions.all].sort() };
}

function plain({ isSuperuser, isStaff, permissions: given }: Access) {
  return { isSuperuser, isStaff, permissions: [...given.keys()].sort() };
}

describe("effective access", () => {
  it("planned from a file's changes is what the verifier says once they are applied", {
    timeout: 300_000,
  }, async () => {
    const url = await migratedDatabase();
    const database = await openForTest(url);
    const live = await openLiveDatabase(url, "read", { env: sealingEnv() });
    const readUser = prepareUserLookup(live, Date.now);
    const check = async (parts: Parameters<typeof resourcesOf>[0], done: Parameters<typeof changeByHand>[1]) => {
      await changeByHand(database, done);
      const configuration = configurationOf(...resourcesOf(parts));
      const { facts: planned } = await plannedAccess(configuration, runOptions(url));
      await apply(configuration, runOptions(url));
      const applied = await readAccessFacts(database.kysely);
      expect(accessByName(planned)).toEqual(accessByName(applied));
      const listed = listedRights(planned);
      for (const user of applied.users.values()) {
        const access = userAccess(applied, user, Date.now());
        expect(plain(access)).toEqual(granted(await readUser(user.id)));
        if (user.isService) continue;
        const mayDo = listed.get(`user ${user.username}`);
        for (const permission of [...permissions, "taken.other"]) {
          expect(mayDo?.(permission) ?? false).toBe(hasPermission(access, permission));
        }
      }
      const verifier = await createVerifier({ database: url, env: sealingEnv() });
      try {
        for (const name of tokenNames) {
          const outcome = await verifier.authenticate(`Token ${tokenValueOf(name)}`);
          const access = accessOf(planned, name, Date.now());
          if (outcome.kind !== "authenticated") {
            expect(access).toBe(noAccess);
            continue;
          }
          const { principal } = outcome;
          const mayDo = listed.get(`token ${name}`);
          expect([...principal.permissions].sort()).toEqual([...access.permissions.keys()].sort());
          expect(principal.user.isStaff).toBe(access.isStaff);
          for (const permission of [...permissions, "taken.other"]) {
            expect(hasPermission(access, permission)).toBe(principal.hasPermission(permission));
            expect(mayDo?.(permission) ?? false).toBe(principal.hasPermission(permission));
          }
        }
      } finally {
        await verifier.close();
      }
    };
    await fc.assert(fc.asyncProperty(worldParts, byHand, check), { numRuns: 40 }).finally(() => live.close());
  });

  it("of claims is what a sign-in with them gives", { timeout: 300_000 }, async () => {
    const url = await migratedDatabase();
    const database = await openForTest(url);
    const live = await openLiveDatabase(url, "read", { env: sealingEnv() });
    const readUser = prepareUserLookup(live, Date.now);
    let subjects = 0;
    const check = async (parts: Parameters<typeof resourcesOf>[0], claimed: { groups: string[]; boss: boolean }) => {
      await apply(configurationOf(...resourcesOf(parts)), runOptions(url));
      const facts = await readAccessFacts(database.kysely);
      const [client] = facts.clients.values();
      if (!client) throw new Error("no client");
      subjects += 1;
      const subject = `subject-${subjects}`;
      const mapped = mapClaims(client.mapping, { sub: subject, ...claimed });
      if (mapped.kind === "rejected") throw new Error(mapped.reason);
      const nowMs = Date.now();
      const given = await provisionUser({ issuer, subject, isClient: false }, mapped, {
        database,
        writer: createWriter(() => openDatabase(url, "write")),
        now: () => nowMs,
        newId: randomUUID,
        sleep: async () => {},
        lockTimeoutMs: 5000,
        actor: "test",
        sign: () => undefined,
        clientId: client.id,
        providerId: client.providerId,
        age: { issuedAtMs: nowMs, saidAtMs: nowMs, token: subject },
        createsUsers: true,
      });
      if (given.kind === "rejected") throw new Error(given.reason);
      const user = await readUser(given.userId);
      if (user.kind !== "active") throw new Error(user.kind);
      const rules = claimRules(facts, client).filter(
        ({ claimant }) =>
          claimant.kind === "everyone" ||
          (claimant.kind === "group" ? claimed.groups.includes(claimant.name) : claimed.boss),
      );
      const { isStaff, isSuperuser } = user.grants.user;
      expect({ isStaff, isSuperuser }).toEqual({
        isStaff: rules.some(({ access }) => access.isStaff),
        isSuperuser: rules.some(({ access }) => access.isSuperuser),
      });
      const expected = new Set(rules.flatMap(({ access }) => [...access.permissions.keys()]));
      expect([...user.grants.permissions.all].sort()).toEqual([...expected].sort());
    };
    await fc.assert(fc.asyncProperty(openWorldParts, claims, check), { numRuns: 40 }).finally(() => live.close());
  });

  it("of a token that its owner's policy has ended is none, as the verifier says, and that of a newer one stays", async () => {
    const url = await migratedDatabase();
    const { kysely } = await openForTest(url);
    const names = ["t1", "t2"];
    const made = names.map((name) => token(name, tokenValueOf(name)));
    await apply(configurationOf(...made), runOptions(url));
    const old = "2020-01-01T00:00:00.000Z";
    await kysely
      .updateTable("api_tokens")
      .set({ value_since: old, updated_at: old })
      .where("identifier", "=", "t1")
      .execute();
    const limits = { max_lifetime_seconds: 86_400, warn_before_seconds: null, unused_after_seconds: null };
    const times = { created_at: old, updated_at: old };
    const policy = { id: randomUUID(), owner: "default", require_expiry: 0 as const, ...limits, ...times };
    await kysely.insertInto("owner_policies").values(policy).execute();
    const facts = await readAccessFacts(kysely);
    const verifier = await createVerifier({ database: url, env: sealingEnv() });
    const outcomes = await Promise.all(names.map(async (name) => verifier.authenticate(`Token ${tokenValueOf(name)}`)));
    await verifier.close();
    expect(outcomes.map(({ kind }) => kind)).toEqual(["rejected", "authenticated"]);
    expect(names.map((name) => accessOf(facts, name, Date.now()).permissions.size)).toEqual([0, 1]);
  });

  it("of a plan without a database is that of an empty one with the changes", async () => {
    const url = await migratedDatabase();
    const [parts] = fc.sample(worldParts, { numRuns: 1, seed: 7 });
    if (!parts) throw new Error("no world");
    const configuration = configurationOf(...resourcesOf(parts));
    const { facts } = await plannedAccess(configuration, { ...runOptions(url), database: undefined });
    await apply(configuration, runOptions(url));
    const { kysely } = await openForTest(url);
    expect(accessByName(facts)).toEqual(accessByName(await readAccessFacts(kysely)));
  });
});
