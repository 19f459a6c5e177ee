import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { makeCertificates } from "../support/certificates.js";
import { serve } from "../support/http-server.js";
import { temporaryFolder } from "../support/run.js";
import { json, makeKey, type TestKey } from "../verifier/bearer/issuer.js";
import { providerOf } from "../verifier/bearer/world.js";
import { openBrowser } from "./browser.js";
import { startFakeProvider } from "./fake-provider.js";
import { adminClient, clientSecret, makeWorld, redirectUri, settingsOf, start, type WorldOptions } from "./world.js";

let rsa: TestKey;
let ec: TestKey;
beforeAll(async () => {
  [rsa, ec] = await Promise.all([makeKey("RS256"), makeKey("ES256")]);
});

/** The query of the URL that a browser is sent to. */
async function sentWith(options: WorldOptions): Promise<URLSearchParams> {
  const world = await makeWorld(rsa, options);
  return (await world.begin(openBrowser())).searchParams;
}

describe("F62 a provider that publishes only issuer and keys", () => {
  const undiscovered = { authorization_endpoint: null, token_endpoint: null, userinfo_endpoint: null };
  /** A login whose provider was stored with `--offline`. */
  const makeKeysAlone = async (more: object = {}) => {
    const idp = await startFakeProvider(rsa, () => start);
    onTestFinished(() => idp.close());
    idp.onDiscovery = (response) => json(response, { issuer: idp.issuer, jwks_uri: `${idp.issuer}/jwks` });
    const provider = { ...undiscovered, issuer: idp.issuer, discovery_endpoint: idp.issuer, jwks_endpoint: null };
    return { idp, world: await makeWorld(rsa, { provider: { ...provider, ...more } }) };
  };

  it("is a mistake of the configuration, not an outage", async () => {
    const { world } = await makeKeysAlone();
    expect(await world.login.start()).toMatchObject({ kind: "refused", code: "not_configured" });
    expect(world.reasons()).toEqual(["client_incomplete"]);
  });

  it("signs people in by the endpoints that are written", async () => {
    const written = { authorization_endpoint: "https://idp.example/auth", token_endpoint: "https://idp.example/token" };
    const { world } = await makeKeysAlone(written);
    expect((await world.begin(openBrowser())).origin).toBe("https://idp.example");
  });
});

describe("what a login sends to the provider", () => {
  it("I13 S71 S78 asks for a code at the configured callback, with PKCE S256 and the configured scopes", async () => {
    const world = await makeWorld(rsa, { client: { scopes: ["openid", "profile", "roles"] } });
    const url = await world.begin(openBrowser());
    expect(url.origin + url.pathname).toBe(`${world.provider.issuer}/auth`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "admin",
      redirect_uri: redirectUri,
      scope: "openid profile roles",
      state: expect.stringMatching(/^\w{32}$/),
      nonce: expect.stringMatching(/^\w{32}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
  });

  it("S71 proves with a verifier of 43 to 128 characters that it asked for the code, and with a new one each time", async () => {
    const world = await makeWorld(rsa);
    const browser = openBrowser();
    const first = await world.begin(browser);
    const second = await world.begin(browser);
    expect(first.searchParams.get("code_challenge")).not.toBe(second.searchParams.get("code_challenge"));
    await world.end(browser, world.provider.authorize(first.href));
    const verifier = world.provider.tokenRequests()[0]?.form.get("code_verifier") ?? "";
    expect(verifier).toMatch(/^[A-Za-z0-9]{43,128}$/);
    expect(createHash("sha256").update(verifier).digest("base64url")).toBe(first.searchParams.get("code_challenge"));
  });

  it("keeps what the authorization endpoint has in its own query", async () => {
    const provider = { authorization_endpoint: "https://idp.example/auth?tenant=a" };
    const query = await sentWith({ provider });
    expect([query.get("tenant"), query.get("client_id")]).toEqual(["a", "admin"]);
  });

  it.each([
    { provider: true, client: false, sent: false },
    { provider: false, client: null, sent: false },
    { provider: false, client: true, sent: true },
  ])(
    "oidc_use_pkce: a provider's $provider and a client's $client send it: $sent",
    async ({ provider, client, sent }) => {
      const world = await makeWorld(rsa, { provider: { use_pkce: provider }, client: { use_pkce: client } });
      const browser = openBrowser();
      const url = await world.begin(browser);
      expect(url.searchParams.has("code_challenge")).toBe(sent);
      expect(await world.end(browser, world.provider.authorize(url.href))).toMatchObject({ kind: "signed_in" });
      expect(world.provider.tokenRequests()[0]?.form.has("code_verifier")).toBe(sent);
      const warned = world.events.some((event) => event.kind === "weakened" && event.message.includes("PKCE"));
      expect(warned).toBe(!sent);
    },
  );

  it("S71 warns where the provider does not list S256, once", async () => {
    const world = await makeWorld(rsa, { provider: { discovery_endpoint: null } });
    world.provider.metadata = { code_challenge_methods_supported: ["plain"] };
    await world.apply(providerOf(world.provider, "idp", { discovery_endpoint: world.provider.issuer }));
    await world.signIn();
    await world.signIn();
    const reported = world.events.flatMap((event) => (event.kind === "weakened" ? event.message : []));
    expect(reported).toEqual(["the provider does not list the PKCE method S256, which logins use"]);
  });

  it("oidc_state_size and oidc_nonce_size say how long both are", async () => {
    const query = await sentWith({ provider: { state_size: 48, nonce_size: 64 } });
    expect([query.get("state")?.length, query.get("nonce")?.length]).toEqual([48, 64]);
  });

  it("S72 S73 sends at least 128 random bits of both, whatever is configured", async () => {
    const query = await sentWith({ provider: { state_size: 0, nonce_size: 5 } });
    // 22 characters of 62 different ones.
    expect(22 * Math.log2(62)).toBeGreaterThan(128);
    expect([query.get("state"), query.get("nonce")].map((text) => /^[A-Za-z0-9]{22}$/.test(text ?? ""))).toEqual([
      true,
      true,
    ]);
  });

  it("the largest sizes and the longest issuer still fit into a cookie", async () => {
    const provider = { state_size: 512, nonce_size: 512, issuer: `https://idp.example/${"a".repeat(900)}` };
    const world = await makeWorld(rsa, { provider });
    const outcome = await world.login.start({ next: `/${"n".repeat(1000)}` });
    expect(Math.max(...outcome.cookies.map(({ length }) => length))).toBeLessThan(4096);
  });

  it("oidc_use_nonce: false sends none, and takes no ID token that has one", async () => {
    const world = await makeWorld(rsa, { provider: { use_nonce: false } });
    expect((await world.begin(openBrowser())).searchParams.has("nonce")).toBe(false);
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
    world.provider.idClaims = { nonce: "of-another-login" };
    expect(await world.signIn()).toMatchObject({ code: "identity_unverified" });
    expect(world.reasons()).toEqual(["wrong_nonce"]);
  });

  it("A11.93 oidc_keycloak_idp_hint is sent as kc_idp_hint", async () => {
    expect((await sentWith({ client: { idp_hint: "azure" } })).get("kc_idp_hint")).toBe("azure");
    expect((await sentWith({ client: { idp_hint: "" } })).has("kc_idp_hint")).toBe(false);
  });

  it.each([
    ["vtb-admin", "se-cr_e.t~1", "vtb-admin:se-cr_e.t~1"],
    ["a b:c", "p%q+r/s=é", "a%20b%3Ac:p%25q%2Br%2Fs%3D%C3%A9"],
  ])("F54 Basic credentials leave the hyphens of %s alone, and escape what must be", async (id, secret, pair) => {
    const client = { client_id: id, client_secret: new Secret(secret) };
    const world = await makeWorld(rsa, { provider: { token_use_basic_auth: true }, client });
    await world.signIn();
    const [asked] = world.provider.tokenRequests();
    expect(asked?.authorization).toBe(`Basic ${Buffer.from(pair).toString("base64")}`);
    expect([asked?.form.has("client_id"), asked?.form.has("client_secret")]).toEqual([false, false]);
  });

  it("A11.97 S85 oidc_token_use_basic_auth: the secret goes into the header, otherwise into the form, never into the URL", async () => {
    const secret = "a secret: with/odd+characters";
    for (const basic of [true, false]) {
      const client = { client_secret: new Secret(secret) };
      const world = await makeWorld(rsa, { provider: { token_use_basic_auth: basic }, client });
      await world.signIn();
      const [asked] = world.provider.tokenRequests();
      const credentials = Buffer.from((asked?.authorization ?? "").replace("Basic ", ""), "base64").toString();
      const [id, given] = credentials.split(":").map((part) => decodeURIComponent(part.replaceAll("+", " ")));
      expect([id, given]).toEqual(basic ? ["admin", secret] : ["", undefined]);
      expect(asked?.form.get("client_secret")).toBe(basic ? null : secret);
      expect([asked?.method, asked?.url]).toEqual(["POST", "/token"]);
      expect(asked?.form.get("redirect_uri")).toBe(redirectUri);
    }
  });

  it("a client without a secret only names itself", async () => {
    const world = await makeWorld(rsa, { client: { client_secret: new Secret("") } });
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
    const [asked] = world.provider.tokenRequests();
    expect([asked?.authorization, asked?.form.get("client_id"), asked?.form.has("client_secret")]).toEqual([
      undefined,
      "admin",
      false,
    ]);
  });
});

describe("what a login checks ID tokens with", () => {
  it.each([
    { name: "another algorithm of published keys", client: { sign_algo: "ES256" }, signer: () => ec, good: true },
    { name: "an algorithm that is not the configured one", client: {}, signer: () => ec, good: false },
    { name: "HS256 with the client's secret", client: { sign_algo: "HS256" }, signer: () => clientSecret, good: true },
    { name: "HS256 with another secret", client: { sign_algo: "HS256" }, signer: () => "not-the-secret", good: false },
  ])("oidc_rp_sign_algo: $name", async ({ client, signer, good }) => {
    const world = await makeWorld(rsa, { client });
    Object.assign(world.provider, { signer: signer(), keys: [rsa.jwk, ec.jwk] });
    expect((await world.signIn()).kind).toBe(good ? "signed_in" : "refused");
  });

  it("F5 S101 begins no login where ID tokens are signed with a secret of fewer than 32 bytes", async () => {
    const client = (secret: string) => ({ sign_algo: "HS256", client_secret: new Secret(secret) });
    const world = await makeWorld(rsa, { client: client("x".repeat(31)) });
    world.provider.signer = "x".repeat(31);
    expect(await world.login.start()).toMatchObject({ kind: "refused", status: 503, code: "not_configured" });
    expect(world.reasons()).toEqual(["weak_secret"]);
    const message = "its secret is shorter than the 32 bytes that HS256 requires";
    expect(world.events).toContainEqual({ kind: "client_unusable", client: "admin-oidc", message });
    await world.apply(adminClient(client("x".repeat(32))));
    world.provider.signer = "x".repeat(32);
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
  });

  it("F5 S101 ends a login that was under way when the secret became too short", async () => {
    const world = await makeWorld(rsa, { client: { sign_algo: "HS256" } });
    const browser = openBrowser();
    const begun = await world.begin(browser);
    await world.apply(adminClient({ sign_algo: "HS256", client_secret: new Secret("x") }));
    world.provider.signer = "x";
    expect(await world.end(browser, world.provider.authorize(begun.href))).toMatchObject({ code: "not_configured" });
    expect(world.provider.tokenRequests()).toEqual([]);
  });

  it("oidc_rp_idp_sign_key: a PEM or JWK is used instead of the published keys", async () => {
    const pem = String(rsa.publicKey.export({ format: "pem", type: "spki" }));
    for (const written of [pem, JSON.stringify(rsa.jwk)]) {
      const world = await makeWorld(rsa, { client: { sign_key: new Secret(written) } });
      world.provider.keys = [];
      expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
      expect(world.provider.requests).not.toContain("/jwks");
    }
    const other = await makeKey("RS256", "other");
    const world = await makeWorld(rsa, { client: { sign_key: new Secret(JSON.stringify(other.jwk)) } });
    expect(await world.signIn()).toMatchObject({ code: "identity_unverified" });
    expect(world.reasons()).toEqual(["bad_signature"]);
  });

  it("oidc_op_jwks_endpoint: a key that the provider has changed to is fetched", async () => {
    const world = await makeWorld(rsa);
    await world.signIn();
    Object.assign(world.provider, { signer: ec, keys: [ec.jwk] });
    await world.apply(adminClient({ sign_algo: "ES256" }));
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
  });

  it("works with a provider whose issuer nobody knows, and links the user to the one that its token names", async () => {
    const world = await makeWorld(rsa, { provider: { issuer: null } });
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
    const user = await world.database.kysely.selectFrom("users").select(["issuer", "subject"]).executeTakeFirst();
    expect(user).toEqual({ issuer: world.provider.issuer, subject: "s-jan" });
  });
});

describe("where a login has a user's claims from", () => {
  it("userinfo_claims_source: the endpoint is asked with the access token, or not at all", async () => {
    for (const source of ["userinfo_endpoint", "id_token"]) {
      const world = await makeWorld(rsa, { client: { userinfo_claims_source: source } });
      world.provider.onUserinfo = (response) => json(response, { sub: "s-jan", email: "van-het-eindpunt@example.nl" });
      const outcome = await world.signIn();
      const email = source === "id_token" ? "jan@example.nl" : "van-het-eindpunt@example.nl";
      expect(outcome).toMatchObject({ kind: "signed_in", principal: { user: { username: email } } });
      const asked = world.provider.asked.filter(({ url }) => url === "/userinfo");
      expect(asked.map(({ authorization }) => authorization?.slice(0, 7))).toEqual(
        source === "id_token" ? [] : ["Bearer "],
      );
    }
  });

  it("options: groups, staff and superusers come from the claims, and go with them", async () => {
    const mapping = { claim_mappings: { username: ["sub"], first_name: ["given_name"] } };
    const groups = { claim_mapping: ["realm", "roles"], sync_pattern: "vtb:*", superuser_group_names: ["baas"] };
    const world = await makeWorld(rsa, { client: settingsOf(mapping, groups) });
    world.provider.person = { sub: "s-jan", given_name: "Jan", realm: { roles: ["vtb:lezer", "baas", "anders"] } };
    const first = await world.signIn();
    expect(first).toMatchObject({ principal: { user: { username: "s-jan", isStaff: true, isSuperuser: true } } });
    const memberships = () =>
      world.database.kysely
        .selectFrom("user_groups")
        .innerJoin("groups", "groups.id", "user_groups.group_id")
        .select("groups.name")
        .execute();
    expect(await memberships()).toEqual([{ name: "vtb:lezer" }]);
    world.provider.person = { sub: "s-jan", given_name: "Jan", realm: { roles: [] } };
    expect(await world.signIn()).toMatchObject({ principal: { user: { isSuperuser: false } } });
    expect(await memberships()).toEqual([]);
  });

  it("S38 reservedGroups are given by no claim", async () => {
    const world = await makeWorld(rsa, { login: { reservedGroups: ["beheer"] } });
    expect(await world.signIn()).toMatchObject({ kind: "signed_in" });
    expect(await world.database.kysely.selectFrom("groups").select("name").execute()).toEqual([]);
  });
});

describe("how a login finds the provider", () => {
  it("A11.94 check_op_availability: looks whether the page answers; status 400 is an answer, above is none", async () => {
    const world = await makeWorld(rsa, { client: { check_op_availability: true } });
    expect(await world.login.start()).toMatchObject({ kind: "redirect" });
    expect(world.provider.requests).toEqual(["/auth"]);
    for (const [status, kind] of [
      [302, "redirect"],
      [401, "refused"],
      [503, "refused"],
    ] as const) {
      world.provider.onAuthorize = (response) => void response.writeHead(status, { location: "/elders" }).end();
      expect([status, (await world.login.start()).kind]).toEqual([status, kind]);
    }
    await world.provider.close();
    expect(await world.login.start()).toMatchObject({
      kind: "refused",
      status: 503,
      code: "provider_unavailable",
      cookies: [],
      action: expect.stringContaining("over een paar minuten"),
    });
  });

  it("A11.94 check_op_availability: without it the provider is not asked", async () => {
    const world = await makeWorld(rsa, { client: { check_op_availability: false } });
    await world.provider.close();
    expect(await world.login.start()).toMatchObject({ kind: "redirect" });
  });

  it("reads the discovery document itself where the rows were written without one", async () => {
    const world = await makeWorld(rsa);
    const { issuer } = world.provider;
    const none = { authorization_endpoint: null, token_endpoint: null, userinfo_endpoint: null, jwks_endpoint: null };
    const login = await world.another();
    await world.database.kysely
      .updateTable("oidc_providers")
      .set({ ...none, issuer: null, logout_endpoint: null, discovery_endpoint: `${issuer}/` })
      .execute();
    world.provider.onDiscovery = (response) => void response.writeHead(503).end();
    expect(await login.start()).toMatchObject({ code: "provider_unavailable", status: 503 });
    world.provider.onDiscovery = undefined;
    world.clock += 2000;
    const begun = await login.start();
    expect(begun).toMatchObject({ kind: "redirect" });
    const browser = openBrowser();
    browser.take(begun.cookies);
    const location = begun.kind === "redirect" ? begun.location : "";
    const outcome = await login.finish(world.provider.authorize(location), browser.header());
    expect(outcome).toMatchObject({ kind: "signed_in" });
    browser.take(outcome.cookies);
    expect((await login.logout(browser.header())).location).toContain(`${issuer}/logout?`);
  });

  it("oidc_op_ca_file: trusts the provider's own authority, and no other", async () => {
    const { authority, server } = await makeCertificates();
    const token = await serve((_request, response) => json(response, { error: "invalid_grant" }, 400), server);
    const file = join(temporaryFolder(), "ca.pem");
    writeFileSync(file, authority);
    for (const [caFile, code] of [
      [file, "code_refused"],
      [null, "provider_unavailable"],
    ] as const) {
      const world = await makeWorld(rsa, { provider: { token_endpoint: `${token.origin}/token`, ca_file: caFile } });
      expect(await world.signIn()).toMatchObject({ kind: "refused", code });
    }
  });

  it("follows a change of the client at once", async () => {
    const world = await makeWorld(rsa);
    expect(await world.login.isEnabled()).toBe(true);
    await world.apply(adminClient({ enabled: false }));
    expect(await world.login.isEnabled()).toBe(false);
    expect(await world.login.start()).toMatchObject({ status: 403, code: "client_disabled" });
    await world.apply(adminClient({ client_id: "renamed" }));
    expect((await world.begin(openBrowser())).searchParams.get("client_id")).toBe("renamed");
  });

  it("says that a client is not configured where it is not there, or can't be used", async () => {
    const world = await makeWorld(rsa, { client: { sign_key: new Secret("no key at all") } });
    expect(await world.login.start()).toMatchObject({ status: 503, code: "not_configured" });
    const other = await world.another({ client: "other-oidc", language: "en" });
    onTestFinished(() => other.close());
    expect(await other.start()).toMatchObject({ title: "Login is not set up" });
    expect(world.reasons()).toEqual(["client_unusable", "unknown_client"]);
    expect(world.events).toContainEqual({
      kind: "client_unusable",
      client: "admin-oidc",
      message: "its sign key is not valid (malformed)",
    });
  });

  it("F16: signs nobody in where an earlier version stored a private key", async () => {
    const stored = new Secret(String(rsa.privateKey.export({ format: "pem", type: "pkcs8" })));
    const world = await makeWorld(rsa, { client: { sign_key: stored } });
    expect(await world.login.start()).toMatchObject({ status: 503, code: "not_configured" });
    expect(world.events).toContainEqual(
      expect.objectContaining({ kind: "client_unusable", message: "its sign key is not valid (private)" }),
    );
  });
});
