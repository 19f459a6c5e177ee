import fc from "fast-check";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { absent, resource } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { token, user } from "../verifier/verifier-world.js";

export const permissions = ["taken.a", "taken.b", "taken.c"];
export const groupNames = ["g1", "g2", "g3"];
const usernames = ["jan", "piet", "els"];
export const tokenNames = ["t1", "t2", "t3", "t4"];

/** 40 characters, one for each token. */
export const tokenValueOf = (name: string): string => name.padEnd(40, "x7Kq2");

const somePermissions = fc.subarray(permissions);

export const issuer = "https://idp.example";

interface WorldParts {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly users: Readonly<Record<string, Attributes & { readonly groups: string[]; readonly until: string | null }>>;
  readonly tokens: Readonly<Partial<Record<string, Attributes>>>;
  readonly client: Attributes | undefined;
}

const userParts = fc.record({
  is_active: fc.constantFrom(true, true, true, false),
  is_staff: fc.boolean(),
  is_superuser: fc.constantFrom(false, false, true),
  permissions: somePermissions,
  groups: fc.subarray(groupNames),
  until: fc.constantFrom(null, null, "2020-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"),
});

const times = fc.constantFrom(null, null, "2020-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z");

const timesAndState = {
  expires_at: times,
  valid_from: times,
  enabled: fc.constantFrom(true, true, false),
};

const tokenParts = fc.oneof(
  fc.record({
    user: fc.constantFrom(...usernames),
    is_superuser: fc.constant(false),
    permissions: fc.option(somePermissions),
    ...timesAndState,
  }),
  fc.record({
    user: fc.constant(null),
    is_superuser: fc.boolean(),
    permissions: somePermissions,
    ...timesAndState,
  }),
);

const clientParts = fc.record({
  enabled: fc.boolean(),
  options: fc.record({
    user_settings: fc.constant({ claim_mappings: { username: ["sub"], is_superuser: ["boss"] } }),
    groups_settings: fc.record({
      claim_mapping: fc.constant(["groups"]),
      sync: fc.boolean(),
      sync_pattern: fc.constantFrom("*", "g[12]", "none"),
      default_groups: fc.subarray(groupNames),
      superuser_group_names: fc.subarray([...groupNames, "beheer"]),
      make_users_staff: fc.boolean(),
    }),
  }),
});

/** What files can say about who may do what. */
export const worldParts: fc.Arbitrary<WorldParts> = fc.record({
  groups: fc.record(Object.fromEntries(groupNames.map((name) => [name, somePermissions]))),
  users: fc.record(Object.fromEntries(usernames.map((name) => [name, userParts]))),
  tokens: fc.record(Object.fromEntries(tokenNames.map((name) => [name, tokenParts])), { requiredKeys: [] }),
  client: fc.option(clientParts, { nil: undefined }),
});

/** Those in which people can sign in. */
export const openWorldParts = fc
  .tuple(worldParts, clientParts)
  .map(([parts, client]) => ({ ...parts, client: { ...client, enabled: true } }));

/** All memberships end at once, or none does. */
function endsOf(groups: readonly string[], until: string | null): Readonly<Record<string, string>> {
  return until === null ? {} : Object.fromEntries(groups.map((name) => [name, until]));
}

export function resourcesOf({ groups, users, tokens, client }: WorldParts): readonly Resource[] {
  return [
    ...Object.entries(groups).map(([key, given]) => resource("group", key, { permissions: given })),
    ...Object.entries(users).map(([key, { until, ...given }]) =>
      user(key, { ...given, groups_until: endsOf(given.groups, until) }),
    ),
    ...tokenNames.map((key) => (tokens[key] ? token(key, tokenValueOf(key), tokens[key]) : absent("api_token", key))),
    providerOf({ issuer }),
    client ? clientOf(client) : absent("oidc_client", "api-oidc"),
  ];
}
