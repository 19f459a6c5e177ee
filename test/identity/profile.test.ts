import { describe, expect, it } from "vitest";
import { hasSameClaims, readProfile, relevantClaims } from "../../src/identity/profile.js";
import { readUserRules } from "../../src/identity/rules.js";

interface Settings {
  readonly mappings?: object;
  readonly user?: object;
  readonly groups?: object;
}

const rulesOf = ({ mappings, user, groups }: Settings = {}) =>
  readUserRules({
    user_settings: { claim_mappings: { username: ["sub"], ...mappings }, ...user },
    groups_settings: { claim_mapping: ["groups"], ...groups },
  });

function profileOf(claims: Readonly<Record<string, unknown>>, settings: Settings = {}) {
  const profile = readProfile(rulesOf(settings), { sub: "jan", ...claims });
  if (profile.kind === "fault") throw new Error(profile.reason);
  return profile;
}

function faultOf(claims: Readonly<Record<string, unknown>>, settings: Settings = {}) {
  const profile = readProfile(rulesOf(settings), claims);
  return profile.kind === "fault" ? profile.reason : undefined;
}

const groupsOf = (groups: unknown, settings: Settings = {}) =>
  profileOf({ groups }, settings).groups.map(({ name }) => name);

describe("a profile", () => {
  it("A11.82 is read from nested claims, and keys with dots are one key", () => {
    const mappings = {
      ...{ username: ["https://example/user.name"], email: ["contact", "mail"] },
      ...{ first_name: ["name", "0"], last_name: ["name", "1"] },
    };
    const claims = { "https://example/user.name": "jan", contact: { mail: "j@x.nl" }, name: ["Jan", "Jansen"] };
    expect(profileOf(claims, { mappings })).toMatchObject({
      username: { name: "jan" },
      fields: { email: "j@x.nl", first_name: "Jan", last_name: "Jansen" },
    });
  });

  it("A11.90 is none without a username", () => {
    expect(faultOf({})).toBe("username_missing");
    expect(faultOf({ sub: "" })).toBe("username_missing");
    expect(faultOf({ sub: null })).toBe("username_missing");
    expect(faultOf({ sub: "jan" }, { mappings: { username: [] } })).toBe("username_missing");
    expect(faultOf({ sub: "jan" })).toBeUndefined();
  });

  it("S40 is none with a username that can't be stored", () => {
    expect(faultOf({ sub: "ja\u202en" })).toBe("username_invalid");
    for (const sub of [0.5, 1e21, true, ["jan"], { toString: 1 }]) expect(faultOf({ sub })).toBe("username_invalid");
    expect(faultOf({ sub: 7 })).toBeUndefined();
  });

  it("S39 takes an e-mail address for the username only where the provider checked it", () => {
    const settings = { mappings: { username: ["email"] } };
    expect(faultOf({ email: "j@x.nl" }, settings)).toBe("email_unverified");
    expect(faultOf({ email: "j@x.nl", email_verified: "true" }, settings)).toBe("email_unverified");
    expect(faultOf({ email: "j@x.nl", email_verified: true }, settings)).toBeUndefined();
    expect(faultOf({ email: "j@x.nl" }, { ...settings, user: { allow_unverified_email: true } })).toBeUndefined();
  });

  it.each([
    ["an object as e-mail", { email: {} }, { email: ["email"] }],
    ["an e-mail of 255 characters", { email: "x".repeat(255) }, { email: ["email"] }],
    ["a line break in a name", { given_name: "a\nb" }, { first_name: ["given_name"] }],
    ["a word as a flag", { staff: "maybe" }, { is_staff: ["staff"] }],
    ["F7 a flag that is written as text", { staff: "true" }, { is_staff: ["staff"] }],
    ["F7 a flag that is written as a number", { staff: 1 }, { is_staff: ["staff"] }],
    ["F7 a number as e-mail", { email: 7 }, { email: ["email"] }],
  ])("is none with %s: it rejects instead of crashing", (_what, claims, mappings) => {
    expect(faultOf({ sub: "jan", ...claims }, { mappings })).toBe("claim_invalid");
    expect(faultOf({ sub: "jan" }, { mappings })).toBeUndefined();
  });

  it("leaves a field alone whose claim is missing or null", () => {
    const mappings = { email: ["email"], first_name: ["given_name"] };
    expect(profileOf({ email: null }, { mappings }).fields).toEqual({});
  });

  it("A11.88 makes staff and superusers by claims", () => {
    const mappings = { is_superuser: ["is_god"] };
    expect(profileOf({ is_god: true }, { mappings })).toMatchObject({ isSuperuser: true, fields: {} });
    expect(profileOf({ is_god: false }, { mappings })).toMatchObject({ isSuperuser: false });
    expect(profileOf({}, { groups: { make_users_staff: true } }).fields).toEqual({ is_staff: 1 });
    expect(profileOf({}).fields).toEqual({});
  });

  it("A11.84 takes a list of groups, a text for a list of one, and an object for its keys", () => {
    expect(groupsOf(["a", "b", "a"])).toEqual(["a", "b"]);
    expect(groupsOf("a")).toEqual(["a"]);
    expect(groupsOf({ a: {}, b: {} })).toEqual(["a", "b"]);
  });

  it.each([[["a", 1]], [1], [true], [[["a"]]]])(
    "A11.90 S36 takes an odd groups claim for none, and says so, unlike the incumbent, which keeps the old ones: %j",
    (groups) => {
      expect(profileOf({ groups })).toMatchObject({ groups: [], hasOddGroups: true });
    },
  );

  it("S36 takes a missing or null groups claim for none, which is nothing odd", () => {
    expect(profileOf({})).toMatchObject({ groups: [], hasOddGroups: false });
    expect(profileOf({ groups: null })).toMatchObject({ groups: [], hasOddGroups: false });
  });

  it("leaves out names that can't be a group's", () => {
    expect(groupsOf(["", " ", "a\n", "x".repeat(151), "good"])).toEqual(["good"]);
  });

  it("A11.86 gives no groups without a path, but for the default ones", () => {
    const groups = { claim_mapping: [] };
    expect(groupsOf(["a"], { groups })).toEqual([]);
    expect(groupsOf(["a"], { groups: { ...groups, default_groups: ["d"] } })).toEqual(["d"]);
  });

  it("A11.87 S38 I15 limits by the pattern what is joined, not only what is made, and never the default groups", () => {
    const groups = { sync_pattern: "myapp:*", default_groups: ["everybody"] };
    expect(groupsOf(["myapp:a", "other"], { groups })).toEqual(["myapp:a", "everybody"]);
  });

  it("A11.89 makes superusers by a group, whatever the pattern, and with sync off", () => {
    const groups = { superuser_group_names: ["Root"], sync: false, sync_pattern: "x*" };
    expect(profileOf({ groups: ["Root"] }, { groups })).toMatchObject({ isSuperuser: true, groups: [] });
    expect(profileOf({ groups: ["root"] }, { groups }).isSuperuser).toBe(false);
    expect(profileOf({ groups: [] }, { groups }).isSuperuser).toBe(false);
    expect(profileOf({ groups: ["Root"] }).isSuperuser).toBe(false);
  });
});

describe("relevant claims", () => {
  const rules = rulesOf({ mappings: { email: ["email"] } });
  const claims = { sub: "jan", email: "j@x.nl", groups: ["a", "b"], iat: 1 };
  const known = relevantClaims(rules, claims);

  it("are the same for a token with the same claims, whatever else it says", () => {
    expect(hasSameClaims(rules, { ...claims, groups: ["a", "b"], iat: 2, jti: "x" }, known)).toBe(true);
  });

  it.each([
    [{ sub: "piet" }],
    [{ email: "other@x.nl" }],
    [{ email: undefined }],
    [{ email_verified: true }],
    [{ groups: ["a"] }],
    [{ groups: ["b", "a"] }],
    [{ groups: { a: 1, b: 1 } }],
    [{ groups: null }],
  ])("differ with %j", (change) => {
    expect(hasSameClaims(rules, { ...claims, ...change }, known)).toBe(false);
  });
});
