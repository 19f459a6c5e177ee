import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { KyselyPlugin } from "kysely";
import { apply } from "../../src/apply/apply.js";
import { createWriter } from "../../src/database/live-database.js";
import { openDatabase } from "../../src/database/open.js";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { readClaimMapping } from "../../src/users/claim-mapping.js";
import { readExternalIdentity } from "../../src/users/external-identity.js";
import { mapClaims } from "../../src/users/map-claims.js";
import { provisionUser, readRevision } from "../../src/users/provision-user.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";

export const issuer = "https://idp.example/realms/test";

export const user = (name: string, more: Attributes = {}): Resource =>
  resource("user", name, { email: "", is_staff: false, is_superuser: false, groups: [], permissions: [], ...more });
export const group = (name: string): Resource => resource("group", name, { permissions: [] });

export interface Settings {
  readonly user?: object;
  readonly groups?: object;
  readonly reserved?: readonly string[];
  readonly createsUsers?: boolean;
  /** The identifier of the provider that the person comes from. */
  readonly provider?: string;
  /** The id of the client that the person comes through; one of the provider's by default. */
  readonly client?: string;
}

/** A database that says this, and people who sign in to it. */
export async function makeRealm(...resources: readonly Resource[]) {
  const url = await migratedDatabase();
  const idp = [providerOf({ issuer }), clientOf()];
  await apply(configurationOf(group("any"), ...idp, ...resources), runOptions(url));
  const database = await openForTest(url);
  const { kysely } = database;
  let nowMs = Date.parse("2026-03-01T12:00:00.000Z");
  let statements = 0;
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => {
      statements += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const openWriter = async () => {
    const open = await openDatabase(url, "write");
    return { ...open, kysely: open.kysely.withPlugin(counter) };
  };
  let clock = Date.parse("2026-03-01T11:00:00.000Z");
  const enter = async (claims: Readonly<Record<string, unknown>>, settings: Settings = {}) => {
    const rules = readClaimMapping(
      {
        user_settings: { claim_mappings: { username: ["name"], email: ["email"] }, ...settings.user },
        groups_settings: { claim_mapping: ["groups"], ...settings.groups },
      },
      settings.reserved,
    );
    const identity = readExternalIdentity(typeof claims.iss === "string" ? claims.iss : issuer, claims);
    const mapped = mapClaims(rules, claims);
    const provider = await kysely
      .selectFrom("oidc_providers")
      .select("id")
      .where("identifier", "=", settings.provider ?? "idp")
      .executeTakeFirstOrThrow();
    if (!identity || mapped.kind === "rejected") throw new Error("expected claims that make a user");
    const client = await kysely
      .selectFrom("oidc_clients")
      .select("id")
      .where("provider_id", "=", provider.id)
      .executeTakeFirstOrThrow();
    // Each sign-in is newer than the one before, unless the claims say otherwise.
    clock += 1000;
    const issuedAtMs = typeof claims.iat === "number" ? claims.iat * 1000 : clock;
    return provisionUser(identity, mapped, {
      database,
      writer: createWriter(openWriter),
      now: () => nowMs,
      newId: randomUUID,
      sleep: async (ms) => {
        nowMs += ms;
        await sleep(ms);
      },
      lockTimeoutMs: 2000,
      actor: "sign-in:api-oidc",
      sign: () => undefined,
      providerId: provider.id,
      clientId: settings.client ?? client.id,
      age: { issuedAtMs, saidAtMs: issuedAtMs, token: String(claims.jti ?? issuedAtMs) },
      createsUsers: settings.createsUsers ?? true,
    });
  };
  const users = () => kysely.selectFrom("users").selectAll().orderBy("username").execute();
  const memberships = async (origin?: string) =>
    (
      await kysely
        .selectFrom("user_groups")
        .innerJoin("groups", "groups.id", "user_groups.group_id")
        .innerJoin("users", "users.id", "user_groups.user_id")
        .select(["users.username", "groups.name", "user_groups.origin"])
        .orderBy("groups.name")
        .orderBy("users.username")
        .execute()
    )
      .filter((row) => origin === undefined || row.origin === origin)
      .map((row) => `${row.username} ${row.name} ${row.origin}`);
  /** How many statements a sign-in takes under the lock. */
  const statementsOf = async (...args: Parameters<typeof enter>) => {
    statements = 0;
    await enter(...args);
    return statements;
  };
  return { url, database, enter, users, memberships, statementsOf, revision: () => readRevision(kysely) };
}
