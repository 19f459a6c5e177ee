import { describe, expect, it } from "vitest";
import { tokenAuth } from "../../src/resources/api-tokens/step.js";
import { Secret } from "../../src/secrets/secret.js";
import { generateToken } from "../../src/secrets/token.js";
import { attributesOf, complaints, declared, diagnostics, issues } from "./run-step.js";

const value = "18b2b74ef994314b84021d47b9422e82b685d82f";
const minimal = {
  identifier: "token-1",
  token: new Secret(value),
  contact_person: "Person 1",
  email: "person-1@example.com",
};

function one(item: object) {
  return { items: [{ ...minimal, ...item }] };
}

function attributes(item: object) {
  return attributesOf(tokenAuth, one(item), "api_token");
}

describe("tokens", () => {
  it("A8.51 gives a token of the four required fields empty texts and no rights for the rest", () => {
    expect(attributes({})).toEqual({
      token: minimal.token,
      generated: false,
      contact_person: "Person 1",
      email: "person-1@example.com",
      organization: "",
      application: "",
      administration: "",
      user: null,
      is_superuser: false,
      permissions: [],
      description: "",
      enabled: true,
      allowed_ips: null,
      rate_limit: null,
      valid_from: null,
      expires_at: null,
      grace_seconds: 0,
    });
  });

  it("A8.53 declares all seven fields of Open Klant's dialect as written", () => {
    const more = { organization: "Organization", application: "Application", administration: "Administration" };
    expect(attributes(more)).toMatchObject(more);
  });

  it("A9.60 declares superusers and object type permissions", () => {
    const first = "b0e8553f-8b1a-4d55-ab90-6d02f1bcf2c2";
    const second = "b427ef84-189d-43aa-9efd-7bb2c459e281";
    const permissions = [
      { object_type: second, mode: "read_and_write" },
      { object_type: first, mode: "read_only" },
    ];
    expect(attributes({ permissions, is_superuser: true })).toMatchObject({
      is_superuser: true,
      permissions: [`objecttype.${first}.read_only`, `objecttype.${second}.read_and_write`],
    });
  });

  it("A9.60 A9.67 declares as many tokens as there are, each at its position", () => {
    const config = { items: [minimal, { ...minimal, identifier: "token-2" }] };
    expect(declared(tokenAuth, config).map(({ kind, key, path }) => ({ kind, key, path }))).toEqual([
      { kind: "api_token", key: "token-1", path: ["items", 0] },
      { kind: "api_token", key: "token-2", path: ["items", 1] },
    ]);
    expect(declared(tokenAuth, { items: [] })).toEqual([]);
  });

  it("A9.62 refuses `items` that is null or missing", () => {
    for (const config of [{ items: null }, {}]) {
      expect(issues(tokenAuth, config)).toMatchObject([{ path: "items", code: "invalid_type", expected: "array" }]);
    }
  });

  it("refuses an unknown field", () => {
    expect(issues(tokenAuth, one({ emial: "a@example.nl" }))).toMatchObject([
      { path: "items.0", code: "unrecognized_keys", keys: ["emial"] },
    ]);
  });

  it.each(["contact_person", "email", "token", "identifier"])("A9.64 refuses a token without %s", (field) => {
    const found = issues(tokenAuth, one({ [field]: undefined }));
    expect(found.map(({ path }) => path)).toEqual([`items.0.${field}`]);
  });

  it.each(["", "two words", "user@email.com", "my.variable", "résumé", "token!", "i".repeat(51)])(
    "A8.56 A9.66 refuses the identifier %j",
    (identifier) => {
      expect(new Set(issues(tokenAuth, one({ identifier })).map(({ path }) => path))).toEqual(
        new Set(["items.0.identifier"]),
      );
    },
  );

  it.each(["a", "foo-bar", "foo_bar", "fO0-B4r-Baz", "i".repeat(50)])(
    "A8.56 accepts the identifier %s",
    (identifier) => {
      expect(issues(tokenAuth, one({ identifier }))).toEqual([]);
    },
  );

  it.each(["", " ", "two words", " x", "x\t", "x\u00a0y", "é", "x\u007f", "x\0", "t".repeat(256)])(
    "A8.55 A8.58 A9.63 refuses the token value %j, without repeating it",
    (text) => {
      const message = "expected 1 to 255 printable ASCII characters without spaces";
      expect(complaints(tokenAuth, one({ token: new Secret(text) }))).toEqual([{ path: "items.0.token", message }]);
    },
  );

  it.each(["test123", "!~", "t".repeat(255)])("A8.58 accepts the token value %j", (text) => {
    expect(issues(tokenAuth, one({ token: new Secret(text) }))).toEqual([]);
  });

  it.each([
    "invalid",
    "",
    "a@b",
    `a@${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(60)}.${"e".repeat(60)}.example.nl`,
  ])("A8.54 A9.63 refuses the e-mail address %j", (email) => {
    expect(issues(tokenAuth, one({ email })).map(({ path }) => path)).toEqual(["items.0.email"]);
  });

  it("A8.54 accepts an address on this machine", () => {
    expect(issues(tokenAuth, one({ email: "a@localhost" }))).toEqual([]);
  });

  it("A9.63 rejects an empty contact person and accepts a blank one", () => {
    expect(issues(tokenAuth, one({ contact_person: "" }))).toMatchObject([{ path: "items.0.contact_person" }]);
    expect(issues(tokenAuth, one({ contact_person: " " }))).toEqual([]);
  });

  it.each(["contact_person", "organization", "application", "administration"])(
    "accepts 200 characters as %s and rejects more",
    (field) => {
      expect(issues(tokenAuth, one({ [field]: "x".repeat(200) }))).toEqual([]);
      expect(issues(tokenAuth, one({ [field]: "x".repeat(201) }))).toMatchObject([
        { path: `items.0.${field}`, code: "too_big", maximum: 200 },
      ]);
    },
  );

  it("reports the diagnostics of all items at once", () => {
    const items = [
      { ...minimal, email: "invalid", token: new Secret("two words") },
      { ...minimal, identifier: "a b" },
    ];
    expect(issues(tokenAuth, { items }).map(({ path }) => path)).toEqual([
      "items.0.token",
      "items.0.email",
      "items.1.identifier",
    ]);
  });

  it("has a value generated for `{generate: true}`", () => {
    expect(attributes({ token: { generate: true } })).toMatchObject({ token: undefined, generated: true });
    expect(issues(tokenAuth, one({ token: { generate: false } }))).not.toEqual([]);
    expect(issues(tokenAuth, one({ token: { generate: true, length: 3 } }))).not.toEqual([]);
    expect(issues(tokenAuth, one({ token: {} }))).not.toEqual([]);
  });

  it("gives a token of a user all that the user may do, unless permissions narrow it", () => {
    expect(attributes({ user: "alice" })).toMatchObject({ user: "alice", permissions: null, is_superuser: false });
    expect(attributes({ user: "alice", permissions: [] })).toMatchObject({ permissions: [] });
    expect(attributes({ user: "alice", permissions: ["b.c", "a.b"] })).toMatchObject({ permissions: ["a.b", "b.c"] });
  });

  it("refuses null as permissions, which could mean none or all", () => {
    expect(issues(tokenAuth, one({ permissions: null }))).toMatchObject([{ path: "items.0.permissions" }]);
  });

  it("refuses `is_superuser` beside `user`, also among other mistakes", () => {
    const message = "`is_superuser` can't be combined with `user`: set it on that user instead";
    for (const flag of [true, false]) {
      expect(complaints(tokenAuth, one({ user: "alice", is_superuser: flag }))).toEqual([
        { path: "items.0.is_superuser", message },
      ]);
    }
    const several = complaints(tokenAuth, one({ user: "alice", is_superuser: true, emial: "x" }));
    expect(several).toContainEqual({ path: "items.0.is_superuser", message });
    expect(several).toHaveLength(2);
    expect(issues(tokenAuth, one({ is_superuser: true }))).toEqual([]);
    expect(issues(tokenAuth, one({ user: "alice" }))).toEqual([]);
  });

  it("brings an expiry to UTC", () => {
    expect(attributes({ expires_at: "2030-01-31T12:00:00+01:00" }).expires_at).toBe("2030-01-31T11:00:00.000Z");
    expect(attributes({ expires_at: "2030-01-31T12:00Z" }).expires_at).toBe("2030-01-31T12:00:00.000Z");
    expect(attributes({ expires_at: "2030-01-31T12:00:00.1234Z" }).expires_at).toBe("2030-01-31T12:00:00.123Z");
  });

  it.each(["2030-01-31", "2030-01-31T12:00:00", "2030-02-30T12:00:00Z", "2030-01-31 12:00:00Z", "tomorrow", ""])(
    "refuses the expiry %j",
    (text) => {
      expect(complaints(tokenAuth, one({ expires_at: text }))).toEqual([
        {
          path: "items.0.expires_at",
          message: "expected a date and time with offset, such as `2030-01-31T12:00:00+01:00`",
        },
      ]);
    },
  );

  it("warns of an expiry that has come", () => {
    const warned = (text: string) => diagnostics(tokenAuth, one({ expires_at: text }));
    expect(warned("2026-03-01T12:00:00Z")).toMatchObject([
      {
        severity: "warning",
        code: "EXPIRED",
        path: "items.0.expires_at",
        message: expect.stringContaining("in the past"),
      },
    ]);
    expect(warned("2026-03-01T12:30:00+01:00")).toMatchObject([{ code: "EXPIRED" }]);
    expect(warned("2026-03-01T12:00:01Z")).toEqual([]);
  });

  it("accepts a grace period of up to a year", () => {
    expect(attributes({ grace_period: "24h" }).grace_seconds).toBe(86_400);
    expect(attributes({ grace_period: "365d" }).grace_seconds).toBe(31_536_000);
    expect(complaints(tokenAuth, one({ grace_period: "366d" }))).toEqual([
      { path: "items.0.grace_period", message: "expected at most a year, `365d`" },
    ]);
    expect(complaints(tokenAuth, one({ grace_period: "a day" }))).toEqual([
      { path: "items.0.grace_period", message: "expected a whole number and a unit: `90s`, `30m`, `24h` or `7d`" },
    ]);
  });

  it("declares a token absent, whether the rest of it is still there or not", () => {
    const items = [
      { identifier: "a", state: "absent" },
      { ...minimal, user: "u", is_superuser: true, state: "absent" },
    ];
    expect(declared(tokenAuth, { items })).toEqual([
      { kind: "api_token", key: "a", state: "absent", attributes: {}, path: ["items", 0] },
      { kind: "api_token", key: "token-1", state: "absent", attributes: {}, path: ["items", 1] },
    ]);
    expect(diagnostics(tokenAuth, { items: [{ ...minimal, token: new Secret("a"), state: "absent" }] })).toEqual([]);
  });

  it("S61 warns of a short or simple value", () => {
    const weak = (text: string) => diagnostics(tokenAuth, one({ token: new Secret(text) }));
    expect(weak("test123")).toMatchObject([
      {
        severity: "warning",
        code: "WEAK_TOKEN",
        path: "items.0.token",
        message: expect.stringContaining("shorter than 32"),
      },
    ]);
    expect(weak("abc".repeat(20))).toMatchObject([
      { code: "WEAK_TOKEN", message: expect.stringContaining("easy to guess") },
    ]);
    expect(JSON.stringify([weak("test123"), weak("abc".repeat(20))])).not.toMatch(/test123|abcabc/);
    expect(weak(value)).toEqual([]);
    expect(diagnostics(tokenAuth, one({ token: { generate: true } }))).toEqual([]);
  });

  it("rejects the word that is meant to generate a value, and accepts one that only begins with it", () => {
    expect(diagnostics(tokenAuth, one({ token: new Secret("generate") }))).toMatchObject([
      { severity: "error", code: "INVALID_VALUE", path: "items.0.token" },
    ]);
    const longer = new Secret("generate-7f3kQ0xLw2ZpV9sYb8TnRc4M");
    expect(diagnostics(tokenAuth, one({ token: longer }))).toEqual([]);
  });

  it("refuses a generated value that was mistyped: it could never be used", () => {
    const plain = generateToken().reveal();
    const mistyped = plain.slice(0, -1) + (plain.endsWith("a") ? "b" : "a");
    expect(diagnostics(tokenAuth, one({ token: new Secret(mistyped) }))).toMatchObject([
      { severity: "error", code: "INVALID_VALUE", path: "items.0.token", message: expect.stringContaining("checksum") },
    ]);
    expect(diagnostics(tokenAuth, one({ token: new Secret(plain) }))).toEqual([]);
  });
});
