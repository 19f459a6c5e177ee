import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Principal } from "../../src/users/principal.js";
import { openBrowser } from "../login/browser.js";
import { makeWorld as makeLogin } from "../login/world.js";
import { type Issuer, makeKey, startIssuer, type TestKey } from "./bearer/issuer.js";
import { clientOf, goodToken, providerOf, start } from "./bearer/world.js";
import { makeWorld, principalIn, token, tokenValue, user } from "./verifier-world.js";

let idp: Issuer;
let key: TestKey;

beforeAll(async () => {
  [idp, key] = await Promise.all([startIssuer(), makeKey("RS256")]);
  idp.keys = [key.jwk];
});

afterAll(() => idp.close());

/** Everything that can be reached from a value through its own properties and accessors. */
function partsOf(value: unknown, found = new Set<object>()): ReadonlySet<object> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null || found.has(value)) return found;
  found.add(value);
  // A function's prototype and a set's refusing methods are no parts that a program reads.
  if (typeof value === "object") for (const part of [...Object.values(value), ...accessed(value)]) partsOf(part, found);
  return found;
}

/** The accessors that it shares with others of its class, and what they return for it. */
function accessed(value: object): readonly unknown[] {
  const shared: object | null = Object.getPrototypeOf(value);
  if (shared === null || Object.hasOwn(shared, "hasOwnProperty") || value instanceof Set) return [];
  const names = Object.entries(Object.getOwnPropertyDescriptors(shared)).flatMap(([name, { get }]) =>
    get ? name : [],
  );
  return [shared, ...names.map((name) => Reflect.get(value, name))];
}

/** All that a handler could try, by mistake or not. */
function tamperWith(principal: Principal): void {
  // What the types forbid is what is tried here.
  const open = principal as unknown as Record<string, unknown> & { user: Record<string, unknown> };
  const permissions = principal.permissions as Set<string>;
  const attempts = [
    () => Object.assign(open, { hasPermission: () => true }),
    () => Object.assign(open, { permissions: new Set(["evil.do_it"]) }),
    () => Object.assign(open, { user: { username: "root" } }),
    () => Object.assign(open, { noted: "by a handler" }),
    () => Object.assign(open.user, { isSuperuser: true, username: "root" }),
    () => Object.assign(principal.hasPermission, { noted: true }),
    () => Object.defineProperty(open, "scheme", { value: "other" }),
    () => Object.setPrototypeOf(open.user, { isStaff: true }),
    () => Object.defineProperty(Object.getPrototypeOf(principal), "permissions", { value: new Set(["evil.do_it"]) }),
    () => Object.assign(Object.getPrototypeOf(principal), { noted: "by a handler" }),
    () => permissions.add("evil.do_it"),
    () => permissions.delete("taken.view_externetaak"),
    () => permissions.clear(),
    () => Object.assign(permissions, { has: () => true }),
  ];
  for (const attempt of attempts) expect(attempt).toThrow(TypeError);
  // These cannot be prevented; no other request may see them.
  Set.prototype.add.call(permissions, "evil.do_it");
  Set.prototype.delete.call(permissions, "taken.view_externetaak");
}

const shownOf = ({ user: of, scheme, credential, permissions, hasPermission }: Principal) => ({
  of,
  scheme,
  credential,
  permissions: [...permissions].sort(),
  evil: hasPermission("evil.do_it"),
  view: hasPermission("taken.view_externetaak"),
});

async function expectUntouched(ask: () => Promise<Principal>): Promise<void> {
  const before = structuredClone(shownOf(await ask()));
  expect(before).toMatchObject({ permissions: ["taken.view_externetaak"], evil: false, view: true });
  const principal = await ask();
  for (const part of partsOf(principal)) expect(Object.isFrozen(part)).toBe(true);
  tamperWith(principal);
  expect(shownOf(principal)).toEqual(before);
  expect(shownOf(await ask())).toEqual(before);
}

describe("F9 what a handler does to a principal is not seen by the next request", () => {
  it("of an API token, also of one that is narrowed", async () => {
    const may = { permissions: ["taken.view_externetaak"] };
    const world = await makeWorld([
      user("jan", { permissions: ["taken.view_externetaak", "taken.add_externetaak"] }),
      token("whole", tokenValue, may),
      token("narrow", "n".repeat(40), { user: "jan", ...may }),
    ]);
    for (const value of [tokenValue, "n".repeat(40)]) {
      await expectUntouched(async () => principalIn(await world.authenticate(`Token ${value}`)));
      const outcome = await world.authenticate(`Token ${value}`);
      expect(() => Object.assign(outcome, { principal: undefined })).toThrow(TypeError);
    }
  });

  it("of a bearer token", async () => {
    const jan = user("jan", { permissions: ["taken.view_externetaak"] });
    const world = await makeWorld([jan, providerOf(idp), clientOf()]);
    world.setNow(start);
    const bearer = `Bearer ${goodToken(idp, key, { sub: "jan" })}`;
    await expectUntouched(async () => principalIn(await world.authenticate(bearer)));
    const outcome = await world.authenticate(bearer);
    expect(() => Object.assign(outcome, { principal: undefined })).toThrow(TypeError);
  });

  it("of a session", async () => {
    const world = await makeLogin(key, {
      resources: [user("jan@example.nl", { permissions: ["taken.view_externetaak"] })],
    });
    const browser = openBrowser();
    const signedIn = await world.signIn(browser);
    if (signedIn.kind !== "signed_in") throw new Error("expected a sign-in");
    tamperWith(signedIn.principal);
    await expectUntouched(async () => {
      const session = await world.login.session(browser.header());
      if (!session) throw new Error("expected a session");
      return session.principal;
    });
  });
});
