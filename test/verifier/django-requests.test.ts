import express from "express";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { VerifierOptions } from "../../src/verifier/create-verifier.js";
import { requireAuth } from "../../src/verifier/express.js";
import { startServer } from "../support/http-server.js";
import { openForTest, resource } from "../support/run.js";
import { type Issuer, json, makeKey, startIssuer, type TestKey } from "./bearer/issuer.js";
import { clientOf, goodToken, providerOf, start, usualOptions } from "./bearer/world.js";
import { makeWorld, otherValue, principalIn, problemIn, token, tokenValue, user } from "./verifier-world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
});

beforeEach(() => {
  idp.onUserinfo = (response) => json(response, { sub: "u-1", email: "told@example.nl" });
});

afterAll(() => idp.close());

const failed = "authentication_failed";

interface Rules {
  readonly client?: object;
  readonly user?: object;
  readonly groups?: object;
  readonly more?: Parameters<typeof makeWorld>[0];
  readonly options?: Partial<VerifierOptions>;
}

/** A verifier with one client, and people who come with the provider's tokens. */
async function makeRealm({ client = {}, user: people = {}, groups = {}, more = [], options }: Rules = {}) {
  const clientOptions = {
    user_settings: { ...usualOptions.user_settings, ...people },
    groups_settings: { ...usualOptions.groups_settings, ...groups },
  };
  const world = await makeWorld([providerOf(idp), clientOf({ options: clientOptions, ...client }), ...more], options);
  world.setNow(start);
  const { kysely } = await openForTest(world.url);
  return {
    ...world,
    enter: async (claims: object = {}) => world.authenticate(`Bearer ${goodToken(idp, key, claims)}`),
    usernames: async () => (await kysely.selectFrom("users").select("username").execute()).map((row) => row.username),
    users: () => kysely.selectFrom("users").selectAll().orderBy("username").execute(),
  };
}

describe("an API behind the verifier", () => {
  it("A8.59 answers 401 to every method without credentials, and accepts each with them", async () => {
    const { verifier } = await makeWorld([token("forms", tokenValue)]);
    const app = express();
    app.use(requireAuth(verifier));
    app.use((_request, response) => void response.status(200).send("in"));
    const { origin, close } = await startServer(app);
    onTestFinished(close);
    for (const path of ["/", "/1"]) {
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
        expect((await fetch(origin + path, { method })).status).toBe(401);
        const headers = { authorization: `Token ${tokenValue}` };
        expect((await fetch(origin + path, { method, headers })).status).toBe(200);
      }
    }
  });

  it("A9.72 takes a token with dashes, and neither blanks in one, nor none, nor an unknown one", async () => {
    const { authenticate, reasons } = await makeWorld([token("forms", "1234-Token-5678")]);
    for (const header of ["Token 1234 Token 5678", "Token ", "Token 1234", undefined]) {
      expect(problemIn(await authenticate(header)).status).toBe(401);
    }
    expect(principalIn(await authenticate("Token 1234-Token-5678")).credential).toBe("forms");
    expect(reasons()).toEqual(["several_credentials", "no_credentials", "unknown_token"]);
  });

  it("runtime §2 answers every rejection with the same members: type, code, title, status, detail, instance", async () => {
    const { authenticate } = await makeWorld([token("forms", tokenValue)]);
    for (const [header, code] of [
      [undefined, "not_authenticated"],
      ["Token unknown", failed],
      ["Bearer unknown", failed],
    ] as const) {
      const { body, headers } = problemIn(await authenticate(header));
      expect(Object.keys(body)).toEqual(["type", "code", "title", "status", "detail", "instance"]);
      expect(body).toMatchObject({ code, status: 401 });
      expect(headers["WWW-Authenticate"]).toMatch(/^Bearer realm="api"/);
    }
  });

  it("runtime §4 allows a user several tokens, which Django programs cannot, each with its own name", async () => {
    const { authenticate } = await makeWorld([
      user("jan"),
      token("one", tokenValue, { user: "jan" }),
      token("two", otherValue, { user: "jan" }),
    ]);
    const [one, two] = [await authenticate(`Token ${tokenValue}`), await authenticate(`token\t${otherValue}`)].map(
      principalIn,
    );
    expect([one?.credential, two?.credential]).toEqual(["one", "two"]);
    expect(one?.user).toEqual(two?.user);
  });
});

describe("a bearer token", () => {
  it("A10.79 of an existing user is accepted where user creation is off, and another gets that as the reason", async () => {
    const { enter, usernames, reasons } = await makeRealm({ more: [user("u-1")], options: { createUsers: false } });
    expect(principalIn(await enter()).user.username).toBe("u-1");
    expect(problemIn(await enter({ sub: "u-2" }))).toMatchObject({
      status: 401,
      body: { code: failed, detail: "Login failed: No user found for the given access token." },
    });
    expect(await usernames()).toEqual(["u-1"]);
    expect(reasons()).toEqual(["unknown_user"]);
  });

  it("runtime §5.5 is rejected while its client is disabled or its user inactive, where mozilla-django-oidc-db accepts it", async () => {
    const { enter, apply, reasons } = await makeRealm();
    principalIn(await enter());
    await apply([user("u-1", { is_active: false })]);
    expect(problemIn(await enter()).body.detail).toBe("Gebruiker inactief of verwijderd.");
    await apply([user("u-1", { is_active: true }), clientOf({ enabled: false })]);
    expect(problemIn(await enter()).status).toBe(401);
    await apply([clientOf({ enabled: true })]);
    principalIn(await enter());
    expect(reasons()).toEqual(["inactive_user", "client_disabled"]);
  });

  it("runtime §5.6 may do what its user's groups may, and not everything", async () => {
    const readers = resource("group", "lezers", { permissions: ["taken.view_externetaak"] });
    const { verifier } = await makeRealm({ more: [readers], options: { now: () => start } });
    const ask = (permission: string) =>
      verifier.authorize(`Bearer ${goodToken(idp, key, { groups: ["lezers"] })}`, permission);
    expect(await ask("taken.view_externetaak")).toMatchObject({ kind: "allowed" });
    expect(await ask("taken.add_externetaak")).toMatchObject({ problem: { status: 403 } });
  });

  it.each<[string, object, string]>([
    ["a username claim that is empty", { name: "" }, "username_missing"],
    ["no username claim", {}, "username_missing"],
    ["a username of over 255 characters", { name: "x".repeat(256) }, "username_invalid"],
  ])("runtime §5.4 is refused with %s, never with a 500", async (_what, claims, reason) => {
    const { enter, users, reasons } = await makeRealm({ user: { claim_mappings: { username: ["name"] } } });
    expect(problemIn(await enter(claims))).toMatchObject({ status: 401, body: { detail: "Login failed" } });
    expect(await users()).toEqual([]);
    expect(reasons()).toEqual([reason]);
    principalIn(await enter({ name: "jan" }));
  });

  it("runtime §5.4 is refused where several users fit its name", async () => {
    const { enter, reasons } = await makeRealm({
      user: { claim_mappings: { username: ["sub"] }, username_case_sensitive: false },
      more: [user("Jan"), user("JAN"), user("Piet")],
    });
    expect(problemIn(await enter({ sub: "jan" })).body.detail).toBe("Login failed");
    expect(principalIn(await enter({ sub: "piet" })).user.username).toBe("Piet");
    expect(reasons()).toEqual(["username_ambiguous"]);
  });

  it.each([
    ["neither settings", {}],
    ["no groups_settings", { user_settings: { claim_mappings: { username: ["sub"] } } }],
    ["no make_users_staff", { ...usualOptions, groups_settings: { claim_mapping: ["groups"] } }],
  ])("runtime §5.4 does not crash on options with %s", async (what, options) => {
    const { enter } = await makeRealm({ client: { options } });
    const outcome = await enter();
    // Without a claim for the username, users cannot be distinguished.
    if (what === "neither settings") expect(problemIn(outcome).status).toBe(401);
    else expect(principalIn(outcome).user.username).toBe("u-1");
  });

  it("runtime §5.4 allows two users one e-mail address, and one user none", async () => {
    const { enter, users } = await makeRealm();
    for (const sub of ["u-1", "u-2"]) principalIn(await enter({ sub, email: "same@example.nl" }));
    principalIn(await enter({ sub: "u-3", email: null }));
    expect((await users()).map(({ email }) => email)).toEqual(["same@example.nl", "same@example.nl", ""]);
  });

  it.each([
    [401, 401],
    [403, 401],
    [500, 503],
    [503, 503],
  ])("runtime §5.4 is answered, where userinfo answers %i, with %i", async (theirs, ours) => {
    idp.onUserinfo = (response) => void response.writeHead(theirs).end();
    const { enter } = await makeRealm({ client: { userinfo_claims_source: "userinfo_endpoint" } });
    expect(problemIn(await enter({ jti: String(theirs) })).status).toBe(ours);
  });

  it.each<[string, Issuer["onUserinfo"], number]>([
    ["a connection that ends", (response) => void response.destroy(), 503],
    ["an answer that is no JSON", (response) => void response.end("<html>"), 401],
  ])("runtime §5.4 is not a 500 with %s", async (what, onUserinfo, expected) => {
    idp.onUserinfo = onUserinfo;
    const { enter } = await makeRealm({ client: { userinfo_claims_source: "userinfo_endpoint" } });
    expect(problemIn(await enter({ jti: what })).status).toBe(expected);
  });

  it("A11.92 leaves no claim of a person in any event, sensitive or not, where mozilla-django-oidc-db shows a part of each", async () => {
    const { enter, events } = await makeRealm({ groups: { superuser_group_names: ["c4n4ry-root"] } });
    const claims = { email: "c4n4ry@x.nl", given_name: "c4n4ry", bsn: "c4n4ry-123456782", groups: [1, "c4n4ry"] };
    principalIn(await enter({ sub: "jan", ...claims }));
    problemIn(await enter({ sub: "jan", ...claims, aud: "another-api" }));
    problemIn(await enter({ sub: "c4n4ry\n", ...claims }));
    expect(events.length).toBeGreaterThan(3);
    expect(JSON.stringify(events)).not.toContain("c4n4ry");
  });

  it("S26 with oidc_audience set is checked against that alone, whichever client requested it", async () => {
    const { enter } = await makeRealm({ client: { audience: ["urn:api"] } });
    principalIn(await enter({ aud: ["urn:api", "x"], azp: "another-client" }));
    expect(problemIn(await enter({ aud: ["x"], azp: "api" })).status).toBe(401);
  });

  it("S38 never gives a group that the API reserves", async () => {
    const reserved = resource("group", "Beheerders", { permissions: ["taken.delete_externetaak"] });
    const { enter } = await makeRealm({ more: [reserved], options: { reservedGroups: ["beheerders"] } });
    const principal = principalIn(await enter({ groups: ["Beheerders", "lezers"] }));
    expect(principal.hasPermission("taken.delete_externetaak")).toBe(false);
    const open = await makeRealm({ more: [reserved] });
    expect(principalIn(await open.enter({ groups: ["Beheerders"] })).hasPermission("taken.delete_externetaak")).toBe(
      true,
    );
  });
});

describe("claims", () => {
  it("runtime §6 take a whole number for a username, and store a name in its NFKC form", async () => {
    const { enter, usernames } = await makeRealm({ user: { claim_mappings: { username: ["name"] } } });
    principalIn(await enter({ sub: "a", name: 12345 }));
    principalIn(await enter({ sub: "b", name: "Zoë" }));
    // Found again, where mozilla-django-oidc-db creates a second one or crashes.
    principalIn(await enter({ sub: "b", name: "Zoe\u0308" }));
    expect((await usernames()).sort()).toEqual(["12345", "Zoë"]);
  });

  it("runtime §6 F61 change a username, which mozilla-django-oidc-db never does, and no field whose claim is missing or whose path is empty", async () => {
    const mappings = { username: ["name"], email: ["email"], first_name: [] };
    const { enter, users } = await makeRealm({ user: { claim_mappings: mappings } });
    principalIn(await enter({ name: "jan", email: "a@x.nl", given_name: "Jan" }));
    principalIn(await enter({ name: "other", email: undefined }));
    expect(await users()).toMatchObject([{ username: "other", email: "a@x.nl", first_name: "" }]);
  });

  it("runtime §6 refuse fields that no user has only by an event, not by a crash at the login", async () => {
    const mappings = { username: ["sub"], favourite_colour: ["colour"] };
    const { enter, events } = await makeRealm({ user: { claim_mappings: mappings } });
    principalIn(await enter({ colour: "green" }));
    expect(events).toContainEqual({ kind: "mapping_ignored", client: "api-oidc", fields: ["favourite_colour"] });
  });

  it("runtime §6 give the staff flag and never take it away, and give superuser and take it away, also with no groups", async () => {
    const groups = { make_users_staff: true, superuser_group_names: ["root"] };
    const { enter, users, apply } = await makeRealm({ groups });
    const flags = async () => (await users()).map((row) => [row.is_staff, row.is_superuser]);
    principalIn(await enter({ groups: ["root"] }));
    expect(await flags()).toEqual([[1, 1]]);
    const options = { ...usualOptions, groups_settings: { ...usualOptions.groups_settings, ...groups } };
    await apply([clientOf({ options: { ...options, groups_settings: { ...groups, make_users_staff: false } } })]);
    principalIn(await enter({ groups: undefined, jti: "2" }));
    expect(await flags()).toEqual([[1, 0]]);
  });

  it("runtime §6 set the groups that they gave, default ones always, and leave those that the file gave", async () => {
    const { enter, url } = await makeRealm({
      groups: { default_groups: ["iedereen"] },
      more: [resource("group", "filed", { permissions: [] }), user("u-1", { groups: ["filed"] })],
    });
    const { kysely } = await openForTest(url);
    const memberships = async () =>
      (
        await kysely
          .selectFrom("user_groups")
          .innerJoin("groups", "groups.id", "user_groups.group_id")
          .select("groups.name")
          .orderBy("groups.name")
          .execute()
      ).map(({ name }) => name);
    principalIn(await enter({ groups: "lezers" }));
    expect(await memberships()).toEqual(["filed", "iedereen", "lezers"]);
    principalIn(await enter({ groups: { schrijvers: {} } }));
    expect(await memberships()).toEqual(["filed", "iedereen", "schrijvers"]);
    for (const groups of [null, 7, [1]]) {
      principalIn(await enter({ groups }));
      expect(await memberships()).toEqual(["filed", "iedereen"]);
    }
  });
});
