import { describe, expect, it, onTestFinished } from "vitest";
import type { RequireOptions } from "../../src/verifier/requirement.js";
import type { Verifier } from "../../src/verifier/verifier.js";
import { makeKey, startIssuer } from "./bearer/issuer.js";
import { clientOf, goodToken, providerOf, start } from "./bearer/world.js";
import { makeWorld, token, tokenValue, user } from "./verifier-world.js";

const view = "taken.view_externetaak";
const add = "taken.add_externetaak";
const remove = "taken.delete_externetaak";
const header = `Token ${tokenValue}`;

/** As one line: `allowed`, or the status with the challenge. */
async function decided(verifier: Verifier, authorization: string | undefined, required?: string | RequireOptions) {
  const decision = await verifier.authorize(authorization, required);
  if (decision.kind === "allowed") return "allowed";
  const { status, headers } = decision.problem;
  return `${status} ${headers["WWW-Authenticate"]}`;
}

const lacking = '403 Bearer realm="api", Token realm="api", error="insufficient_scope"';

describe("the permissions that a route requires", () => {
  it("are one, all of a list, or any of a list, and all that is written together", async () => {
    const { verifier } = await makeWorld([token("forms", tokenValue, { permissions: [view, add] })]);
    const rows: readonly (readonly [RequireOptions, string])[] = [
      [{}, "allowed"],
      [{ permission: view }, "allowed"],
      [{ permission: remove }, lacking],
      [{ allOf: [view, add] }, "allowed"],
      [{ allOf: [view, remove] }, lacking],
      [{ allOf: [remove, view] }, lacking],
      [{ anyOf: [remove, add] }, "allowed"],
      [{ anyOf: [remove] }, lacking],
      [{ permission: view, anyOf: [remove, add] }, "allowed"],
      [{ permission: remove, anyOf: [view, add] }, lacking],
      [{ permission: view, anyOf: [remove] }, lacking],
      [{ permission: view, allOf: [add], anyOf: [view, remove] }, "allowed"],
      [{ permission: view, allOf: [remove], anyOf: [view] }, lacking],
    ];
    for (const [options, expected] of rows) {
      expect([options, await decided(verifier, header, options)]).toEqual([options, expected]);
      expect([options, await decided(verifier, header, verifier.require(options))]).toEqual([options, expected]);
    }
    expect(await decided(verifier, header, view)).toBe("allowed");
    expect(await decided(verifier, header, remove)).toBe(lacking);
    expect(await decided(verifier, header)).toBe("allowed");
  });

  it("are all held by a superuser, unless its token is narrowed", async () => {
    const { verifier } = await makeWorld([
      user("root", { is_superuser: true }),
      token("all", tokenValue, { user: "root", permissions: null }),
      token("narrow", "n".repeat(40), { user: "root", permissions: [view] }),
    ]);
    expect(await decided(verifier, header, { allOf: [add, remove], anyOf: [add] })).toBe("allowed");
    expect(await decided(verifier, `Token ${"n".repeat(40)}`, { allOf: [view, add] })).toBe(lacking);
    expect(await decided(verifier, `Token ${"n".repeat(40)}`, { anyOf: [add, view] })).toBe("allowed");
  });

  it("are named in the event when they are missing", async () => {
    const { verifier, events } = await makeWorld([token("forms", tokenValue)]);
    await decided(verifier, header, { allOf: [view, add, remove] });
    await decided(verifier, header, { anyOf: [remove, add] });
    const forbidden = { kind: "forbidden", scheme: "token", credential: "forms", reason: "permission_missing" };
    expect(events).toMatchObject([
      { ...forbidden, permission: add },
      { ...forbidden, permission: remove, anyOf: [remove, add] },
    ]);
    expect(events[0]).not.toHaveProperty("anyOf");
  });

  it("are those at the time of `require`, whatever happens to the lists afterwards", async () => {
    const { verifier } = await makeWorld([token("forms", tokenValue)]);
    const allOf = [view, add];
    const required = verifier.require({ allOf });
    allOf.length = 1;
    expect(await decided(verifier, header, required)).toBe(lacking);
    expect(Object.isFrozen(required)).toBe(true);
  });
});

describe("the schemes that a route accepts", () => {
  const token401 = '401 Token realm="api"';
  const bearer401 = '401 Bearer realm="api"';

  it("are the only ones in its challenges, also of the other scheme, malformed headers and missing permissions", async () => {
    const { verifier } = await makeWorld([token("forms", tokenValue)]);
    const tokens = verifier.require({ accept: ["token"] });
    const bearers = verifier.require({ accept: ["bearer"] });
    const both = verifier.require({ accept: ["bearer", "token"] });

    expect(await decided(verifier, header, tokens)).toBe("allowed");
    expect(await decided(verifier, header, both)).toBe("allowed");
    for (const none of [undefined, "Basic YTpi"]) {
      expect(await decided(verifier, none, tokens)).toBe(token401);
      expect(await decided(verifier, none, bearers)).toBe(bearer401);
      expect(await decided(verifier, none, both)).toBe('401 Bearer realm="api", Token realm="api"');
    }
    expect(await decided(verifier, header, bearers)).toBe(bearer401);
    expect(await decided(verifier, "Token a b", bearers)).toBe(bearer401);
    expect(await decided(verifier, "Bearer a.b.c", tokens)).toBe(token401);
    expect(await decided(verifier, "Bearer", tokens)).toBe(token401);

    expect(await decided(verifier, "Token nobodys", tokens)).toBe(`${token401}, error="invalid_token"`);
    expect(await decided(verifier, "Token a b", tokens)).toBe(`${token401}, error="invalid_request"`);
    expect(await decided(verifier, "Bearer a.b.c", bearers)).toBe(`${bearer401}, error="invalid_token"`);
    expect(await decided(verifier, header, { accept: ["token"], permission: remove })).toBe(
      '403 Token realm="api", error="insufficient_scope"',
    );
    const twice = async (required: RequireOptions) => {
      const decision = await verifier.authorize([header, header], required);
      return decision.kind === "refused" && decision.problem.headers["WWW-Authenticate"];
    };
    expect(await twice(tokens)).toBe('Token realm="api", error="invalid_request"');
    expect(await twice(bearers)).toBe('Bearer realm="api", error="invalid_request"');
  });

  it("are told to the log, and a credential of the other one is neither looked at nor a failed attempt", async () => {
    const { verifier, events } = await makeWorld([token("forms", tokenValue)], { failureLimit: { perMinute: 1 } });
    const required = verifier.require({ accept: ["bearer"] });
    for (const _ of [1, 2, 3]) {
      const decision = await verifier.authorize(header, required, { source: "192.0.2.1" });
      expect(decision).toMatchObject({ kind: "refused", problem: { body: { code: "not_authenticated" } } });
    }
    const event = { kind: "rejected", scheme: "token", reason: "scheme_not_accepted", expected: "bearer" };
    expect(events).toMatchObject([event, event, event]);
    expect(JSON.stringify(events)).not.toContain(tokenValue);
    await verifier.close();
    expect(await decided(verifier, header, required)).toBe(bearer401);
  });
});

describe("the clients that a route accepts", () => {
  it("restrict bearer tokens, not API tokens: another client's is valid, and forbidden", async () => {
    const [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
    onTestFinished(idp.close);
    idp.keys = [key.jwk];
    const world = await makeWorld(
      [
        token("forms", tokenValue),
        providerOf(idp),
        clientOf({ audience: ["urn:api"] }),
        clientOf({ client_id: "portal", audience: ["urn:portal"] }, "portal"),
      ],
      { clients: ["api-oidc", "portal"] },
    );
    world.setNow(start);
    const { verifier } = world;
    const ofApi = `Bearer ${goodToken(idp, key, { sub: "u-1", aud: "urn:api" })}`;
    const ofPortal = `Bearer ${goodToken(idp, key, { sub: "u-2", aud: "urn:portal" })}`;
    const required = verifier.require({ clients: ["portal"] });

    expect(await decided(verifier, ofPortal, required)).toBe("allowed");
    expect(await decided(verifier, ofApi, required)).toBe(
      '403 Bearer realm="api", error="insufficient_scope", Token realm="api"',
    );
    expect(world.events.at(-1)).toMatchObject({
      kind: "forbidden",
      scheme: "bearer",
      credential: "api-oidc",
      reason: "client_not_accepted",
      clients: ["portal"],
    });
    expect(await decided(verifier, ofApi, { clients: ["portal", "api-oidc"] })).toBe("allowed");
    expect(await decided(verifier, ofApi)).toBe("allowed");
    expect(await decided(verifier, header, required)).toBe("allowed");
    expect(await decided(verifier, header, { clients: ["portal"], accept: ["bearer"] })).toBe('401 Bearer realm="api"');
    expect(await decided(verifier, ofPortal, { clients: ["portal"], permission: view })).toMatch(/^403 /);
    expect(world.events.at(-1)).toMatchObject({ reason: "permission_missing", permission: view });
  });
});

describe("what a route requires is checked at the start", () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [{ anyOf: [] }, "`anyOf` of requireAuth must be a list with at least one item"],
    [{ allOf: [] }, "`allOf` of requireAuth must be a list with at least one item"],
    [{ accept: [] }, "`accept` of requireAuth must be a list with at least one item"],
    [{ clients: [] }, "`clients` of requireAuth must be a list with at least one item"],
    [{ anyOf: view }, "`anyOf` of requireAuth must be a list with at least one item"],
    [{ accept: "token" }, "`accept` of requireAuth must be a list with at least one item"],
    [
      { permission: "view" },
      '`permission` of requireAuth: "view" is not a permission; expected one such as taken.view_externetaak',
    ],
    [{ permission: "" }, '`permission` of requireAuth: "" is not a permission'],
    [{ permission: [view] }, "is not a permission"],
    [{ permission: `taken.${"a".repeat(250)}` }, "is not a permission"],
    [{ anyOf: [view, "taken view"] }, '`anyOf` of requireAuth: "taken view" is not a permission'],
    [{ allOf: [undefined] }, "`allOf` of requireAuth: undefined is not a permission"],
    [{ accept: ["token", "basic"] }, '`accept` of requireAuth: unknown scheme "basic"; expected token or bearer'],
    [{ accept: ["Bearer"] }, '`accept` of requireAuth: unknown scheme "Bearer"'],
    [
      { clients: ["admin-oidc"] },
      '`clients` of requireAuth: the verifier was created without the client "admin-oidc" (it has api-oidc)',
    ],
    [
      { clients: ["api-oidc"], accept: ["token"] },
      "`clients` of requireAuth concerns bearer tokens, which `accept` excludes: remove one of them",
    ],
    [{ permision: view }, "requireAuth has no option `permision`; expected permission, anyOf, allOf, accept, clients"],
    [{ permission: undefined }, "`permission` of requireAuth is undefined: write a value, or leave it out"],
  ];

  it("misspelt, empty and contradictory options end it with a TypeError", async () => {
    const { verifier } = await makeWorld([]);
    for (const [options, message] of wrong) {
      // As JavaScript may write it.
      const check = () => verifier.require(options as RequireOptions);
      expect(check).toThrow(TypeError);
      expect(check).toThrow(message);
      expect(() => verifier.authorize(header, options as RequireOptions)).toThrow(message);
    }
  });

  it("a verifier without clients has no route for bearer tokens alone", async () => {
    const { verifier } = await makeWorld([], { clients: [] });
    expect(() => verifier.require({ accept: ["bearer"] })).toThrow("nobody would be accepted");
    expect(() => verifier.require({ clients: ["api-oidc"] })).toThrow("(it has none)");
    expect(verifier.require({ accept: ["bearer", "token"] })).toEqual({ accept: ["bearer", "token"] });
  });

  it("what one verifier checked is checked again by another", async () => {
    const one = await makeWorld([token("forms", tokenValue)], { clients: ["api-oidc", "portal"] });
    const other = await makeWorld([token("forms", tokenValue)]);
    const required = one.verifier.require({ clients: ["portal"] });
    expect(await decided(one.verifier, header, required)).toBe("allowed");
    expect(() => other.verifier.authorize(header, required)).toThrow('without the client "portal"');
  });
});
