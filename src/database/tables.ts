import type { Generated } from "kysely";
import { setupError } from "../errors.js";
import type { SignInTables } from "./sign-in-tables.js";

/** Columns hold text and integers only: booleans as 0 and 1, times as ISO 8601 UTC text, lists and objects as JSON text. */
export type Flag = 0 | 1;

/** Who manages a row: a configuration owner, or null for what was created at run time or by hand. */
interface Managed {
  readonly id: string;
  owner: string | null;
  readonly created_at: string;
  updated_at: string;
}

/** Where a membership or permission comes from: a file, a person, or a sign-in's claims. */
export type Origin = "config" | "manual" | "claim";

interface SetupState {
  readonly id: 1;
  readonly store_id: string;
  /** Incremented with every meaningful change; readers with a cache compare it. */
  revision: number;
  /** Identifies the sealing key, without revealing anything about it. */
  key_id: string | null;
}

interface Migrations {
  readonly name: string;
  readonly applied_at: string;
}

interface OidcProviders extends Managed {
  identifier: string;
  issuer: string | null;
  discovery_endpoint: string | null;
  authorization_endpoint: string | null;
  token_endpoint: string | null;
  userinfo_endpoint: string | null;
  introspection_endpoint: string | null;
  jwks_endpoint: string | null;
  logout_endpoint: string | null;
  token_use_basic_auth: Flag;
  use_nonce: Flag;
  nonce_size: number;
  state_size: number;
  use_pkce: Flag;
  ca_file: string | null;
  /** JSON list: issuers that links of users may name instead of the current one. */
  former_issuers: Generated<string>;
}

interface OidcClients extends Managed {
  identifier: string;
  provider_id: string;
  enabled: Flag;
  client_id: string;
  /** Sealed. */
  client_secret: string;
  sign_algo: string;
  /** Sealed; null without one. */
  sign_key: string | null;
  /** JSON list. */
  scopes: string;
  idp_hint: string;
  userinfo_claims_source: string;
  check_op_availability: Flag;
  /** Null: decided by what the provider supports. */
  use_pkce: Flag | null;
  /** JSON list; empty: the client's own id must be named. */
  audience: string;
  accept_at_hash: Generated<Flag>;
  /** JSON object. */
  options: string;
}

interface Users extends Managed {
  username: string;
  email: string;
  first_name: string;
  last_name: string;
  is_active: Flag;
  is_staff: Flag;
  is_superuser: Flag;
  /** 1 where a sign-in's claims made the user a superuser, and may revoke that again. */
  claim_superuser: Generated<Flag>;
  /** 1 for a user that exists for one API token only. */
  is_service: Flag;
  /** PHC string; null for accounts that don't sign in with a password. */
  password_hash: string | null;
  /** The link: the external identity that signs in as this user. */
  issuer: string | null;
  subject: string | null;
  /** Who may become this user according to a file: identities of this provider; if the subject is not null, only that one. */
  sign_in_provider_id: Generated<string | null>;
  sign_in_subject: Generated<string | null>;
  /** When and by whom a command deactivated it; null otherwise. Nothing but a command ends that, neither a file nor claims. */
  deactivated_at: Generated<string | null>;
  deactivated_by: Generated<string | null>;
  /** When it last logged in; null where that was before this was noted. */
  last_sign_in_at: Generated<string | null>;
}

interface Groups extends Managed {
  name: string;
}

interface GroupPermissions {
  readonly group_id: string;
  readonly permission: string;
  readonly origin: Origin;
}

interface UserPermissions {
  readonly user_id: string;
  readonly permission: string;
  readonly origin: Origin;
}

interface UserGroups {
  readonly user_id: string;
  readonly group_id: string;
  readonly origin: Origin;
  /**
   * From this moment on, the membership does not count; null for good. A reader of this table for what a user may now compares
   * it with the time.
   */
  until: Generated<string | null>;
}

interface ApiTokens extends Managed {
  identifier: string;
  user_id: string;
  /** Hex SHA-256 of the value. */
  digest: string;
  generated: Flag;
  contact_person: string;
  email: string;
  organization: string;
  application: string;
  administration: string;
  /** JSON list that narrows the user's permissions; null: all of them. */
  permissions: string | null;
  expires_at: string | null;
  /** Before it, the token does not work yet; null for one that worked from the start. */
  valid_from: Generated<string | null>;
  /** 0 where its file says `enabled: false`; a command's disabling is in `disabled_at`. */
  enabled: Generated<Flag>;
  description: Generated<string>;
  /** JSON list of the addresses and networks that it may be used from; null: from everywhere. */
  allowed_ips: Generated<string | null>;
  /** How often it may be used, such as `100/m`; null: without a limit. */
  rate_limit: Generated<string | null>;
  grace_seconds: number;
  /** Of its current value or an earlier one that it replaced. */
  last_used_at: string | null;
  /** When it got its current value; null where that was before this was noted. */
  value_since: Generated<string | null>;
  /** When and by whom a command disabled it; null while it works. */
  disabled_at: Generated<string | null>;
  disabled_by: Generated<string | null>;
}

/** A token's earlier values, valid until their grace period ends. */
interface ApiTokenRetired {
  readonly digest: string;
  readonly token_id: string;
  readonly valid_until: string;
  /** When it became the token's value; null where that was before this was noted. */
  readonly since: Generated<string | null>;
  last_used_at: Generated<string | null>;
}

/** What an owner's files demand of API tokens. `created_at` is when that was first applied. */
interface OwnerPolicies extends Managed {
  require_expiry: Flag;
  /** Null without a limit, as for the others. */
  max_lifetime_seconds: number | null;
  warn_before_seconds: number | null;
  unused_after_seconds: number | null;
}

/** A value that never works again, whatever a file says. It outlives its token. */
interface ApiTokenRevoked {
  /** Hex SHA-256 of the value. */
  readonly digest: string;
  /** The identifier that its token had. */
  readonly identifier: string;
  readonly revoked_at: string;
  readonly revoked_by: string;
  readonly reason: string;
}

/** Through what a run came. */
export type RunThrough =
  | "apply"
  | "import django"
  | "restore"
  | "key rotate"
  | "history trim"
  | "token create"
  | "token rotate"
  | "token revoke"
  | "token disable"
  | "token enable"
  | "user set-password"
  | "user deactivate"
  | "user activate"
  | "user end-sessions"
  | "user unlink"
  /** A person's own tokens, through `createTokenOperations`. */
  | "self-service"
  /** A person at the admin pages. */
  | "admin"
  | "sign-in"
  | "password sign-in";

/** What files say of an entry beside its attributes, for the rows of every kind. */
interface EntrySettings {
  /** The row's id, in the table of its kind. */
  readonly resource_id: string;
  readonly kind: string;
  /** 1: nothing may delete the row until a file says otherwise. */
  readonly protect: Flag;
  /** The name that the entry had, while its file says so; null for none. */
  readonly renamed_from: Generated<string | null>;
}

interface Runs {
  readonly id: string;
  readonly started_at: string;
  readonly finished_at: string;
  readonly actor: string;
  /** The id of the user who did it in a signed-in browser; null for everybody else. The user may be gone. */
  readonly actor_user_id: Generated<string | null>;
  /** Whom the actor said to act for, with `--actor`. */
  readonly claimed_actor: Generated<string | null>;
  /** Null where that was before this was noted. */
  readonly through: Generated<RunThrough | null>;
  readonly owner: string;
  readonly version: string;
  /** JSON list of { file, sha256 }. */
  readonly files: string;
  /** Its place in the chain of runs: see `Link`. Null for one of a process that still ran an earlier version. */
  readonly number: Generated<number | null>;
  readonly digest: Generated<string | null>;
  readonly signature: Generated<string | null>;
}

interface RunChanges {
  readonly run_id: string;
  readonly sequence: number;
  readonly action: string;
  readonly kind: string;
  readonly key: string;
  readonly resource_id: string;
  /** JSON list of { name, before, after } or { name, sensitive }, with the drift that a change undid. */
  readonly fields: string;
  /** When its run was finished; empty for one of a process that still ran an earlier version. */
  readonly recorded_at: Generated<string>;
}

/** The last link of the chain of runs, also where its run is gone; and the last one that was trimmed, 0 where none was. */
interface JournalHead {
  readonly id: 1;
  number: number;
  digest: string;
  signature: string | null;
  trimmed_number: number;
  trimmed_digest: string;
  trimmed_signature: string | null;
}

export interface Tables extends SignInTables {
  setup_state: SetupState & { revision: Generated<number> };
  setup_migrations: Migrations;
  oidc_providers: OidcProviders;
  oidc_clients: OidcClients;
  users: Users;
  groups: Groups;
  group_permissions: GroupPermissions;
  user_permissions: UserPermissions;
  user_groups: UserGroups;
  api_tokens: ApiTokens;
  api_token_retired: ApiTokenRetired;
  api_token_revoked: ApiTokenRevoked;
  entry_settings: EntrySettings;
  owner_policies: OwnerPolicies;
  runs: Runs;
  run_changes: RunChanges;
  journal_head: JournalHead;
}

/**
 * A JSON list of text from the database.
 *
 * @throws SetupError `DATABASE_DAMAGED` (refused) for anything else, so that half a list never counts
 */
export function parseList(json: string): readonly string[] {
  if (json === "[]") return [];
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    list = undefined;
  }
  if (Array.isArray(list) && list.every((item) => typeof item === "string")) return list;
  throw setupError(
    "refused",
    "DATABASE_DAMAGED",
    "a list of permissions in the database is damaged",
    "find out what else writes to the database, and restore it from a backup",
  );
}
