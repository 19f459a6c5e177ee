import { beforeAll, describe, expect, it } from "vitest";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { localUser, makeWorld, settingsOf, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const byName = { claim_mappings: { username: ["name"], email: ["email"] } };
const plain = { is_superuser: false, is_staff: false };

function enter(world: World, sub: string, name: unknown, email = "x@example.nl") {
  world.provider.person = { sub, name, email };
  return world.signIn();
}

const usersOf = (world: World) =>
  world.database.kysely.selectFrom("users").select(["username", "email", "subject"]).orderBy("username").execute();

describe("people who are nearly the same", () => {
  it("A11.95 may have the same e-mail address and stay two users", async () => {
    const world = await makeWorld(key, { client: settingsOf(byName) });
    expect(await enter(world, "s1", "jan", "zelfde@example.nl")).toMatchObject({ kind: "signed_in" });
    expect(await enter(world, "s2", "piet", "zelfde@example.nl")).toMatchObject({ kind: "signed_in" });
    expect(await usersOf(world)).toEqual([
      { username: "jan", email: "zelfde@example.nl", subject: "s1" },
      { username: "piet", email: "zelfde@example.nl", subject: "s2" },
    ]);
  });

  it("don't get each other's user by the same e-mail address as username", async () => {
    const world = await makeWorld(key);
    world.provider.person = { sub: "s1", email: "zelfde@example.nl" };
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
    world.provider.person = { sub: "s2", email: "zelfde@example.nl" };
    expect(await world.signIn()).toMatchObject({ status: 403, code: "user_refused" });
    expect(world.reasons()).toEqual(["username_taken"]);
  });

  it("A11.83 differ by case alone: one user where case does not count, two where it does", async () => {
    const resources = [localUser("ADMIN", plain)];
    const folded = await makeWorld(key, {
      resources,
      client: settingsOf({ ...byName, username_case_sensitive: false }),
    });
    expect(await enter(folded, "s1", "admin")).toMatchObject({ principal: { user: { username: "ADMIN" } } });
    expect(await enter(folded, "s2", "Admin")).toMatchObject({ code: "user_refused" });
    const noStaff = { login: { requireStaff: false }, client: settingsOf(byName, { make_users_staff: false }) };
    const exact = await makeWorld(key, { resources, ...noStaff });
    expect(await enter(exact, "s1", "admin")).toMatchObject({ principal: { user: { username: "admin" } } });
    expect(await enter(exact, "s2", "Admin")).toMatchObject({ principal: { user: { username: "Admin" } } });
  });

  it("F1: nobody becomes a superuser by the name alone: the page says what to ask for", async () => {
    const world = await makeWorld(key, {
      resources: [localUser("noodtoegang"), localUser("jan", plain), localUser("els", { sign_in_provider: "idp" })],
      client: settingsOf(byName),
    });
    expect(await enter(world, "s1", "noodtoegang")).toMatchObject({
      status: 403,
      code: "user_not_linked",
      title: "Account niet gekoppeld",
      action: expect.stringContaining("sign_in"),
    });
    expect(world.reasons()).toEqual(["sign_in_missing"]);
    expect(await enter(world, "s2", "jan")).toMatchObject({ principal: { user: { username: "jan" } } });
    expect(await enter(world, "s3", "els")).toMatchObject({ principal: { user: { isSuperuser: true } } });
    const links = world.events.flatMap((event) => (event.kind === "user_linked" ? event.by : []));
    expect(links).toEqual(["name", "sign_in"]);
  });

  it.each([
    { what: "full-width letters, which NFKC takes for the usual ones", name: "ａｄｍｉｎ" },
    { what: "a Cyrillic letter that looks the same", name: "аdmin" },
    { what: "a ligature", name: "admıﬁn".replace("ı", "i"), existing: "admifin" },
  ])("S40 nobody becomes an existing user by $what", async ({ name, existing = "admin" }) => {
    const world = await makeWorld(key, { resources: [localUser(existing, plain)], client: settingsOf(byName) });
    expect(await enter(world, "s1", name)).toMatchObject({ status: 403, code: "user_refused" });
    expect(world.reasons()).toEqual(["username_confusable"]);
    expect(await enter(world, "s1", existing)).toMatchObject({ principal: { user: { username: existing } } });
  });

  it.each([
    { name: "a".repeat(256), twin: "a".repeat(255) },
    // One character that NFKC expands to eighteen.
    { name: "\ufdfa".repeat(15), twin: "\ufdfa".repeat(14) },
    { name: "jan\u0000", twin: "jan" },
    { name: "jan\u202e", twin: "jan2" },
    { name: " jan", twin: "jan 3" },
    { name: "", twin: "0" },
    { name: { a: 1 }, twin: 17 },
    { name: ["jan"], twin: "ján" },
  ])("a username of $name.length characters that can't be kept crashes nothing", async ({ name, twin }) => {
    const world = await makeWorld(key, { client: settingsOf(byName) });
    expect(await enter(world, "s1", name)).toMatchObject({ status: 403, code: "user_refused" });
    expect(await usersOf(world)).toEqual([]);
    expect(await enter(world, "s1", twin)).toMatchObject({ kind: "signed_in" });
  });

  it("A11.90 without a username claim there is no user", async () => {
    const world = await makeWorld(key, { client: settingsOf(byName) });
    expect(await enter(world, "s1", undefined)).toMatchObject({ code: "user_refused" });
    expect(world.reasons()).toEqual(["username_missing"]);
  });

  it("S39 an address that the provider has not verified does not become a username, unless that is allowed", async () => {
    const mapping = { claim_mappings: { username: ["email"] } };
    const world = await makeWorld(key, { client: settingsOf({ ...mapping, allow_unverified_email: false }) });
    world.provider.person = { sub: "s1", email: "jan@example.nl", email_verified: "true" };
    expect(await world.signIn()).toMatchObject({ code: "user_refused" });
    world.provider.person = { sub: "s1", email: "jan@example.nl", email_verified: true };
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
    expect(world.reasons()).toEqual(["email_unverified"]);
  });

  it("F61 a person keeps the account after the provider moved where the file says so, and not otherwise", async () => {
    const former = "https://former.example";
    for (const { issuers, outcome } of [
      { issuers: [former], outcome: { kind: "signed_in" } },
      { issuers: ["https://x.example"], outcome: { code: "user_refused" } },
    ]) {
      const world = await makeWorld(key, { client: settingsOf(byName), provider: { former_issuers: issuers } });
      expect(await enter(world, "s1", "jan")).toMatchObject({ kind: "signed_in" });
      await world.database.kysely.updateTable("users").set({ issuer: former }).execute();
      expect(await enter(world, "s1", "jan")).toMatchObject(outcome);
    }
  });

  it.each(["id_token", "userinfo_endpoint"])(
    "F57 a person with more groups than the provider sends is refused with a page that says so, by the claims of %s",
    async (source) => {
      const asking = { userinfo_claims_source: source };
      const world = await makeWorld(key, { client: { ...settingsOf(byName), ...asking } });
      world.provider.person = { sub: "s1", name: "jan", hasgroups: true };
      expect(await world.signIn()).toMatchObject({ status: 403, code: "groups_overage", title: "Groepen onbekend" });
      const hint = expect.stringMatching(/on_overage: keep/);
      expect(world.events).toContainEqual(
        expect.objectContaining({ reason: "groups_overage", claim: "[groups]", hint }),
      );
      expect(await usersOf(world)).toEqual([]);
      world.provider.person = { sub: "s1", name: "jan", groups: [] };
      expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
      const kept = { ...settingsOf(byName, { on_overage: "keep" }), ...asking };
      const keeping = await makeWorld(key, { client: kept });
      keeping.provider.person = { sub: "s1", name: "jan", _claim_names: { groups: "src1" } };
      expect(await keeping.signIn()).toMatchObject({ kind: "signed_in" });
      expect(keeping.events).toContainEqual(expect.objectContaining({ kind: "groups_kept", client: "admin-oidc" }));
    },
  );

  it.each(["id_token", "userinfo_endpoint"])(
    "F56 a browser login reports groups that %s does not give and a name that is too long, with the claim that is to blame",
    async (source) => {
      const mappings = { claim_mappings: { ...byName.claim_mappings, first_name: ["given_name"] } };
      const client = {
        ...settingsOf(mappings, { claim_mapping: ["realm_access", "roles"] }),
        userinfo_claims_source: source,
      };
      const world = await makeWorld(key, { client });
      const reported = () => world.events.filter(({ kind }) => kind.startsWith("groups_") || kind === "claim_ignored");
      world.provider.person = { sub: "s1", name: "jan", given_name: "Jan", realm_access: { roles: [] } };
      expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
      expect(reported()).toEqual([]);
      world.provider.person = { sub: "s1", name: "jan", given_name: "J".repeat(1000) };
      expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
      expect(reported()).toMatchObject([
        { kind: "claim_ignored", client: "admin-oidc", claim: "[given_name]" },
        { kind: "groups_claim_missing", client: "admin-oidc", claim: "[realm_access, roles]", found: "nothing" },
      ]);
      world.provider.person = { sub: "s1", name: "jan", given_name: 7 };
      expect(await world.signIn()).toMatchObject({ code: "user_refused" });
      expect(world.events).toContainEqual(
        expect.objectContaining({ reason: "claim_invalid", claim: "[given_name]", found: "a number" }),
      );
    },
  );

  it("F4 S100: a login whose ID token is older than the last one changes nothing, and gets in", async () => {
    const world = await makeWorld(key, { client: settingsOf(byName) });
    expect(await enter(world, "s1", "jan", "new@example.nl")).toMatchObject({ kind: "signed_in" });
    world.provider.idClaims = { iat: world.clock / 1000 - 20 };
    expect(await enter(world, "s1", "jan", "old@example.nl")).toMatchObject({ kind: "signed_in" });
    expect(await usersOf(world)).toEqual([{ username: "jan", email: "new@example.nl", subject: "s1" }]);
    expect(world.events).toContainEqual(expect.objectContaining({ kind: "claims_stale", client: "admin-oidc" }));
    world.provider.idClaims = { iat: world.clock / 1000 + 1 };
    expect(await enter(world, "s1", "jan", "newest@example.nl")).toMatchObject({ kind: "signed_in" });
    expect(await usersOf(world)).toMatchObject([{ email: "newest@example.nl" }]);
  });

  it("twenty simultaneous logins of one new person create one user", async () => {
    const world = await makeWorld(key);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => world.signIn()));
    expect(world.reasons()).toEqual([]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 20 }, () => "signed_in"));
    expect(await usersOf(world)).toHaveLength(1);
  });
});
