import { describe, expect, it, onTestFinished } from "vitest";
import { createLogin } from "../../src/login/index.js";
import { signTestToken, type TestIssuerOptions, testDatabase, testIssuer } from "../../src/testing/index.js";
import { createVerifier } from "../../src/verifier/index.js";
import { sealingEnv, temporaryDatabase } from "../support/databases.js";

async function start(options: TestIssuerOptions = {}, client = {}) {
  const issuer = await testIssuer(options);
  onTestFinished(() => issuer.close());
  const env = sealingEnv();
  const database = await testDatabase(issuer.config(client), { database: temporaryDatabase(), env });
  onTestFinished(() => database.close());
  const verifier = await createVerifier({ database: database.url, env });
  onTestFinished(() => verifier.close());
  return { issuer, verifier };
}

describe("testIssuer", () => {
  it.each(["RS256", "ES256"] as const)("signs %s tokens that a verifier takes", async (algorithm) => {
    const { issuer, verifier } = await start({ algorithm }, { clientId: "my-api" });
    const token = signTestToken(issuer, { sub: "alice", aud: "my-api", email: "alice@gemeente.example" });
    const outcome = await verifier.authenticate(`Bearer ${token}`);
    expect(outcome).toMatchObject({ kind: "authenticated", principal: { user: { username: "alice" } } });
  });

  it.each([
    ["for another audience", { aud: "other" }, {}],
    ["that has expired", { exp: 1_700_000_000 }, {}],
    ["of another issuer", { iss: "https://elsewhere.example" }, {}],
    ["without a subject", { sub: undefined }, {}],
    ["of another algorithm", {}, { alg: "none" }],
  ])("signs tokens %s, which a verifier rejects", async (_what, claims, header) => {
    const { issuer, verifier } = await start();
    const token = signTestToken(issuer, { sub: "alice", aud: "api", ...claims }, { header });
    expect(await verifier.authenticate(`Bearer ${token}`)).toMatchObject({ kind: "rejected" });
  });

  it("publishes a new key that the verifier follows, and the old one no longer", async () => {
    const { issuer, verifier } = await start();
    const old = signTestToken(issuer, { sub: "alice", aud: "api" });
    await issuer.rotateKey();
    const fresh = signTestToken(issuer, { sub: "alice", aud: "api" });
    expect(await verifier.authenticate(`Bearer ${fresh}`)).toMatchObject({ kind: "authenticated" });
    expect(await verifier.authenticate(`Bearer ${old}`)).toMatchObject({ kind: "rejected" });
  });

  it("answers questions about its tokens at userinfo and introspection, and about no others", async () => {
    const { issuer } = await start();
    const token = signTestToken(issuer, { sub: "alice", aud: "api" });
    const userinfo = (credential: string) =>
      fetch(`${issuer.issuer}/userinfo`, { headers: { authorization: `Bearer ${credential}` } });
    expect(await (await userinfo(token)).json()).toMatchObject({ sub: "alice" });
    expect((await userinfo("other")).status).toBe(401);
    const introspect = async (value: string) => {
      const body = new URLSearchParams({ token: value });
      return (await fetch(`${issuer.issuer}/introspect`, { method: "POST", body })).json();
    };
    expect(await introspect(token)).toMatchObject({ active: true, sub: "alice" });
    expect(await introspect("other")).toEqual({ active: false });
  });

  it("signs in the person who was named, by the authorization code flow", async () => {
    const issuer = await testIssuer();
    onTestFinished(() => issuer.close());
    const env = sealingEnv();
    const options = {
      user_settings: { claim_mappings: { username: ["sub"] } },
      groups_settings: { claim_mapping: ["groups"], make_users_staff: true },
    };
    const database = await testDatabase(issuer.config({ identifier: "admin-oidc", clientId: "admin", options }), {
      database: temporaryDatabase(),
      env,
    });
    onTestFinished(() => database.close());
    const login = await createLogin({
      database: database.url,
      env,
      redirectUri: "http://127.0.0.1:1/callback",
      sessionSecret: "a-session-secret-of-the-tests-0123456789",
    });
    onTestFinished(() => login.close());
    issuer.signInAs({ sub: "bob", groups: [] });
    const begun = await login.start();
    if (begun.kind !== "redirect") throw new Error(begun.kind);
    const back = await fetch(begun.location, { redirect: "manual" });
    const cookies = begun.cookies.map((cookie) => cookie.split(";")[0]).join("; ");
    const done = await login.finish(back.headers.get("location") ?? "", cookies);
    expect(done).toMatchObject({ kind: "signed_in", principal: { user: { username: "bob" } } });
  });

  it("refuses an issuer that it has not made", () => {
    expect(() => signTestToken({} as never, {})).toThrow(TypeError);
  });
});
