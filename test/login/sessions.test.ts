import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { absent, resource } from "../support/run.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { providerOf } from "../verifier/bearer/world.js";
import { type Browser, openBrowser } from "./browser.js";
import { adminClient, localUser, makeWorld, settingsOf, start, type World } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const minute = 60_000;

async function signedIn(world: World): Promise<Browser> {
  const browser = openBrowser();
  expect(await world.signIn(browser)).toMatchObject({ kind: "signed_in" });
  return browser;
}

const rowsOf = (world: World) => world.database.kysely.selectFrom("login_sessions").selectAll().execute();

describe("a session", () => {
  it("says which user a request acts for, and until when", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser();
    const outcome = await world.signIn(browser, "/beheer/tokens?page=2");
    expect(outcome).toMatchObject({ kind: "signed_in", next: "/beheer/tokens?page=2" });
    expect(await world.login.session(browser.header())).toMatchObject({
      principal: { scheme: "session", credential: "admin-oidc", user: { username: "jan@example.nl", isStaff: true } },
      csrfToken: expect.stringMatching(/^[\w-]{43}$/),
      startedAt: new Date(start),
      expiresAt: new Date(start + 30 * minute),
    });
    const kinds = world.events.map(({ kind }) => kind).filter((kind) => kind !== "keys_fetched");
    expect(kinds).toEqual(["started", "user_written", "signed_in"]);
  });

  it("has the permissions of a membership that ends until its end, and not at it", async () => {
    const world = await makeWorld(key, { resources: [resource("group", "tijdelijk", { permissions: ["a.write"] })] });
    const browser = await signedIn(world);
    const { kysely } = world.database;
    const [{ id: user_id }, { id: group_id }] = await Promise.all([
      kysely.selectFrom("users").select("id").executeTakeFirstOrThrow(),
      kysely.selectFrom("groups").select("id").where("name", "=", "tijdelijk").executeTakeFirstOrThrow(),
    ]);
    const until = new Date(start + minute).toISOString();
    await kysely.insertInto("user_groups").values({ user_id, group_id, origin: "config", until }).execute();
    const may = async () => (await world.login.session(browser.header()))?.principal.hasPermission("a.write");
    world.clock = start + minute - 1;
    expect(await may()).toBe(true);
    world.clock = start + minute;
    expect(await may()).toBe(false);
  });

  it("A11.91 updates at the second login what changed", async () => {
    const world = await makeWorld(key);
    await signedIn(world);
    world.provider.person = { ...world.provider.person, family_name: "de Vries", groups: ["lezers"] };
    await signedIn(world);
    const users = await world.database.kysely.selectFrom("users").select(["username", "last_name"]).execute();
    expect(users).toEqual([{ username: "jan@example.nl", last_name: "de Vries" }]);
    const groups = world.database.kysely
      .selectFrom("user_groups")
      .innerJoin("groups", "groups.id", "user_groups.group_id")
      .select("groups.name");
    expect(await groups.execute()).toEqual([{ name: "lezers" }]);
  });

  it("S80 is 256 random bits in the browser, and only their digest in the database", async () => {
    const world = await makeWorld(key);
    const id = (await signedIn(world)).header()?.split("=")[1] ?? "";
    expect(Buffer.from(id, "base64url")).toHaveLength(32);
    const [row] = await rowsOf(world);
    expect(row).toMatchObject({ digest: createHash("sha256").update(id).digest("hex"), client: "admin-oidc" });
    expect(JSON.stringify(row)).not.toContain(id);
    expect(await world.login.session(`__Host-vtb-session=${row?.digest}`)).toBeUndefined();
  });

  it("S80 has a new id after each login; the browser's earlier one is worth nothing any more", async () => {
    const world = await makeWorld(key);
    const browser = await signedIn(world);
    const earlier = browser.header();
    await world.signIn(browser);
    expect(browser.header()).not.toBe(earlier);
    expect(await world.login.session(earlier)).toBeUndefined();
    expect(await world.login.session(browser.header())).toBeDefined();
    expect(world.events).toContainEqual(expect.objectContaining({ kind: "session_ended", reason: "new_login" }));
  });

  it("S80 never accepts an id that an attacker planted (fixation)", async () => {
    const world = await makeWorld(key);
    const browser = openBrowser(new Map([["__Host-vtb-session", "planted".repeat(6)]]));
    await world.signIn(browser);
    expect(browser.header()).not.toContain("planted");
    expect(await world.login.session(`__Host-vtb-session=${"planted".repeat(6)}`)).toBeUndefined();
  });

  it("S80 ends after 30 minutes without a request, and 12 hours after the login in any case", async () => {
    const world = await makeWorld(key);
    const browser = await signedIn(world);
    world.clock += 30 * minute - 1;
    expect(await world.login.session(browser.header())).toBeDefined();
    await noted(world);
    // The very end of half an hour.
    world.clock += 30 * minute;
    expect(await world.login.session(browser.header())).toBeUndefined();
    const busy = await signedIn(world);
    const begun = world.clock;
    // As if there had been requests all day.
    const seen = { seen_at: new Date(begun + 719 * minute).toISOString() };
    await world.database.kysely.updateTable("login_sessions").set(seen).execute();
    world.clock = begun + 720 * minute - 1;
    expect((await world.login.session(busy.header()))?.expiresAt).toEqual(new Date(begun + 720 * minute));
    world.clock = begun + 720 * minute;
    expect(await world.login.session(busy.header())).toBeUndefined();
  });

  it("has the times that the program wants", async () => {
    const world = await makeWorld(key, { login: { idleTimeoutMs: 5 * minute, lifetimeMs: 6 * minute } });
    const browser = await signedIn(world);
    expect((await world.login.session(browser.header()))?.expiresAt).toEqual(new Date(start + 5 * minute));
    world.clock += 5 * minute;
    expect(await world.login.session(browser.header())).toBeUndefined();
  });

  it("writes once a minute that it was used, and leaves what verifiers know alone", async () => {
    const world = await makeWorld(key);
    const browser = await signedIn(world);
    const revision = () => world.database.kysely.selectFrom("setup_state").select("revision").executeTakeFirst();
    const before = await revision();
    for (const [wait, seen] of [
      [59_999, start],
      [1, start + minute],
      [59_999, start + minute],
      [1, start + 2 * minute],
    ] as const) {
      world.clock += wait;
      await Promise.all([1, 2, 3].map(() => world.login.session(browser.header())));
      await expect.poll(async () => (await rowsOf(world))[0]?.seen_at).toBe(new Date(seen).toISOString());
    }
    expect(await revision()).toEqual(before);
  });

  it("is over as soon as the user is out of use, and not when another one is", async () => {
    const world = await makeWorld(key);
    const browser = await signedIn(world);
    await world.apply(localUser("piet", { is_active: false }));
    expect(await world.login.session(browser.header())).toBeDefined();
    await world.apply(localUser("jan@example.nl", { is_active: false }));
    expect(await world.login.session(browser.header())).toBeUndefined();
  });

  it("is over as soon as the user is no staff any more", async () => {
    const world = await makeWorld(key);
    const open = await world.another({ requireStaff: false });
    const browser = await signedIn(world);
    await world.apply(localUser("jan@example.nl", { is_staff: false, is_superuser: false }));
    expect(await world.login.session(browser.header())).toBeUndefined();
    expect(await open.session(browser.header())).toBeDefined();
  });

  it("is over as soon as the client is disabled, and gone with its client", async () => {
    const world = await makeWorld(key);
    const browser = await signedIn(world);
    await world.apply(adminClient({ enabled: false }));
    expect(await world.login.session(browser.header())).toBeUndefined();
    await world.apply(adminClient());
    expect(await world.login.session(browser.header())).toBeDefined();
    await world.apply(absent("oidc_client", "admin-oidc"));
    expect(await rowsOf(world)).toEqual([]);
    expect(await world.login.session(browser.header())).toBeUndefined();
  });

  it("S63 ends with all others of its user when the program says so, and nobody else's does", async () => {
    const world = await makeWorld(key);
    const browsers = [await signedIn(world), await signedIn(world)];
    const { id } = (await world.login.session(browsers[0]?.header()))?.principal.user ?? { id: "" };
    world.provider.person = { ...world.provider.person, sub: "another", email: "piet@example.nl" };
    const other = await signedIn(world);
    expect(await world.login.endSessionsOf(id)).toBe(2);
    for (const browser of browsers) expect(await world.login.session(browser.header())).toBeUndefined();
    expect(await world.login.session(other.header())).toBeDefined();
    expect(world.events).toContainEqual({ kind: "session_ended", client: "admin-oidc", userId: id, reason: "revoked" });
    expect(await world.login.endSessionsOf(id)).toBe(0);
  });

  it("sees a permission that was given meanwhile", async () => {
    const world = await makeWorld(key, { client: settingsOf({}, { claim_mapping: [] }) });
    const browser = await signedIn(world);
    const may = async () =>
      (await world.login.session(browser.header()))?.principal.hasPermission("taken.view_externetaak");
    expect(await may()).toBe(false);
    const { id } = await world.database.kysely.selectFrom("users").select("id").executeTakeFirstOrThrow();
    const row = { user_id: id, permission: "taken.view_externetaak", origin: "manual" } as const;
    await world.database.kysely.insertInto("user_permissions").values(row).execute();
    expect(await may()).toBe(true);
  });

  it("is known to every process, with its forms, whatever the secret there, and belongs to one client", async () => {
    const world = await makeWorld(key);
    const browser = await signedIn(world);
    const [same, client, secret] = await Promise.all([
      world.another(),
      world.another({ client: "second-oidc" }),
      world.another({ sessionSecret: "a-secret-that-was-changed-meanwhile-77ab31" }),
    ]);
    const session = await world.login.session(browser.header());
    expect((await same.session(browser.header()))?.csrfToken).toBe(session?.csrfToken);
    expect(await client.session(browser.header())).toBeUndefined();
    expect((await secret.session(browser.header()))?.csrfToken).toBe(session?.csrfToken);
    const other = await world.login.session((await signedIn(world)).header());
    expect(other?.csrfToken).not.toBe(session?.csrfToken);
  });

  it("takes rows of ended sessions and spent states away at later logins", async () => {
    const world = await makeWorld(key);
    await signedIn(world);
    world.clock += 48 * 60 * minute;
    await signedIn(world);
    expect(await rowsOf(world)).toHaveLength(1);
    expect(await world.database.kysely.selectFrom("login_states").selectAll().execute()).toHaveLength(1);
  });

  it.each([undefined, "", "__Host-vtb-session", "__Host-vtb-session=", "__host-vtb-session=x; a=b"])(
    "is not there for a Cookie header of %j",
    async (header) => {
      const world = await makeWorld(key);
      expect(await world.login.session(header)).toBeUndefined();
    },
  );
});

describe("a logout", () => {
  it("S82 ends the session and goes to the provider's logout with the ID token and the registered page", async () => {
    const back = "https://beheer.example.nl/";
    const world = await makeWorld(key, { login: { postLogoutRedirectUri: back } });
    const browser = await signedIn(world);
    const cookie = browser.header();
    const { location, cookies } = await world.login.logout(cookie);
    const url = new URL(location);
    expect(url.origin + url.pathname).toBe(`${world.provider.issuer}/logout`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: "admin",
      post_logout_redirect_uri: back,
      id_token_hint: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
    });
    const [, payload] = url.searchParams.get("id_token_hint")?.split(".") ?? [];
    expect(JSON.parse(Buffer.from(payload ?? "", "base64url").toString())).toMatchObject({ sub: "s-jan" });
    browser.take(cookies);
    expect(browser.names()).toEqual([]);
    expect(await world.login.session(cookie)).toBeUndefined();
    expect(await rowsOf(world)).toEqual([]);
    expect(world.events.at(-1)).toMatchObject({ kind: "session_ended", reason: "logout" });
  });

  it("A11.98 goes home where the provider has no logout, and the second time", async () => {
    const world = await makeWorld(key, { provider: { logout_endpoint: null } });
    const browser = await signedIn(world);
    expect((await world.login.logout(browser.header())).location).toBe("/");
    expect((await world.login.logout(browser.header())).location).toBe("/");
    expect((await world.login.logout(undefined)).location).toBe("/");
  });

  it("S82 goes to the logout endpoint of discovery, also in a process that has not handled a login", async () => {
    const world = await makeWorld(key, { provider: { logout_endpoint: null } });
    const { issuer } = world.provider;
    world.provider.metadata = { end_session_endpoint: `${issuer}/end` };
    await world.apply(providerOf(world.provider, "idp", { logout_endpoint: null, discovery_endpoint: issuer }));
    const browser = await signedIn(world);
    const restarted = await world.another();
    expect((await restarted.logout(browser.header())).location).toMatch(new RegExp(`^${issuer}/end\\?`));
  });

  it("F64 S82: posts an ID token that makes the URL longer than 2,000 characters, and leaves out one of another secret", async () => {
    const world = await makeWorld(key);
    const changed = await world.another({ sessionSecret: "a-secret-that-was-changed-meanwhile-77ab31" });
    const browser = await signedIn(world);
    const { searchParams } = new URL((await changed.logout(browser.header())).location);
    expect([searchParams.get("client_id"), searchParams.has("id_token_hint")]).toEqual(["admin", false]);
    for (const [length, isPosted] of [
      [500, false],
      [1500, true],
      [8000, true],
    ] as const) {
      world.provider.idClaims = { picture: "p".repeat(length) };
      const { location, form } = await world.login.logout((await signedIn(world)).header());
      expect(location.length).toBeLessThanOrEqual(2000);
      expect([new URL(location).searchParams.has("id_token_hint"), form !== undefined]).toEqual([!isPosted, isPosted]);
      if (!form) continue;
      expect(form.action).toBe(`${world.provider.issuer}/logout`);
      expect(form.fields).toEqual({
        client_id: "admin",
        id_token_hint: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      });
    }
  });
});

/** Waits until it is written that the session was used. */
async function noted(world: World): Promise<void> {
  const at = new Date(world.clock).toISOString();
  await expect.poll(async () => (await rowsOf(world)).some(({ seen_at }) => seen_at === at)).toBe(true);
}
