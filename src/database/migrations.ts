import { type Kysely, sql } from "kysely";
import { createTable } from "./create-table.js";
import type { AnyTables } from "./database.js";
import { addRecordedAt, chainRuns } from "./journal-migrations.js";

/** One step of the schema's history. Never edited after a release: a change is a new migration. */
export interface Migration {
  /** Unique; migrations run in the order of their list. */
  readonly name: string;
  readonly up: (db: Kysely<AnyTables>) => Promise<void>;
}

const managed = { texts: ["id", "created_at", "updated_at"], optionalTexts: ["owner"], primaryKey: ["id"] } as const;

async function createTables(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, {
    name: "oidc_providers",
    texts: [...managed.texts, "identifier"],
    optionalTexts: [
      ...managed.optionalTexts,
      "issuer",
      "discovery_endpoint",
      "authorization_endpoint",
      "token_endpoint",
      "userinfo_endpoint",
      "jwks_endpoint",
      "logout_endpoint",
      "ca_file",
    ],
    integers: ["token_use_basic_auth", "use_nonce", "nonce_size", "state_size", "use_pkce"],
    primaryKey: managed.primaryKey,
    unique: [["identifier"]],
  });
  await createTable(db, {
    name: "oidc_clients",
    texts: [
      ...managed.texts,
      "identifier",
      "provider_id",
      "client_id",
      "client_secret",
      "sign_algo",
      "scopes",
      "idp_hint",
      "userinfo_claims_source",
      "audience",
      "options",
    ],
    optionalTexts: [...managed.optionalTexts, "sign_key"],
    integers: ["enabled", "check_op_availability"],
    optionalIntegers: ["use_pkce"],
    primaryKey: managed.primaryKey,
    unique: [["identifier"]],
    references: { provider_id: "oidc_providers" },
  });
  await createTable(db, {
    name: "users",
    texts: [...managed.texts, "username", "email", "first_name", "last_name"],
    optionalTexts: [...managed.optionalTexts, "password_hash", "issuer", "subject"],
    integers: ["is_active", "is_staff", "is_superuser", "is_service"],
    primaryKey: managed.primaryKey,
    unique: [["username"], ["issuer", "subject"]],
  });
  await createTable(db, {
    name: "groups",
    texts: [...managed.texts, "name"],
    optionalTexts: managed.optionalTexts,
    primaryKey: managed.primaryKey,
    unique: [["name"]],
  });
  await createTable(db, {
    name: "group_permissions",
    texts: ["group_id", "permission", "origin"],
    primaryKey: ["group_id", "permission", "origin"],
    owners: { group_id: "groups" },
  });
  await createTable(db, {
    name: "user_permissions",
    texts: ["user_id", "permission", "origin"],
    primaryKey: ["user_id", "permission", "origin"],
    owners: { user_id: "users" },
  });
  await createTable(db, {
    name: "user_groups",
    texts: ["user_id", "group_id", "origin"],
    primaryKey: ["user_id", "group_id", "origin"],
    owners: { user_id: "users", group_id: "groups" },
  });
  await createTable(db, {
    name: "api_tokens",
    texts: [
      ...managed.texts,
      "identifier",
      "user_id",
      "digest",
      "contact_person",
      "email",
      "organization",
      "application",
      "administration",
    ],
    optionalTexts: [...managed.optionalTexts, "permissions", "expires_at", "last_used_at"],
    integers: ["generated", "grace_seconds"],
    primaryKey: managed.primaryKey,
    unique: [["identifier"], ["digest"]],
    references: { user_id: "users" },
  });
  await createTable(db, {
    name: "api_token_retired",
    texts: ["digest", "token_id", "valid_until"],
    primaryKey: ["digest"],
    owners: { token_id: "api_tokens" },
  });
  await createTable(db, {
    name: "runs",
    texts: ["id", "started_at", "finished_at", "actor", "owner", "version", "files"],
    primaryKey: ["id"],
  });
  await createTable(db, {
    name: "run_changes",
    texts: ["run_id", "action", "kind", "key", "resource_id", "fields"],
    integers: ["sequence"],
    primaryKey: ["run_id", "sequence"],
    owners: { run_id: "runs" },
  });
}

async function addClaimSuperuser(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .alterTable("users")
    .addColumn("claim_superuser", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
}

async function createSessions(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, {
    name: "login_sessions",
    texts: ["digest", "user_id", "client", "created_at", "seen_at", "expires_at"],
    optionalTexts: ["client_id", "id_token", "code_digest"],
    primaryKey: ["digest"],
    owners: { user_id: "users", client_id: "oidc_clients" },
  });
  await createTable(db, { name: "login_states", texts: ["digest", "expires_at"], primaryKey: ["digest"] });
}

async function addSignIn(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .alterTable("users")
    .addColumn("sign_in_provider_id", "text", (column) =>
      column.references("oidc_providers.id").modifyEnd(sql`deferrable initially deferred`),
    )
    .execute();
  await db.schema.alterTable("users").addColumn("sign_in_subject", "text").execute();
  // Deleting a provider looks it up in this index.
  await db.schema
    .createIndex("users_sign_in")
    .on("users")
    .columns(["sign_in_provider_id", "sign_in_subject"])
    .execute();
}

async function addIntrospection(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("oidc_providers").addColumn("introspection_endpoint", "text").execute();
}

async function addAcceptAtHash(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .alterTable("oidc_clients")
    .addColumn("accept_at_hash", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
}

async function createAppliedClaims(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, {
    name: "applied_claims",
    texts: ["user_id", "client_id", "issued_at", "said_at", "token", "superseded"],
    primaryKey: ["user_id", "client_id"],
    owners: { user_id: "users", client_id: "oidc_clients" },
  });
  await createTable(db, { name: "seen_tokens", texts: ["token", "seen_at", "expires_at"], primaryKey: ["token"] });
}

async function addFormerIssuers(db: Kysely<AnyTables>): Promise<void> {
  await db.schema
    .alterTable("oidc_providers")
    .addColumn("former_issuers", "text", (column) => column.notNull().defaultTo("[]"))
    .execute();
}

async function addGivenName(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("applied_claims").addColumn("username", "text").execute();
}

async function addValueTimes(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("api_tokens").addColumn("value_since", "text").execute();
  await db.schema.alterTable("api_token_retired").addColumn("since", "text").execute();
  await db.schema.alterTable("api_token_retired").addColumn("last_used_at", "text").execute();
}

async function createRevocations(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, {
    name: "api_token_revoked",
    texts: ["digest", "identifier", "revoked_at", "revoked_by", "reason"],
    primaryKey: ["digest"],
  });
  await db.schema.alterTable("runs").addColumn("claimed_actor", "text").execute();
}

async function addDisabled(db: Kysely<AnyTables>): Promise<void> {
  for (const column of ["disabled_at", "disabled_by"]) {
    await db.schema.alterTable("api_tokens").addColumn(column, "text").execute();
  }
}

async function addThrough(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("runs").addColumn("through", "text").execute();
}

async function addTokenFields(db: Kysely<AnyTables>): Promise<void> {
  const alter = () => db.schema.alterTable("api_tokens");
  await alter().addColumn("valid_from", "text").execute();
  await alter()
    .addColumn("enabled", "integer", (column) => column.notNull().defaultTo(1))
    .execute();
  await alter()
    .addColumn("description", "text", (column) => column.notNull().defaultTo(""))
    .execute();
}

async function createEntrySettings(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, {
    name: "entry_settings",
    texts: ["resource_id", "kind"],
    integers: ["protect"],
    primaryKey: ["resource_id"],
  });
}

async function addChangesIndex(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.createIndex("run_changes_resource").on("run_changes").column("resource_id").execute();
}

async function addDeactivated(db: Kysely<AnyTables>): Promise<void> {
  for (const column of ["deactivated_at", "deactivated_by", "last_sign_in_at"]) {
    await db.schema.alterTable("users").addColumn(column, "text").execute();
  }
}

async function createPolicies(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, {
    name: "owner_policies",
    texts: [...managed.texts, ...managed.optionalTexts],
    integers: ["require_expiry"],
    optionalIntegers: ["max_lifetime_seconds", "warn_before_seconds", "unused_after_seconds"],
    primaryKey: managed.primaryKey,
    unique: [["owner"]],
  });
}

async function addMembershipEnds(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("user_groups").addColumn("until", "text").execute();
}

async function addRenamedFrom(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("entry_settings").addColumn("renamed_from", "text").execute();
}

async function addAuthenticatedAt(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("login_sessions").addColumn("authenticated_at", "text").execute();
}

async function addActorUser(db: Kysely<AnyTables>): Promise<void> {
  await db.schema.alterTable("runs").addColumn("actor_user_id", "text").execute();
}

async function createBootstrapCodes(db: Kysely<AnyTables>): Promise<void> {
  await createTable(db, {
    name: "bootstrap_codes",
    texts: ["digest", "created_at", "expires_at"],
    optionalTexts: ["session_digest", "session_started_at"],
    primaryKey: ["digest"],
  });
}

async function addTokenRestrictions(db: Kysely<AnyTables>): Promise<void> {
  for (const column of ["allowed_ips", "rate_limit"]) {
    await db.schema.alterTable("api_tokens").addColumn(column, "text").execute();
  }
}

/** What a run of few entries asks of tables with many rows. */
async function addRunIndexes(db: Kysely<AnyTables>): Promise<void> {
  const index = (table: string, name: string, ...columns: string[]) =>
    db.schema.createIndex(`${table}_${name}`).on(table).columns(columns);
  await index("api_tokens", "owner", "owner", "identifier").execute();
  await index("api_tokens", "disabled", "disabled_at").where("disabled_at", "is not", null).execute();
  await index("users", "owner", "owner", "username").where("is_service", "=", 0).execute();
  await index("users", "superuser", "is_superuser").where("is_superuser", "=", 1).where("is_service", "=", 0).execute();
  await index("users", "deactivated", "deactivated_at").where("deactivated_at", "is not", null).execute();
  await index("entry_settings", "renamed", "renamed_from").where("renamed_from", "is not", null).execute();
}

/** The program's own migrations. Their names start with a digit; those of custom kinds carry the kind's name. */
export const coreMigrations: readonly Migration[] = [
  { name: "0001_tables", up: createTables },
  { name: "0002_claim_superuser", up: addClaimSuperuser },
  { name: "0003_sessions", up: createSessions },
  { name: "0004_sign_in", up: addSignIn },
  { name: "0005_introspection", up: addIntrospection },
  { name: "0006_accept_at_hash", up: addAcceptAtHash },
  { name: "0007_applied_claims", up: createAppliedClaims },
  { name: "0008_former_issuers", up: addFormerIssuers },
  { name: "0009_given_name", up: addGivenName },
  { name: "0010_value_times", up: addValueTimes },
  { name: "0011_revocations", up: createRevocations },
  { name: "0012_disabled_tokens", up: addDisabled },
  { name: "0013_run_through", up: addThrough },
  { name: "0014_token_fields", up: addTokenFields },
  { name: "0015_entry_settings", up: createEntrySettings },
  { name: "0016_run_changes_index", up: addChangesIndex },
  { name: "0017_deactivated_users", up: addDeactivated },
  { name: "0018_policies", up: createPolicies },
  { name: "0019_membership_ends", up: addMembershipEnds },
  { name: "0020_renamed_from", up: addRenamedFrom },
  { name: "0021_authenticated_at", up: addAuthenticatedAt },
  { name: "0022_actor_user", up: addActorUser },
  { name: "0023_recorded_at", up: addRecordedAt },
  { name: "0024_bootstrap_codes", up: createBootstrapCodes },
  { name: "0025_journal_chain", up: chainRuns },
  { name: "0026_token_restrictions", up: addTokenRestrictions },
  { name: "0027_run_indexes", up: addRunIndexes },
];
