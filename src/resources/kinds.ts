import {
  type AttributeSpec,
  booleanType,
  createKindShape,
  integerType,
  orNull,
  plainType,
  textsType,
  textType,
  type ValueType,
} from "../plan/kind-shape.js";
import type { AttributeValue } from "../plan/resource.js";
import { isSecret, type Secret } from "../secrets/secret.js";
import { digestToken } from "../secrets/token.js";
import { flag, hashed, integer, json, reference, sealed, setOf, text } from "./columns.js";

/** A group of users and what it permits. */
export const group = createKindShape({
  name: "group",
  table: "groups",
  keyColumn: "name",
  hasFreeNames: true,
  attributes: {
    permissions: {
      ...setOf("group_permissions", { rowColumn: "group_id", memberColumn: "permission" }),
      neutral: true,
      holdsPermissions: true,
    },
  },
});

/** An OpenID provider and how to connect to it. What is left out is left to its discovery document. */
export const oidcProvider = createKindShape({
  name: "oidc_provider",
  table: "oidc_providers",
  keyColumn: "identifier",
  attributes: {
    issuer: text("issuer", null),
    discovery_endpoint: text("discovery_endpoint", null),
    authorization_endpoint: text("authorization_endpoint", null),
    token_endpoint: text("token_endpoint", null),
    userinfo_endpoint: text("userinfo_endpoint", null),
    introspection_endpoint: text("introspection_endpoint", null),
    jwks_endpoint: text("jwks_endpoint", null),
    logout_endpoint: text("logout_endpoint", null),
    token_use_basic_auth: flag("token_use_basic_auth", false),
    use_nonce: flag("use_nonce", true),
    nonce_size: integer("nonce_size", 32),
    state_size: integer("state_size", 32),
    use_pkce: flag("use_pkce", true),
    ca_file: text("ca_file", null),
    former_issuers: json<readonly string[]>("former_issuers", []),
  },
});

const standardScopes: ReadonlySet<string> = new Set(
  "openid profile email address phone offline_access groups roles".split(" "),
);

/** Paths to claims, and what is chosen from a list; the rest of `options` may have the names of groups. */
function isNeutralOption([part, setting = ""]: readonly string[]): boolean {
  return (
    part === "user_settings" ||
    (part === "groups_settings" && ["claim_mapping", "separator", "on_overage"].includes(setting))
  );
}

/** The client that signs people in. */
export const loginClient = "admin-oidc";

/** The client that guards the API; a login can be configured to use any other one. */
export const apiClient = "api-oidc";

/** A client at a provider: `admin-oidc` signs people in, `api-oidc` guards the API. */
export const oidcClient = createKindShape({
  name: "oidc_client",
  table: "oidc_clients",
  standardKeys: [loginClient, apiClient],
  keyColumn: "identifier",
  attributes: {
    provider: reference("provider_id", oidcProvider),
    enabled: flag("enabled", true),
    client_id: text("client_id"),
    client_secret: sealed("client_secret"),
    sign_algo: { ...text("sign_algo", "RS256"), neutral: true },
    sign_key: sealed("sign_key", null),
    scopes: { ...json<readonly string[]>("scopes", []), neutral: (scope) => standardScopes.has(scope) },
    idp_hint: text("idp_hint", ""),
    userinfo_claims_source: { ...text("userinfo_claims_source", "userinfo_endpoint"), neutral: true },
    check_op_availability: flag("check_op_availability", false),
    use_pkce: flag("use_pkce", null),
    audience: json<readonly string[]>("audience", []),
    accept_at_hash: flag("accept_at_hash", false),
    options: { ...json("options", {}), neutral: (_text, path) => isNeutralOption(path) },
  },
});

/** Who `sign_in` lets become the user: any person of the provider with the username, or one subject. */
export type DesiredLink = {
  readonly provider: string;
  readonly subject: string | null;
  /** An import's, which knows who signed in: a new user is linked at once, as soon as the provider's issuer is known. */
  readonly isProven?: boolean;
};

/** Who signs in as the user so far. */
export type StoredLink = {
  readonly issuer: string | null;
  /** The providers that have the link's issuer, or had it before they moved; empty where none is known to have it. */
  readonly providers: readonly string[];
  readonly subject: string;
};

/**
 * The link to a provider's user. A sign-in creates it; a file whose `sign_in` names another person releases it, so that the next
 * sign-in of that person creates a new one.
 */
export const signInLink = {
  ...plainType<DesiredLink>(),
  optional: true,
  // A person's name at a provider is personal data.
  sensitive: true,
  updateOnly: true,
  recordedAs: ["issuer", "subject"],
  identity: (desired) => {
    const link = desired as DesiredLink | null | undefined;
    return link?.subject ? JSON.stringify([link.provider, link.subject]) : undefined;
  },
  withNames: (value, nameOf) => renameProviders(value as DesiredLink | StoredLink | null, nameOf),
  same: (desired, stored) => stored === null || allows(desired as DesiredLink, stored as StoredLink),
} as const satisfies AttributeSpec<DesiredLink, true>;

function renameProviders(
  link: DesiredLink | StoredLink | null,
  nameOf: (kind: string, key: string) => string,
): DesiredLink | StoredLink | null {
  if (link === null) return null;
  const renamed = (provider: string) => nameOf(oidcProvider.name, provider);
  if ("provider" in link) return { ...link, provider: renamed(link.provider) };
  return { ...link, providers: link.providers.map(renamed) };
}

function allows(desired: DesiredLink, { providers, subject }: StoredLink): boolean {
  // An issuer that no provider has any more may be the provider's former one.
  const isOfProvider = providers.length === 0 || providers.includes(desired.provider);
  return isOfProvider && (desired.subject === null || desired.subject === subject);
}

/** When memberships in `groups` end, by the group's name, in UTC. What is not there is for good. */
const membershipEnds = {
  ...plainType<Readonly<Record<string, string>>>(),
  optional: true,
  references: group.name,
  follows: "groups",
} as const satisfies AttributeSpec<Readonly<Record<string, string>>, true>;

/** A person or account. Users that exist for one API token alone belong to that token. */
export const user = createKindShape({
  name: "user",
  table: "users",
  keyColumn: "username",
  hasFreeNames: true,
  attributes: {
    email: text("email"),
    first_name: text("first_name", ""),
    last_name: text("last_name", ""),
    is_active: flag("is_active", true),
    is_staff: flag("is_staff", false),
    is_superuser: flag("is_superuser", false),
    password: hashed("password_hash"),
    sign_in_provider: reference("sign_in_provider_id", oidcProvider, null),
    sign_in_subject: text("sign_in_subject", null),
    groups: setOf("user_groups", { rowColumn: "user_id", memberColumn: "group_id", target: group }),
    groups_until: membershipEnds,
    permissions: {
      ...setOf("user_permissions", { rowColumn: "user_id", memberColumn: "permission" }),
      neutral: true,
      holdsPermissions: true,
    },
    sign_in: signInLink,
  },
});

/** What the files of one owner demand of API tokens. Its key is that owner. */
export const policy = createKindShape({
  name: "policy",
  table: "owner_policies",
  keyColumn: "owner",
  attributes: {
    require_expiry: flag("require_expiry", false),
    max_lifetime_seconds: integer("max_lifetime_seconds", null),
    warn_before_seconds: integer("warn_before_seconds", null),
    unused_after_seconds: integer("unused_after_seconds", null),
  },
});

/** A token's value, or its digest where only that is known. */
const tokenType: ValueType<Secret | string> = {
  expected: "a secret, or the SHA-256 of one as 64 hexadecimal digits in lower case",
  accepts: (value): value is Secret | string =>
    isSecret(value) || (typeof value === "string" && /^[\da-f]{64}$/.test(value)),
};

/** An API token: stored as a digest, tied to a user or to its own service user, for which `user` is null. */
export const apiToken = createKindShape({
  name: "api_token",
  table: "api_tokens",
  keyColumn: "identifier",
  attributes: {
    token: {
      ...optional(tokenType),
      sensitive: true,
      identity: digestOf,
      same: (desired: AttributeValue, stored: AttributeValue) => digestOf(desired) === stored,
    },
    // Left out of a file that only knows the digest: how the value came about stays as it is.
    generated: { ...optional(booleanType), generates: true },
    user: { ...required(orNull(textType)), references: user.name },
    is_superuser: { ...required(booleanType), follows: "user" },
    permissions: { ...required(orNull(textsType)), follows: "user", neutral: true, holdsPermissions: true },
    contact_person: required(textType),
    email: required(textType),
    organization: required(textType),
    application: required(textType),
    administration: required(textType),
    description: required(textType),
    enabled: required(booleanType),
    allowed_ips: required(orNull(textsType)),
    rate_limit: { ...required(orNull(textType)), neutral: true },
    valid_from: required(orNull(textType)),
    expires_at: required(orNull(textType)),
    grace_seconds: required(integerType),
  },
});

function required<Value extends AttributeValue>(type: ValueType<Value>): AttributeSpec<Value, false> {
  return { ...type, optional: false };
}

function optional<Value extends AttributeValue>(type: ValueType<Value>): AttributeSpec<Value, true> {
  return { ...type, optional: true };
}

/** The digest of what a step gives as a token: undefined where it gives none. */
export function digestOf(value: AttributeValue): string | undefined {
  if (isSecret(value)) return digestToken(value);
  return typeof value === "string" ? value : undefined;
}
