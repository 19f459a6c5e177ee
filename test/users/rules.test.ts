import { describe, expect, it } from "vitest";
import { compileGroupPattern, readClaimMapping } from "../../src/users/claim-mapping.js";
import { readClaim } from "../../src/users/claim-values.js";
import { readExternalIdentity, readUsername } from "../../src/users/external-identity.js";
import { cpuMsOf } from "../support/cpu-time.js";

describe("a claim's path", () => {
  const claims = JSON.parse('{"a":{"b.c":["x","y"]},"n":null,"__proto__":{"evil":true}}');

  it.each([
    [
      ["a", "b.c"],
      ["x", "y"],
    ],
    [["a", "b.c", "1"], "y"],
    [["n"], null],
    [["__proto__", "evil"], true],
  ])("A11.82 leads through keys, dots and all: %j", (path, value) => {
    expect(readClaim(claims, path)).toEqual(value);
  });

  it.each([[["a.b"]], [["a", "b.c", "2"]], [["a", "b.c", "length"]], [["a", "b.c", "0", "length"]], [["n", "x"]]])(
    "leads nowhere where there is nothing: %j",
    (path) => {
      expect(readClaim(claims, path)).toBeUndefined();
    },
  );

  it("S35 finds nothing that was inherited", () => {
    for (const path of [["constructor"], ["toString"], ["a", "constructor", "name"], ["a", "__proto__"]]) {
      expect(readClaim(claims, path)).toBeUndefined();
    }
    expect(readClaim({ constructor: "own" }, ["constructor"])).toBe("own");
  });
});

describe("F70 S104: a client's stored options", () => {
  const groupsOf = (groups_settings: object) => readClaimMapping({ groups_settings });

  it("give nobody anything by a part that is missing or odd", () => {
    for (const groups of [{}, { claim_mapping: "roles", superuser_group_names: "roles", default_groups: "roles" }]) {
      expect(groupsOf({ ...groups, make_users_staff: "yes" })).toMatchObject({
        groupsPath: undefined,
        defaultGroups: [],
        makesStaff: false,
        superuserGroups: new Set(),
      });
    }
    for (const odd of [null, 1, ["*"]]) {
      const { fitsPattern, createsGroups } = groupsOf({ sync: odd, sync_pattern: odd });
      expect([fitsPattern("roles"), createsGroups]).toEqual([false, false]);
    }
  });

  it("take the claim's groups where only `sync` and `sync_pattern` are missing", () => {
    const { fitsPattern, createsGroups, groupsPath } = groupsOf({ claim_mapping: ["roles"] });
    expect([groupsPath, fitsPattern("roles"), createsGroups]).toEqual([["roles"], true, true]);
  });
});

describe("a group pattern", () => {
  it.each([
    ["*", ["", "a", "myapp:x"], []],
    ["myapp:*", ["myapp:", "myapp:x"], ["myapp", "MYAPP:x", "x:myapp:y"]],
    ["a?c", ["abc", "a-c", "a😀c"], ["ac", "abbc"]],
    ["[ab]x", ["ax", "bx"], ["cx", "abx"]],
    ["[!ab]x", ["cx", "!x"], ["ax", "bx"]],
    ["[a-c]", ["a", "b", "c"], ["d", "-"]],
    ["[]a]", ["]", "a"], ["b"]],
    ["[!]]", ["a"], ["]"]],
    ["[a", ["[a"], ["a"]],
    ["a.b", ["a.b"], ["axb"]],
    ["*a*b*c", ["abc", "xaxbxc", "aabbcc"], ["acb", "ab"]],
  ])("A11.87 %s fits what Python's fnmatch does", (pattern, fitting, others) => {
    const fits = compileGroupPattern(pattern);
    expect(fitting.filter((name) => !fits(name))).toEqual([]);
    expect(others.filter(fits)).toEqual([]);
  });

  it("stays fast for a pattern that would slow a regular expression down", () => {
    const work = () => expect(compileGroupPattern(`${"*a".repeat(120)}b`)("a".repeat(150))).toBe(false);
    expect(cpuMsOf(work)).toBeLessThan(1000);
  });
});

describe("a username", () => {
  it.each([
    ["jan", "jan"],
    ["Jan de Vries", "Jan de Vries"],
    [12345, "12345"],
    ["e\u0301", "é"],
    ["ｊａｎ", "jan"],
    ["x".repeat(255), "x".repeat(255)],
  ])("S40 is stored in one form: %s", (claim, name) => {
    expect(readUsername(claim)?.name).toBe(name);
  });

  it.each([
    ["a line break", "jan\n"],
    ["a null character", "jan\0"],
    ["a direction mark", "jan\u202e"],
    ["an invisible space", "ja\u200bn"],
    ["half a character", "jan\ud800"],
    ["a space at its end", "jan "],
    ["nothing", ""],
    ["256 characters", "x".repeat(256)],
    ["a list", ["jan"]],
    ["a fraction", 1.5],
    ["true", true],
  ])("S40 is refused with %s", (_what, claim) => {
    expect(readUsername(claim)).toBeUndefined();
  });

  it("S40 differs from one that only looks the same", () => {
    expect(readUsername("jan")).toMatchObject({ isPlain: true, skeleton: "jan" });
    expect(readUsername("ｊａｎ")).toMatchObject({ isPlain: false });
    // The first letter is Cyrillic.
    expect(readUsername("аdmin")).toMatchObject({ isPlain: true, skeleton: "admin" });
  });
});

describe("a person", () => {
  const issuer = "https://idp.example";

  it.each([[undefined], [""], [1], [null], [["jan"]], ["a\nb"], ["\ud800"], ["x".repeat(256)], ["client:jan"]])(
    "S30 has a usable subject, not %j",
    (sub) => {
      expect(readExternalIdentity(issuer, { sub })).toBeUndefined();
      expect(readExternalIdentity(issuer, { sub: "x".repeat(255) })).toMatchObject({ isClient: false });
    },
  );

  it("S34 is never a client of the same name", () => {
    const human = { issuer, subject: "jan", isClient: false };
    const client = { issuer, subject: "client:jan", isClient: true };
    expect(readExternalIdentity(issuer, { sub: "jan", azp: "app", client_id: "app" })).toEqual(human);
    expect(readExternalIdentity(issuer, { sub: "jan", azp: "jan" })).toEqual(client);
    expect(readExternalIdentity(issuer, { sub: "jan", client_id: "jan" })).toEqual(client);
    expect(readExternalIdentity(issuer, { sub: "jan", gty: "client-credentials" })).toEqual(client);
    expect(readExternalIdentity(issuer, { sub: "jan", idtyp: "app" })).toEqual(client);
  });
});

describe("the rules in a client's options", () => {
  it("are the documented defaults where parts are missing", () => {
    for (const options of [undefined, null, {}, { user_settings: 1, groups_settings: [] }]) {
      expect(readClaimMapping(options)).toMatchObject({
        usernamePath: [],
        isCaseSensitive: true,
        allowsUnverifiedEmail: false,
        fields: [],
        groupsPath: undefined,
        createsGroups: true,
        defaultGroups: [],
        makesStaff: false,
        superuserGroups: new Set(),
      });
    }
  });

  it("A11.91 leave fields with an empty path alone, and name those that no user has", () => {
    const claim_mappings = { username: ["sub"], email: [], phone: ["phone"], first_name: ["given_name"] };
    const rules = readClaimMapping({ user_settings: { claim_mappings } });
    expect(rules.fields).toEqual([{ field: "first_name", path: ["given_name"] }]);
    expect(rules.unknownFields).toEqual(["phone"]);
  });
});
