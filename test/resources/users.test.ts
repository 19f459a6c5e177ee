import { describe, expect, it } from "vitest";
import { users } from "../../src/resources/users/step.js";
import { Secret } from "../../src/secrets/secret.js";
import { attributesOf, complaints, declared, diagnostics, issues } from "./run-step.js";

function one(user: object) {
  return { users: [{ username: "alice", ...user }] };
}

describe("users", () => {
  it("A5.33 resets the flags and the e-mail address that a file leaves out, and leaves the rest alone", () => {
    const attributes = attributesOf(
      users,
      { users: [{ username: "admin", password: new Secret("s3cr3t-and-long") }] },
      "user",
    );
    expect(attributes).toEqual({
      email: "",
      first_name: undefined,
      last_name: undefined,
      is_active: undefined,
      is_staff: false,
      is_superuser: false,
      password: expect.any(Secret),
      groups: [],
      groups_until: {},
      permissions: [],
      sign_in_provider: null,
      sign_in_subject: null,
      sign_in: undefined,
    });
  });

  it("A5.33 declares several users, in their order and each at its position", () => {
    const config = { users: [{ username: "admin" }, { username: "testuser", is_staff: true }] };
    expect(declared(users, config).map(({ kind, key, path }) => ({ kind, key, path }))).toEqual([
      { kind: "user", key: "admin", path: ["users", 0] },
      { kind: "user", key: "testuser", path: ["users", 1] },
    ]);
  });

  it("declares everything that is written, groups and permissions sorted and each once", () => {
    const written = {
      email: "alice@example.nl",
      first_name: "",
      last_name: "Jansen",
      is_active: false,
      is_staff: true,
      is_superuser: true,
      groups: ["b", "a", "b"],
      permissions: ["x.z", "x.y"],
    };
    expect(attributesOf(users, one(written), "user")).toEqual({
      ...written,
      groups_until: {},
      password: undefined,
      groups: ["a", "b"],
      permissions: ["x.y", "x.z"],
      sign_in_provider: null,
      sign_in_subject: null,
    });
  });

  it("declares a user absent, whether the rest of it is still there or not", () => {
    const config = {
      users: [
        { username: "a", state: "absent" },
        { username: "b", is_staff: true, state: "absent" },
      ],
    };
    expect(declared(users, config)).toEqual([
      { kind: "user", key: "a", state: "absent", attributes: {}, path: ["users", 0] },
      { kind: "user", key: "b", state: "absent", attributes: {}, path: ["users", 1] },
    ]);
    expect(diagnostics(users, one({ email: "no address", state: "absent" }))).toEqual([]);
  });

  it("refuses a missing list, unknown fields and wrong types, all at once", () => {
    expect(issues(users, {})).toMatchObject([{ path: "users", code: "invalid_type" }]);
    expect(issues(users, { users: [], items: [] })).toMatchObject([{ code: "unrecognized_keys", keys: ["items"] }]);
    const found = issues(users, { users: [{ usernam: "a" }, { username: "b", is_staff: "x", email: null }] });
    expect(found.map(({ path, code }) => `${path} ${code}`)).toEqual([
      "users.0.username invalid_type",
      "users.0 unrecognized_keys",
      "users.1.email invalid_type",
      "users.1.is_staff invalid_type",
    ]);
    expect(declared(users, { users: [] })).toEqual([]);
  });

  it.each([
    ["username", 255],
    ["email", 254],
    ["first_name", 255],
    ["last_name", 255],
  ])("accepts a %s of %d characters and rejects a longer one", (field, max) => {
    expect(issues(users, one({ [field]: "n".repeat(max) }))).toEqual([]);
    expect(issues(users, one({ [field]: "n".repeat(max + 1) }))).toMatchObject([
      { path: `users.0.${field}`, code: "too_big", maximum: max },
    ]);
  });

  it("refuses an empty username, one with control characters, and text with NUL", () => {
    expect(issues(users, one({ username: "" }))).toMatchObject([{ code: "too_small" }]);
    expect(complaints(users, one({ username: "a\nb" }))).toEqual([
      { path: "users.0.username", message: "expected a name without control characters" },
    ]);
    expect(complaints(users, one({ first_name: "a\0b" }))).toEqual([
      { path: "users.0.first_name", message: "expected text without NUL characters" },
    ]);
    expect(issues(users, one({ username: "jan de vries" }))).toEqual([]);
  });

  it("refuses a group's name of 501 characters", () => {
    expect(issues(users, one({ groups: ["g".repeat(500)] }))).toEqual([]);
    expect(issues(users, one({ groups: ["g".repeat(501)] }))).toMatchObject([{ path: "users.0.groups.0" }]);
  });

  it("accepts an e-mail field that holds something else, with a warning", () => {
    const found = diagnostics(users, one({ email: "not-an-email" }));
    expect(found).toMatchObject([
      { severity: "warning", code: "INVALID_VALUE", path: "users.0.email", message: "this is not an e-mail address" },
    ]);
    expect(JSON.stringify(found)).not.toContain("not-an-email");
    expect(diagnostics(users, one({ email: "a@localhost" }))).toEqual([]);
    expect(diagnostics(users, one({ email: "" }))).toEqual([]);
  });

  it("warns of a password that is a well-known example, and accepts it", () => {
    const config = one({ password: new Secret("change_me") });
    const found = diagnostics(users, config);
    expect(found).toMatchObject([
      {
        severity: "warning",
        code: "WEAK_PASSWORD",
        path: "users.0.password",
        message: expect.stringContaining("well-known"),
      },
    ]);
    expect(JSON.stringify(found)).not.toContain("change_me");
    expect(attributesOf(users, config, "user").password).toBeInstanceOf(Secret);
    expect(diagnostics(users, one({ password: new Secret("correct horse battery") }))).toEqual([]);
  });

  it("treats an empty password as none, and says so", () => {
    const config = one({ password: new Secret("") });
    expect(attributesOf(users, config, "user").password).toBeUndefined();
    expect(diagnostics(users, config)).toMatchObject([
      {
        code: "IGNORED_FIELD",
        path: "users.0.password",
        message: expect.stringContaining("the password is empty"),
      },
    ]);
    expect(diagnostics(users, one({}))).toEqual([]);
  });

  it("refuses a password that is not text, or longer than 4096 characters", () => {
    expect(complaints(users, one({ password: ["x"] }))).toEqual([
      { path: "users.0.password", message: "expected text" },
    ]);
    expect(complaints(users, one({ password: new Secret("x".repeat(4097)) }))).toEqual([
      { path: "users.0.password", message: "expected at most 4096 characters" },
    ]);
    expect(issues(users, one({ password: new Secret("x".repeat(4096)) }))).toEqual([]);
  });
});
