import { describe, expect, it } from "vitest";
import { readClaimMapping } from "../../src/users/claim-mapping.js";
import { hasSameClaims, mapClaims, relevantClaims } from "../../src/users/map-claims.js";

interface Settings {
  readonly mappings?: object;
  readonly user?: object;
  readonly groups?: object;
}

const rulesOf = ({ mappings, user, groups }: Settings = {}) =>
  readClaimMapping({
    user_settings: { claim_mappings: { username: ["sub"], ...mappings }, ...user },
    groups_settings: { claim_mapping: ["groups"], ...groups },
  });

function profileOf(claims: Readonly<Record<string, unknown>>, settings: Settings = {}) {
  const mapped = mapClaims(rulesOf(settings), { sub: "jan", ...claims });
  if (mapped.kind === "rejected") throw new Error(mapped.reason);
  return mapped;
}

function faultOf(claims: Readonly<Record<string, unknown>>, settings: Settings = {}) {
  const mapped = mapClaims(rulesOf(settings), claims);
  return mapped.kind === "rejected" ? mapped.reason : undefined;
}

const groupsOf = (groups: unknown, settings: Settings = {}) =>
  profileOf({ groups }, settings).groups.map(({ name }) => name);

describe("a profile", () => {
  it("A11.82 is read from nested claims, and keys with dots are one key", () => {
    const mappings = {
      username: ["https://example/user.name"],
      email: ["contact", "mail"],
      first_name: ["name", "0"],
      last_name: ["name", "1"],
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
    "A11.90 S36 treats an invalid groups claim as none, and says so, while mozilla-django-oidc-db keeps the old groups: %j",
    (groups) => {
      expect(profileOf({ groups })).toMatchObject({ groups: [], notes: [{ kind: "groups_claim_odd" }] });
    },
  );

  it("S36 F56 takes a missing or null groups claim for none, and says so, unlike an empty one", () => {
    const missing = { kind: "groups_claim_missing", claim: "[groups]" };
    expect(profileOf({})).toMatchObject({ groups: [], notes: [{ ...missing, found: "nothing" }] });
    expect(profileOf({ groups: null })).toMatchObject({ groups: [], notes: [{ ...missing, found: "null" }] });
    for (const groups of [[], ["a"], "a", { admin: { org: "x" } }]) expect(profileOf({ groups }).notes).toEqual([]);
    expect(profileOf({}, { groups: { claim_mapping: [] } }).notes).toEqual([]);
  });

  it("F56 says where the path to a missing groups claim ends", () => {
    const groups = { claim_mapping: ["realm_access", "roles"] };
    const found = (claims: object) =>
      profileOf({ ...claims }, { groups }).notes.map((note) => [note.claim, note.found]);
    expect(found({})).toEqual([["[realm_access, roles]", "nothing"]]);
    expect(found({ realm_access: {} })).toEqual([
      ["[realm_access, roles]", "an object at [realm_access], and nothing below it"],
    ]);
    expect(found({ realm_access: { roles: [] } })).toEqual([]);
  });

  it.each<[string, unknown, string, readonly string[]]>([
    ["a text with commas", "secret-a,secret-b", "a string with commas", ["secret-a,secret-b"]],
    ["paths", ["/secret-a/b"], "paths that begin with a slash", ["/secret-a/b"]],
    ["objects", [{ id: "secret-a" }, "x"], "a list that contains an object", []],
    ["an object of lists", { roles: ["secret-a"] }, "an object, whose keys were used as names", ["roles"]],
    ["a number", 7, "a number", []],
    ["a bad name", ["a\nsecret-a", "b"], "1 of 2 names that are not valid, which were ignored", ["b"]],
  ])("F56 says of what kind an odd groups claim is, never its value: %s", (_what, claim, found, names) => {
    const { notes } = profileOf({ groups: claim });
    expect(notes).toMatchObject([{ kind: "groups_claim_odd", claim: "[groups]", found }]);
    expect(JSON.stringify(notes)).not.toContain("secret-a");
    expect(groupsOf(claim)).toEqual(names);
  });

  it("F56 reads a text of names, and paths, where the settings say so", () => {
    const separator = { groups: { separator: "," } };
    expect(groupsOf("a, b,,a", separator)).toEqual(["a", "b"]);
    expect(groupsOf("", separator)).toEqual([]);
    expect(groupsOf(["a,b"], separator)).toEqual(["a,b"]);
    expect(profileOf({ groups: "a,b" }, separator).notes).toEqual([]);
    const paths = { groups: { strip_path: true } };
    expect(groupsOf(["/a/b", "/a", "c/d", "/x~/y"], paths)).toEqual(["b", "a", "c/d", "x/y"]);
    expect(profileOf({ groups: ["/a/b"] }, paths).notes).toEqual([]);
    expect(groupsOf("/a/b,/c", { groups: { separator: ",", strip_path: true } })).toEqual(["b", "c"]);
    for (const odd of [{ separator: 1 }, { separator: "" }, { strip_path: "true" }]) {
      expect(groupsOf("/a,/b", { groups: odd })).toEqual(["/a,/b"]);
    }
  });

  it.each<[string, object, string]>([
    [
      "_claim_names",
      { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "https://x" } } },
      "_claim_names",
    ],
    ["_claim_names beside null", { groups: null, _claim_names: { groups: "src1" } }, "_claim_names"],
    ["_claim_names beside an empty list", { groups: [], _claim_names: { groups: "src1" } }, "_claim_names"],
    ["hasgroups", { hasgroups: true }, "hasgroups"],
    ["hasgroups as a text", { hasgroups: "true" }, "hasgroups"],
  ])("F57 takes %s for more groups than were sent, not for none", (_what, claims, mark) => {
    const reported = { claim: "[groups]", found: `\`${mark}\` instead: too many groups for the provider's response` };
    for (const on_overage of [undefined, "refuse", "kept", true]) {
      const rejection = mapClaims(rulesOf({ groups: { on_overage } }), { sub: "jan", ...claims });
      expect(rejection).toMatchObject({
        kind: "rejected",
        reason: "groups_overage",
        ...reported,
        hint: expect.any(String),
      });
    }
    const keeping = { groups: { on_overage: "keep", default_groups: ["all"] } };
    expect(profileOf({ ...claims }, keeping)).toMatchObject({
      isPartial: true,
      isSuperuser: false,
      groups: [{ name: "all" }],
      notes: [{ kind: "groups_kept", ...reported }],
    });
  });

  it.each<[string, object, (readonly string[])?]>([
    ["an empty list", { groups: [] }],
    ["_claim_names of another claim", { groups: [], _claim_names: { address: "src1" } }],
    ["_claim_names of another claim, and no groups", { _claim_names: { address: "src1" } }],
    ["_claim_names that is none", { _claim_names: ["groups"] }],
    ["hasgroups: false", { hasgroups: false }],
    ["hasgroups beside the names", { groups: ["a"], hasgroups: true }],
    ["hasgroups, where roles are taken for groups", { hasgroups: true }, ["roles"]],
    ["_claim_names, where roles are taken for groups", { _claim_names: { groups: "src1" } }, ["roles"]],
    ["both marks, where no claim gives groups", { hasgroups: true, _claim_names: { groups: "src1" } }, []],
  ])("F57 does not take %s for more groups than were sent", (_what, claims, path = ["groups"]) => {
    expect(profileOf({ ...claims }, { groups: { claim_mapping: path } })).toMatchObject({ isPartial: false });
  });

  it("F57 recognizes the claims that say that groups are elsewhere", () => {
    const rules = rulesOf();
    const known = relevantClaims(rules, { sub: "jan" });
    for (const mark of [{ hasgroups: true }, { _claim_names: { groups: "src1" } }]) {
      expect(hasSameClaims(rules, { sub: "jan", ...mark }, known)).toBe(false);
    }
    expect(hasSameClaims(rules, { sub: "jan", _claim_names: { address: "src1" } }, known)).toBe(true);
  });

  it("F56 leaves a field alone whose claim is too long, and says so", () => {
    const mappings = { email: ["email"], first_name: ["given_name"] };
    const claims = { groups: [], email: "x".repeat(255), given_name: "Jan" };
    const { fields, notes } = profileOf(claims, { mappings });
    expect(fields).toEqual({ first_name: "Jan" });
    const found = "255 characters; `email` allows at most 254";
    expect(notes).toEqual([{ kind: "claim_ignored", claim: "[email]", found }]);
    expect(profileOf({ ...claims, email: "x".repeat(254) }, { mappings })).toMatchObject({
      fields: { email: "x".repeat(254) },
      notes: [],
    });
  });

  it("F56 names the claim that is to blame, and not its value", () => {
    const mappings = { username: ["user", "name"], email: ["email"] };
    const blamed = (claims: object) => mapClaims(rulesOf({ mappings }), { ...claims });
    expect(blamed({})).toMatchObject({ reason: "username_missing", claim: "[user, name]", found: "nothing" });
    expect(blamed({ user: { name: "x".repeat(256) } })).toMatchObject({
      reason: "username_invalid",
      claim: "[user, name]",
      found: "a string of 256 characters",
    });
    expect(blamed({ user: { name: "jan" }, email: 7 })).toMatchObject({
      reason: "claim_invalid",
      claim: "[email]",
      found: "a number",
    });
  });

  it("leaves out names that can't be a group's", () => {
    expect(groupsOf(["", " ", "a\n", "x".repeat(501), "good"])).toEqual(["good"]);
  });

  it("A11.86 gives no groups without a path, but for the default ones", () => {
    const groups = { claim_mapping: [] };
    expect(groupsOf(["a"], { groups })).toEqual([]);
    expect(groupsOf(["a"], { groups: { ...groups, default_groups: ["d"] } })).toEqual(["d"]);
  });

  it("A11.87 S38 I15 limits by the pattern which groups are joined, not only which are created, and never the default groups", () => {
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
