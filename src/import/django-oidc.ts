import type { Diagnostic } from "../errors.js";
import type { AttributeValue, PlainValue } from "../plan/resource.js";
import { isRecord } from "../plan/step-mistakes.js";
import { loginClient } from "../resources/kinds.js";
import {
  type DjangoRow,
  type DjangoTables,
  flagOf,
  membersOf,
  parsedOf,
  secretOf,
  textOf,
  textsOf,
} from "./django-tables.js";
import type { SignIn } from "./django-users.js";
import { type ImportedEntry, importedDifferently, notImported } from "./entries.js";

const prefix = "mozilla_django_oidc_db_";
/** What 2.x calls them when it takes over the one configuration of 0.2x. */
const soloProvider = "admin-oidc-provider";

interface ImportedOidc {
  readonly providers: readonly ImportedEntry[];
  readonly clients: readonly ImportedEntry[];
  readonly signIn: SignIn | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The providers and clients of `mozilla-django-oidc-db`, in the tables of 2.x or 0.2x.
 *
 * @param issuer of the provider that people sign in through, where it is known
 */
export function importOidc(tables: DjangoTables, issuer: string | undefined): ImportedOidc {
  const diagnostics: Diagnostic[] = [];
  const solo = tables.get(`${prefix}openidconnectconfig`)?.rows[0];
  const providerRows = tables.get(`${prefix}oidcprovider`)?.rows ?? [];
  const providers = [
    ...providerRows.map((row) => providerOf(textOf(row, "identifier"), row)),
    ...(solo ? [providerOf(soloProvider, solo)] : []),
  ];
  const names = new Map(providerRows.map((row) => [textOf(row, "id"), textOf(row, "identifier")]));
  const found = [
    ...(tables.get(`${prefix}oidcclient`)?.rows ?? []).map((row) => ({
      key: textOf(row, "identifier"),
      provider: names.get(textOf(row, "oidc_provider_id")),
      options: optionsOf(parsedOf(row, "options")),
      row,
    })),
    ...(solo ? [{ key: loginClient, provider: soloProvider, options: soloOptions(tables, solo), row: solo }] : []),
  ];
  const clients: ImportedEntry[] = [];
  for (const { key, provider, options, row } of found) {
    const isEnabled = flagOf(row, "enabled");
    if (textOf(row, "oidc_rp_client_id") === "" || provider === undefined) {
      const reason = `it is ${isEnabled ? "enabled" : "disabled"}, without a provider or a client id`;
      diagnostics.push(notImported(`oidc_client ${key}`, reason));
      continue;
    }
    if (options === undefined) {
      diagnostics.push(notImported(`oidc_client ${key}`, "its options are not an object that an entry can have"));
      continue;
    }
    if (!isEnabled) {
      const hint = "write `enabled: true` if its bearer tokens must be accepted: Django did so nevertheless";
      diagnostics.push(importedDifferently(`oidc_client ${key} is disabled, and was imported as such`, hint));
    }
    clients.push({ key, attributes: { ...clientAttributes(row), provider, enabled: isEnabled, options } });
  }
  const used = new Set(clients.map(({ attributes }) => attributes.provider));
  const login = clients.find(({ key, attributes }) => key === loginClient && attributes.enabled === true);
  const signInProvider = login === undefined ? undefined : String(login.attributes.provider);
  const taken = providers.filter(({ key }) => used.has(key) || providerRows.length > 0);
  return {
    providers: taken.map(({ key, attributes }) => ({
      key,
      attributes: { ...attributes, issuer: key === signInProvider ? (issuer ?? null) : null },
    })),
    clients,
    signIn:
      login && signInProvider !== undefined
        ? { provider: signInProvider, usernameIsSubject: usernameClaim(login.attributes.options) === "sub" }
        : undefined,
    diagnostics,
  };
}

function providerOf(key: string, row: DjangoRow): ImportedEntry {
  const url = (column: string): string | null => textOf(row, column) || null;
  return {
    key,
    attributes: {
      discovery_endpoint: url("oidc_op_discovery_endpoint"),
      authorization_endpoint: url("oidc_op_authorization_endpoint"),
      token_endpoint: url("oidc_op_token_endpoint"),
      userinfo_endpoint: url("oidc_op_user_endpoint"),
      jwks_endpoint: url("oidc_op_jwks_endpoint"),
      logout_endpoint: url("oidc_op_logout_endpoint"),
      token_use_basic_auth: flagOf(row, "oidc_token_use_basic_auth"),
      use_nonce: flagOf(row, "oidc_use_nonce"),
      nonce_size: Number(textOf(row, "oidc_nonce_size")),
      state_size: Number(textOf(row, "oidc_state_size")),
      // Django has no such field; every provider of today takes it, and discovery tells where one does not.
      use_pkce: true,
    },
  };
}

function clientAttributes(row: DjangoRow): Readonly<Record<string, AttributeValue>> {
  const signKey = secretOf(row, "oidc_rp_idp_sign_key");
  return {
    client_id: textOf(row, "oidc_rp_client_id"),
    client_secret: secretOf(row, "oidc_rp_client_secret"),
    sign_algo: textOf(row, "oidc_rp_sign_algo"),
    sign_key: signKey.reveal() === "" ? null : signKey,
    scopes: textsOf(parsedOf(row, "oidc_rp_scopes_list")),
    idp_hint: textOf(row, "oidc_keycloak_idp_hint"),
    userinfo_claims_source: textOf(row, "userinfo_claims_source"),
    check_op_availability: flagOf(row, "check_op_availability"),
  };
}

/** The options that 2.x makes of the fields of 0.2x. */
function soloOptions(tables: DjangoTables, row: DjangoRow): { readonly [key: string]: PlainValue } {
  const names = new Map(
    (tables.get("auth_group")?.rows ?? []).map((group) => [textOf(group, "id"), textOf(group, "name")]),
  );
  const table = tables.get(`${prefix}openidconnectconfig_default_groups`);
  const defaults = membersOf(table, "openidconnectconfig_id", "group_id", names);
  const mappings = Object.entries(objectOf(parsedOf(row, "claim_mapping")));
  return {
    user_settings: {
      claim_mappings: {
        username: claimPath(row.username_claim),
        ...Object.fromEntries(mappings.map(([field, claim]) => [field, claimPath(claim)])),
      },
      username_case_sensitive: true,
    },
    groups_settings: {
      claim_mapping: claimPath(row.groups_claim),
      sync: flagOf(row, "sync_groups"),
      sync_pattern: textOf(row, "sync_groups_glob_pattern"),
      default_groups: [...(defaults.get(textOf(row, "id")) ?? [])].sort(),
      make_users_staff: flagOf(row, "make_users_staff"),
      superuser_group_names: textsOf(parsedOf(row, "superuser_group_names")),
    },
  };
}

/** Early releases of 0.x write a path as a text with dots. */
function claimPath(claim: unknown): readonly string[] {
  return typeof claim === "string" ? claim.split(".").filter((key) => key !== "") : textsOf(claim);
}

function usernameClaim(options: AttributeValue): string | undefined {
  const settings = objectOf(objectOf(options).user_settings);
  const path = textsOf(objectOf(settings.claim_mappings).username);
  return path.length === 1 ? path[0] : undefined;
}

/** Undefined for what no entry can have: something else than an object, or nested so deeply that nobody could have written it. */
function optionsOf(value: unknown): { readonly [key: string]: PlainValue } | undefined {
  return isRecord(value) && !isDeeperThan(maxDepth, value) ? objectOf(value) : undefined;
}

const maxDepth = 64;

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(levels - 1, part));
}

function objectOf(value: unknown): { readonly [key: string]: PlainValue } {
  // JSON from a column holds nothing but plain values.
  return isRecord(value) ? (value as { readonly [key: string]: PlainValue }) : {};
}
