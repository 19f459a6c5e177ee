import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimedAccess } from "../../src/access/claimed-access.js";
import { hasPermission, isUserActive, userAccess } from "../../src/access/effective.js";
import type { AccessFacts, ClientFacts } from "../../src/access/facts.js";
import { holdersOf, rightsOfToken, rightsOfUser } from "../../src/access/listing.js";
import { readAccessFacts } from "../../src/access/read-facts.js";
import { explainAccess, type Why } from "../../src/access/why.js";
import { apply } from "../../src/apply/apply.js";
import { createWriter } from "../../src/database/live-database.js";
import { openDatabase } from "../../src/database/open.js";
import type { JsonObject } from "../../src/oidc/jwt/json-object.js";
import type { Attributes, PlainValue, Resource } from "../../src/plan/resource.js";
import { readExternalIdentity } from "../../src/users/external-identity.js";
import { mapClaims } from "../../src/users/map-claims.js";
import { provisionUser } from "../../src/users/provision-user.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { token, user } from "../verifier/verifier-world.js";
import { groupNames, issuer, openWorldParts, permissions, resourcesOf, worldParts } from "./worlds.js";

const asked = [...permissions, "taken.other"];

/** Whatever is said of the way agrees with the answer. */
function checkLinks({ isAllowed, links }: Why): void {
  const effects = links.map(({ effect }) => effect);
  expect(effects.includes("stops")).toBe(!isAllowed);
  if (isAllowed) expect(effects).toContain("gives");
}

async function factsOf(...resources: readonly Resource[]): Promise<AccessFacts> {
  const url = await migratedDatabase();
  await apply(configurationOf(...resources), runOptions(url));
  return readAccessFacts((await openForTest(url)).kysely);
}

function named<Fact>(facts: ReadonlyMap<string, Fact>, isIt: (fact: Fact) => boolean): Fact {
  const found = [...facts.values()].find(isIt);
  if (!found) throw new Error("no such row");
  return found;
}

const short = ({ isAllowed, links }: Why) => [isAllowed, links.map(({ kind, effect }) => `${kind} ${effect}`)] as const;

describe("why a principal may do something", () => {
  it("is answered as the lists of access do, for every user, token and permission", { timeout: 300_000 }, async () => {
    const url = await migratedDatabase();
    const { kysely } = await openForTest(url);
    const check = async (parts: Parameters<typeof resourcesOf>[0], isDeactivated: boolean) => {
      await apply(configurationOf(...resourcesOf(parts)), runOptions(url));
      const deactivatedAt = isDeactivated ? "2026-01-01T00:00:00.000Z" : null;
      await kysely.updateTable("users").set({ deactivated_at: deactivatedAt }).where("username", "=", "piet").execute();
      const facts = await readAccessFacts(kysely);
      const nowMs = Date.now();
      for (const permission of asked) {
        const { users, tokens } = holdersOf(facts, permission, nowMs);
        for (const one of facts.users.values()) {
          if (one.isService) continue;
          const why = explainAccess(facts, { kind: "user", user: one }, permission, nowMs);
          checkLinks(why);
          expect(why.isAllowed).toBe(hasPermission(rightsOfUser(facts, one, nowMs).access, permission));
          expect(users.some((holder) => holder.user === one)).toBe(why.isAllowed);
        }
        for (const one of facts.tokens.values()) {
          const why = explainAccess(facts, { kind: "token", token: one }, permission, nowMs);
          checkLinks(why);
          expect(why.isAllowed).toBe(hasPermission(rightsOfToken(facts, one, nowMs).access, permission));
          expect(tokens.some((holder) => holder.token === one)).toBe(why.isAllowed);
        }
      }
    };
    await fc.assert(fc.asyncProperty(worldParts, fc.boolean(), check), { numRuns: 25 });
  });

  it("names each thing on the way, in its order", async () => {
    const facts = await factsOf(
      resource("group", "lezers", { permissions: ["taken.view"] }),
      resource("group", "oud", { permissions: ["taken.view"] }),
      user("jan", {
        groups: ["lezers", "oud"],
        groups_until: { oud: "2020-01-01T00:00:00.000Z" },
        permissions: ["taken.view", "taken.add"],
      }),
      token("t1", "t1".padEnd(40, "x7Kq2"), { user: "jan", permissions: ["taken.view"] }),
    );
    const t1 = named(facts.tokens, ({ identifier }) => identifier === "t1");
    const ask = (permission: string) => explainAccess(facts, { kind: "token", token: t1 }, permission, Date.now());
    const why = ask("taken.view");
    expect(short(why)).toEqual([
      true,
      ["acts_as passes", "narrowing passes", "own gives", "group gives", "group ended"],
    ]);
    expect(
      why.links.map(({ causes }) => causes.map(({ kind, key, attribute, item }) => [kind, key, attribute, item])),
    ).toEqual([
      [["api_token", "t1", "user", undefined]],
      [["api_token", "t1", "permissions", "taken.view"]],
      [["user", "jan", "permissions", "taken.view"]],
      [
        ["user", "jan", "groups", "lezers"],
        ["group", "lezers", "permissions", "taken.view"],
      ],
      [
        ["user", "jan", "groups", "oud"],
        ["group", "oud", "permissions", "taken.view"],
      ],
    ]);
    expect(short(ask("taken.add"))).toEqual([false, ["acts_as passes", "narrowing stops", "own gives"]]);
    expect(short(ask("taken.delete"))).toEqual([false, ["acts_as passes", "narrowing stops", "not_given stops"]]);
  });

  it("names everything that stops a token, the verifier's reason first", async () => {
    const facts = await factsOf(
      user("jan", { is_active: false, permissions: ["taken.view"] }),
      token("t1", "t1".padEnd(40, "x7Kq2"), {
        user: "jan",
        permissions: null,
        enabled: false,
        expires_at: "2020-01-01T00:00:00.000Z",
      }),
      token("own", "own".padEnd(40, "x7Kq2"), { permissions: ["taken.view"] }),
    );
    const why = (identifier: string) => {
      const found = named(facts.tokens, (one) => one.identifier === identifier);
      return explainAccess(facts, { kind: "token", token: found }, "taken.view", Date.now());
    };
    const { isAllowed, links } = why("t1");
    expect(isAllowed).toBe(false);
    expect(links.map((link) => (link.kind === "token_state" ? link.state : link.kind))).toEqual([
      "disabled",
      "expired",
      "acts_as",
      "inactive",
      "own",
    ]);
    expect(short(why("own"))).toEqual([true, ["own gives"]]);
  });
});

const subjects = ["s1", "s2", "s3"];
const people = fc.record(
  {
    iss: fc.constantFrom(...Array(7).fill(issuer), "https://elsewhere.example"),
    sub: fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...subjects) }, { weight: 1, arbitrary: fc.constant(7) }),
    name: fc.constantFrom("jan", "jan", "piet", "els", "new", "new", "JAN", "j\u0430n", "t1", ""),
    groups: fc.oneof(fc.subarray([...groupNames, "beheer", "made"]), fc.constantFrom("g1", 7, null)),
    boss: fc.constantFrom(true, false, "true"),
    client_id: fc.constantFrom("api", "s1"),
  },
  { requiredKeys: ["iss", "sub", "client_id", "name", "groups"] },
);

const signIns = fc.constantFrom<Attributes>(
  {},
  {},
  { sign_in_provider: "idp", sign_in_subject: null },
  { sign_in_provider: "idp", sign_in_subject: "s1" },
);

const accounts = fc.record({ signIn: signIns, email: fc.constantFrom("", "a@example.nl") });

describe("what claims give", () => {
  it("is what signing in with them does", { timeout: 300_000 }, async () => {
    const url = await migratedDatabase();
    const database = await openForTest(url);
    let seconds = 0;
    const signIn = async (facts: AccessFacts, client: ClientFacts, claims: JsonObject) => {
      const identity = readExternalIdentity(String(claims.iss), claims);
      if (claims.iss !== issuer) return "wrong_issuer";
      if (!identity) return "subject_invalid";
      const mapped = mapClaims(client.mapping, claims);
      if (mapped.kind === "rejected") return mapped.reason;
      seconds += 1;
      const atMs = Date.now() + seconds * 1000;
      const given = await provisionUser(identity, mapped, {
        database,
        writer: createWriter(() => openDatabase(url, "write")),
        now: Date.now,
        newId: randomUUID,
        sleep: async () => {},
        lockTimeoutMs: 5000,
        actor: "test",
        sign: () => undefined,
        clientId: client.id,
        providerId: client.providerId,
        age: { issuedAtMs: atMs, saidAtMs: atMs, token: String(seconds) },
        createsUsers: true,
      });
      if (given.kind === "rejected") return given.reason;
      const after = await readAccessFacts(database.kysely);
      const found = after.users.get(given.userId);
      if (!found || !isUserActive(found)) return "inactive";
      const { isSuperuser, isStaff, permissions: held } = userAccess(after, found, Date.now());
      const isKnown = facts.users.has(given.userId);
      return { isKnown, username: found.username, isSuperuser, isStaff, permissions: [...held.keys()].sort() };
    };
    const check = async (
      { client, ...parts }: Parameters<typeof resourcesOf>[0],
      [jan, piet]: readonly { readonly signIn: Attributes; readonly email: string }[],
      claims: readonly JsonObject[],
    ) => {
      const options = client?.options as { readonly groups_settings: PlainValue };
      const claim_mappings = { username: ["name"], is_superuser: ["boss"] };
      const settings = { username_case_sensitive: parts.users.jan?.is_staff === true, claim_mappings };
      const all = { ...options, user_settings: settings };
      const withSignIn = (name: string, more: typeof jan) => {
        const { until: _, ...given } = parts.users[name] ?? { until: null };
        return user(name, { ...given, groups_until: {}, email: more?.email ?? "", ...more?.signIn });
      };
      const resources = resourcesOf({ ...parts, client: undefined }).filter(
        ({ kind, key }) => kind !== "oidc_provider" && kind !== "oidc_client" && !(kind === "user" && key !== "els"),
      );
      await database.kysely.deleteFrom("users").where("owner", "is", null).where("is_service", "=", 0).execute();
      await database.kysely.updateTable("users").set({ issuer: null, subject: null }).execute();
      await apply(
        configurationOf(
          ...resources,
          providerOf({ issuer }),
          clientOf({ options: all }),
          withSignIn("jan", jan),
          withSignIn("piet", piet),
        ),
        runOptions(url),
      );
      for (const one of claims) {
        const facts = await readAccessFacts(database.kysely);
        const api = named(facts.clients, ({ identifier }) => identifier === "api-oidc");
        const claimed = await claimedAccess(facts, api, one);
        const given = await signIn(facts, api, one);
        if (typeof given === "string") {
          if (claimed.kind === "rejected") expect(claimed.reason).toBe(given);
          else
            expect([given, userAccess(claimed.facts, claimed.user, Date.now()).permissions.size]).toEqual([
              "inactive",
              0,
            ]);
        } else {
          if (claimed.kind === "rejected") throw new Error(`${claimed.reason} but ${JSON.stringify(given)}`);
          const access = userAccess(claimed.facts, claimed.user, Date.now());
          expect({
            isKnown: claimed.account !== "new",
            username: given.username,
            isSuperuser: access.isSuperuser,
            isStaff: access.isStaff,
            permissions: [...access.permissions.keys()].sort(),
          }).toEqual(given);
        }
        for (const permission of asked) {
          const why = explainAccess(facts, { kind: "claims", claimed }, permission, Date.now());
          checkLinks(why);
          const isGiven = typeof given !== "string" && (given.isSuperuser || given.permissions.includes(permission));
          expect(why.isAllowed).toBe(isGiven);
        }
      }
    };
    const some = fc.array(people, { minLength: 4, maxLength: 8 });
    const property = fc.asyncProperty(openWorldParts, fc.tuple(accounts, accounts), some, check);
    await fc.assert(property, { numRuns: 30 });
  });
});
