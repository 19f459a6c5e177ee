import { beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { noticeChange } from "../support/databases.js";
import { makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { providerOf } from "../verifier/bearer/world.js";
import { openBrowser } from "./browser.js";
import { adminClient, clientSecret, localUser, makeWorld, password, sessionSecret, start } from "./world.js";

let key: TestKey;
beforeAll(async () => {
  key = await makeKey("RS256");
});

const iso = (ms: number) => new Date(ms).toISOString();

describe("login.status()", () => {
  it("shows the client, and the provider once somebody signed in, without asking the provider", async () => {
    const world = await makeWorld(key);
    const { login, provider } = world;
    const { revision } = await world.database.kysely
      .selectFrom("setup_state")
      .select("revision")
      .executeTakeFirstOrThrow();
    const client = { client: "admin-oidc", provider: provider.issuer };
    const before = await login.status();
    expect(before).toEqual({
      isReady: true,
      database: {
        isReachable: true,
        revision,
        lastRun: { id: expect.any(String), at: expect.any(String) },
        pools: expect.any(Array),
      },
      client: { ...client, state: "pending" },
    });
    // Later than the run that wrote the client.
    const signedInMs = Date.now() + 60_000;
    world.clock = signedInMs;
    expect((await world.signIn()).kind).toBe("signed_in");
    world.clock += 5500;
    const after = await login.status();
    expect(after.client).toEqual({ ...client, state: "usable", keySource: "fetched" });
    expect(after.provider).toEqual({
      issuer: provider.issuer,
      keys: { count: 1, fetchedAt: iso(signedInMs), ageSeconds: 5 },
    });
    // The sign-in wrote its user.
    expect(after.database.lastRun?.id).not.toBe(before.database.lastRun?.id);
    expect(JSON.parse(JSON.stringify(after))).toEqual(after);
  });

  it("shows a client that was disabled, is missing, or has no usable secret, as the database has it now", async () => {
    const world = await makeWorld(key);
    await world.signIn();
    const row = providerOf(world.provider, "idp", { logout_endpoint: `${world.provider.issuer}/logout` });
    const state = async () => (await world.login.status()).client?.state;
    await world.apply(row, adminClient({ enabled: false }));
    await noticeChange();
    expect(await state()).toBe("disabled");
    await world.apply(row, adminClient({ sign_algo: "HS256", client_secret: new Secret("short") }));
    await noticeChange();
    expect((await world.login.status()).client).toMatchObject({
      state: "unusable",
      message: expect.stringContaining("shorter than the 32 bytes"),
    });
    const other = await world.another({ client: "nobody" });
    expect((await other.status()).client).toEqual({ client: "nobody", state: "missing" });
  });

  it("stays ready while the provider is down, and sessions and passwords go on", async () => {
    const world = await makeWorld(key, { resources: [localUser("noodgeval", password("a-password-for-emergencies"))] });
    const browser = openBrowser();
    await world.signIn(browser);
    await world.provider.close();
    await world.login.refreshKeys();
    const { isReady, provider } = await world.login.status();
    expect(isReady).toBe(true);
    expect(provider).toMatchObject({
      lastFailure: { endpoint: "keys", at: iso(start) },
      pausedUntil: iso(start + 1000),
    });
    expect(provider).not.toHaveProperty("keys");
    expect(await world.login.session(browser.header())).toBeDefined();
    const request = { username: "noodgeval", password: "a-password-for-emergencies" };
    expect((await world.login.signInWithPassword(request, undefined)).kind).toBe("signed_in");
  });

  it("is not ready while the database can't be used, and throws nothing", async () => {
    const { login, database } = await makeWorld(key);
    await database.kysely.schema.dropTable("setup_migrations").execute();
    await database.kysely.updateTable("setup_state").set({ revision: 9999 }).execute();
    await noticeChange();
    const status = await login.status();
    expect(status).toMatchObject({
      isReady: false,
      database: { isReachable: false, lastFailure: { code: "DATABASE_OLDER" } },
    });
    expect(status).not.toHaveProperty("client");
    await login.close();
    expect((await login.status()).isReady).toBe(false);
  });

  it("S89 holds no secret", async () => {
    const world = await makeWorld(key, { resources: [localUser("jan", password("a-password-canary"))] });
    const browser = openBrowser();
    await world.signIn(browser);
    await world.provider.close();
    await world.login.refreshKeys();
    const text = JSON.stringify(await world.login.status());
    const cookie = browser.header()?.split("=")[1] ?? "";
    expect(cookie.length).toBeGreaterThan(20);
    for (const secret of [clientSecret, sessionSecret, "a-password-canary", cookie]) expect(text).not.toContain(secret);
  });
});
