import { describe, expect, it } from "vitest";
import { oidc } from "../../src/resources/oidc/step.js";
import { fullOptions, withClient } from "./oidc-config.js";
import { attributesOf, complaints, diagnostics, issues } from "./run-step.js";

const defaults = {
  user_settings: {
    claim_mappings: { username: ["sub"], email: ["email"], first_name: ["given_name"], last_name: ["family_name"] },
    username_case_sensitive: true,
  },
  groups_settings: {
    claim_mapping: ["roles"],
    sync: true,
    sync_pattern: "*",
    default_groups: [],
    make_users_staff: false,
    superuser_group_names: [],
  },
};

/** Of `options` itself: what a file leaves out gives nobody a group. */
const withoutGroups = { ...defaults, groups_settings: { ...defaults.groups_settings, claim_mapping: [] } };

function optionsOf(options: unknown) {
  return attributesOf(oidc, withClient({ options }), "oidc_client").options;
}

function defaulted(options: unknown) {
  return diagnostics(oidc, withClient({ options }))
    .filter(({ code }) => code === "OPTIONS_DEFAULTED")
    .map(({ path, message }) => ({ path, parts: /lacks (.*): the/.exec(message)?.[1] }));
}

describe("a client's options", () => {
  it("keep what is complete as it is", () => {
    expect(optionsOf(fullOptions)).toEqual(fullOptions);
    expect(diagnostics(oidc, withClient({ options: fullOptions }))).toEqual([]);
  });

  it("A7.43 are the defaults where they are left out, with one warning", () => {
    expect(optionsOf(undefined)).toEqual(defaults);
    expect(optionsOf({})).toEqual(defaults);
    const parts = "`user_settings`, `groups_settings`";
    expect(defaulted(undefined)).toEqual([{ path: "items.0", parts }]);
    expect(defaulted({})).toEqual([{ path: "items.0.options", parts }]);
  });

  it("A7.48 keep other keys, at every level, beside the defaults", () => {
    const free = { test: "test", this: { is: "a nested option!", list: [1, null, true, { deep: 0.5 }] } };
    expect(optionsOf(free)).toEqual({ ...free, ...withoutGroups });
    const inside = {
      ...fullOptions,
      user_settings: { ...fullOptions.user_settings, sensitive_claims: [["bsn"]], more: 1 },
    };
    expect(optionsOf(inside)).toEqual(inside);
  });

  it("get defaults for the parts that lack, which the warning names", () => {
    const options = {
      user_settings: { claim_mappings: { email: ["mail"] } },
      groups_settings: { make_users_staff: true, sync: false, claim_mapping: ["groups"] },
    };
    expect(optionsOf(options)).toEqual({
      user_settings: { claim_mappings: { username: ["sub"], email: ["mail"] }, username_case_sensitive: true },
      groups_settings: { ...defaults.groups_settings, ...options.groups_settings },
    });
    expect(defaulted(options)).toEqual([
      {
        path: "items.0.options",
        parts:
          "`user_settings.claim_mappings.username`, `groups_settings.sync_pattern`, " +
          "`groups_settings.default_groups`, `groups_settings.superuser_group_names`",
      },
    ]);
    expect(defaulted({ ...fullOptions, user_settings: {} })).toEqual([
      { path: "items.0.options", parts: "`user_settings.claim_mappings`" },
    ]);
  });

  it.each([
    ["group_settings", { group_settings: {} }, "groups_settings"],
    ["user_setings", { user_setings: {} }, "user_settings"],
    ["user_settings.claim_mapping", { user_settings: { claim_mapping: {} } }, "claim_mappings"],
    ["groups_settings.claim_mappings", { groups_settings: { claim_mappings: [] } }, "claim_mapping"],
    ["groups_settings.syncs", { groups_settings: { syncs: true } }, "sync"],
    ["user_settings.claim_mappings.user_name", { user_settings: { claim_mappings: { user_name: [] } } }, "username"],
  ])("refuse %s, which nothing would read", (key, options, meant) => {
    const params = { code: "UNKNOWN_FIELD", hint: `did you mean \`${meant}\`?` };
    expect(issues(oidc, withClient({ options }))).toMatchObject([{ path: `items.0.options.${key}`, params }]);
  });

  it("refuse every misspelt key at once, also beside the right one", () => {
    const options = { ...fullOptions, group_settings: {}, users_settings: {} };
    const misspelt = ["items.0.options.group_settings", "items.0.options.users_settings"];
    expect(issues(oidc, withClient({ options })).map(({ path }) => path)).toEqual(misspelt);
  });

  it("refuse a misspelt key beside other mistakes, in the options and in the client", () => {
    const options = { group_settings: {}, user_settings: { claim_mappings: "sub", username_case_sensitve: true } };
    expect(
      issues(oidc, withClient({ options, oidc_rp_client_id: 1 }))
        .map(({ path }) => path)
        .sort(),
    ).toEqual([
      "items.0.oidc_rp_client_id",
      "items.0.options.group_settings",
      "items.0.options.user_settings.claim_mappings",
      "items.0.options.user_settings.username_case_sensitve",
    ]);
  });

  it("F65 hold allow_unverified_email as true or false, and say where nothing reads it", () => {
    const written = (value: unknown, mappings: object = { username: ["email"] }) =>
      withClient({ options: { ...fullOptions, user_settings: userSettings(mappings, value) } });
    const userSettings = (mappings: object, value: unknown) => ({
      ...fullOptions.user_settings,
      claim_mappings: mappings,
      allow_unverified_email: value,
    });
    const place = "items.0.options.user_settings.allow_unverified_email";
    for (const value of [null, 1, "maybe", []]) {
      expect(issues(oidc, written(value)).map(({ path }) => path)).toEqual([place]);
    }
    for (const value of [true, false]) {
      expect(attributesOf(oidc, written(value), "oidc_client").options).toMatchObject({
        user_settings: { allow_unverified_email: value },
      });
      expect(diagnostics(oidc, written(value))).toEqual([]);
    }
    expect(diagnostics(oidc, written(true, { username: ["sub"] }))).toMatchObject([
      { code: "IGNORED_FIELD", path: place },
    ]);
    expect(diagnostics(oidc, written(false, { username: ["sub"] }))).toEqual([]);
    const misspelt = { ...fullOptions.user_settings, allow_unverified_emails: true };
    expect(issues(oidc, withClient({ options: { ...fullOptions, user_settings: misspelt } }))).toMatchObject([
      { params: { hint: "did you mean `allow_unverified_email`?" } },
    ]);
  });

  it("F57 accept refuse or keep for a person with more groups than the provider sends, and nothing else", () => {
    const written = (on_overage: unknown) =>
      withClient({ options: { ...fullOptions, groups_settings: { ...fullOptions.groups_settings, on_overage } } });
    for (const on_overage of ["refuse", "keep"]) {
      expect(attributesOf(oidc, written(on_overage), "oidc_client").options).toMatchObject({
        groups_settings: { on_overage },
      });
      expect(diagnostics(oidc, written(on_overage))).toEqual([]);
    }
    for (const odd of [null, true, "Keep", ""]) {
      const path = "items.0.options.groups_settings.on_overage";
      expect(issues(oidc, written(odd)).map((issue) => issue.path)).toEqual([path]);
    }
  });

  it("accept keys that resemble no known one", () => {
    const options = { ...fullOptions, settings: {}, groups: [], loa_settings: {} };
    expect(diagnostics(oidc, withClient({ options }))).toEqual([]);
    const claim_mappings = { ...fullOptions.user_settings.claim_mappings, phone_number: ["phone"], bsn: ["bsn"] };
    const more = { ...fullOptions, user_settings: { ...fullOptions.user_settings, claim_mappings } };
    expect(diagnostics(oidc, withClient({ options: more }))).toEqual([]);
  });

  it.each([
    ["user_settings", { user_settings: [] }],
    ["user_settings.claim_mappings.email", { user_settings: { claim_mappings: { email: "email" } } }],
    ["user_settings.claim_mappings.email.0", { user_settings: { claim_mappings: { email: [1] } } }],
    ["user_settings.username_case_sensitive", { user_settings: { username_case_sensitive: "maybe" } }],
    ["user_settings.sensitive_claims.0", { user_settings: { sensitive_claims: ["bsn"] } }],
    ["groups_settings.claim_mapping", { groups_settings: { claim_mapping: "roles" } }],
    ["groups_settings.sync", { groups_settings: { sync: "now and then" } }],
    // Each of these stops every sign-in of `mozilla-django-oidc-db`.
    ["user_settings", { user_settings: null }],
    ["user_settings.claim_mappings", { user_settings: { claim_mappings: null } }],
    ["user_settings.sensitive_claims", { user_settings: { sensitive_claims: null } }],
    ["groups_settings", { groups_settings: null }],
    ["groups_settings.sync_pattern", { groups_settings: { sync_pattern: null } }],
    ["groups_settings.sync_pattern", { groups_settings: { sync_pattern: 3 } }],
    ["groups_settings.default_groups", { groups_settings: { default_groups: {} } }],
    ["groups_settings.make_users_staff", { groups_settings: { make_users_staff: [] } }],
    ["groups_settings.superuser_group_names", { groups_settings: { superuser_group_names: "Admins" } }],
  ])("refuse another type of %s", (key, options) => {
    expect(issues(oidc, withClient({ options }))).toMatchObject([
      { path: `items.0.options.${key}`, code: "invalid_type" },
    ]);
  });

  it("F70 S104: give no groups where nothing says which claim has them", () => {
    const groups = (groups_settings: object) => optionsOf({ ...fullOptions, groups_settings });
    const superusers = { make_users_staff: false, superuser_group_names: ["superuser"] };
    expect(groups(superusers)).toMatchObject({ groups_settings: { ...superusers, claim_mapping: [] } });
    expect(groups({})).toMatchObject({ groups_settings: { claim_mapping: [] } });
    expect(optionsOf({ user_settings: fullOptions.user_settings })).toMatchObject({
      groups_settings: withoutGroups.groups_settings,
    });
    expect(groups({ ...superusers, claim_mapping: ["roles"] })).toMatchObject({
      groups_settings: { claim_mapping: ["roles"] },
    });
    const flat = attributesOf(
      oidc,
      withClient({ options: undefined, superuser_group_names: ["superuser"] }),
      "oidc_client",
    ).options;
    expect(flat).toMatchObject({
      groups_settings: { claim_mapping: ["roles"], superuser_group_names: ["superuser"] },
    });
  });

  it("F72: count null as left out, with a warning for each", () => {
    const options = {
      user_settings: { claim_mappings: { username: ["sub"], email: null }, username_case_sensitive: null, mine: null },
      groups_settings: {
        claim_mapping: null,
        sync: null,
        sync_pattern: "*",
        default_groups: null,
        make_users_staff: null,
        superuser_group_names: null,
        mine: null,
      },
    };
    expect(optionsOf(options)).toEqual({
      user_settings: { claim_mappings: { username: ["sub"] }, username_case_sensitive: true, mine: null },
      groups_settings: { ...withoutGroups.groups_settings, mine: null },
    });
    const message = "the value is missing, so the field is ignored";
    expect(diagnostics(oidc, withClient({ options }))).toMatchObject(
      [
        "user_settings.claim_mappings.email",
        "user_settings.username_case_sensitive",
        ...["claim_mapping", "sync", "default_groups", "make_users_staff", "superuser_group_names"].map(
          (name) => `groups_settings.${name}`,
        ),
      ].map((path) => ({ code: "IGNORED_FIELD", path: `items.0.options.${path}`, message })),
    );
  });

  it("reject an empty path to the username and accept an empty path to any other field", () => {
    const mapping = (claim_mappings: object) =>
      withClient({ options: { ...fullOptions, user_settings: { claim_mappings } } });
    expect(complaints(oidc, mapping({ username: [] }))).toEqual([
      {
        path: "items.0.options.user_settings.claim_mappings.username",
        message: "expected at least one key: sign-in needs a username",
      },
    ]);
    expect(complaints(oidc, mapping({ username: null }))).toMatchObject([
      { path: "items.0.options.user_settings.claim_mappings.username" },
    ]);
    expect(issues(oidc, mapping({ username: ["sub"], email: [] }))).toEqual([]);
  });

  it("refuse null, a list, and what JSON can't hold", () => {
    for (const options of [null, []]) {
      expect(issues(oidc, withClient({ options }))).toMatchObject([{ path: "items.0.options", code: "invalid_type" }]);
    }
    for (const free of [Number.NaN, Number.POSITIVE_INFINITY, new Date(0), new Map(), { deep: [new Set()] }, 1n]) {
      expect(complaints(oidc, withClient({ options: { free } }))).toEqual([
        { path: "items.0.options.free", message: "expected text, numbers, true or false, null, lists and mappings" },
      ]);
    }
  });
});
