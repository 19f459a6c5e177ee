/** A guard that an operator who knows better may allow: it is then a warning. */
const allowable = (meaning: string) => ({ meaning, isAllowable: true }) as const;

/** What nobody can allow, and why: `--allow` with it is a mistake. */
const final = (meaning: string, why: string) => ({ meaning, isAllowable: false, why }) as const;

const unreadable = "what can't be read can't be applied";

/**
 * Every diagnostic code, with the sentence that documents it and whether it can be allowed: a plain one can where it is a warning.
 * Codes are part of the public interface: never rename one.
 */
const codes = {
  ACCESS_TEST_FAILED: "A principal may do what an access test forbids, or may not do what one expects.",
  ACCESS_TOKEN_ISSUER: "A provider's access tokens have another issuer than its ID tokens, so its clients reject them.",
  ALIAS_BOMB: final("Aliases in the file expand to far more values than the file contains.", unreadable),
  ALIAS_UNRESOLVED: final("An alias (`*name`) names an anchor that the file does not define before it.", unreadable),
  BACKUP_BY_SERVER: "A PostgreSQL database is backed up and restored by the server's own programs.",
  BACKUP_FILE: "A backup's file exists already, can't be created, or is not a backup of an auth database.",
  BEARER_TOKENS_STAY: "Sessions were ended; access tokens that a provider issued are accepted until they expire.",
  CATALOGUE_INVALID: final("A permission catalogue can't be read, or is not valid.", unreadable),
  CERTIFICATE_ENDS: "A server's certificate ends soon.",
  CERTIFICATE_REFUSED: "A server's certificate has ended, is for another name, or is not from a trusted authority.",
  CHANGES_MADE: "The changes were made, but could not be reported, or the generated tokens could not be stored.",
  CHECK_UNFINISHED: "A check of `doctor` did not end within its time.",
  CLIENT_DISABLED: "A client is disabled, so nobody gets in through it.",
  CLIENT_REFUSED: "A provider rejects a client's id or secret.",
  CLOCK_DIFFERS: "The clocks of this machine and of a provider differ, so that tokens seem to be too old or too new.",
  COMMAND_LINE: "The command line is wrong: an unknown command or option, or a missing argument.",
  COMMIT_UNKNOWN: "The connection was lost during the commit; the changes may or may not have been made.",
  CONFUSABLE_NAMES: "Two users, or two groups, have names that can be confused with each other.",
  DATABASE_DAMAGED: final("The database's file or a row in it is damaged, or it is not a database at all.", unreadable),
  DATABASE_DRIVER: "The package that talks to the database is missing, or was built for another Node.",
  DATABASE_FAILED: "The database returned an unexpected error.",
  DATABASE_JOURNAL: "An SQLite database has no write-ahead log, so that readers and writers wait for each other.",
  DATABASE_LOCKED: "Another run held the database's lock for longer than this one waited.",
  DATABASE_MODE: "Other users of the machine can read, change or replace the database's file.",
  DATABASE_NEWER: final("The database was migrated by a newer version of vtb-setup.", unreadable),
  DATABASE_OLDER: "This version of vtb-setup has not migrated the database yet; `apply` does that.",
  DATABASE_REFUSED: "The database rejects this role, or denies it a permission that it needs.",
  DATABASE_SPACE: "The disk of the database is nearly full.",
  DATABASE_TLS: "The connection to the database can't be encrypted as the URL asks.",
  DATABASE_UNENCRYPTED: "The connection to a database on another machine is not encrypted.",
  DATABASE_UNREACHABLE: "The database can't be opened or reached.",
  DATABASE_URL: "The database's URL is not valid.",
  DATABASE_VERSION: "The database's server is of a version that no longer gets security updates.",
  DEPRECATED_FIELD: "A field has a deprecated spelling; it works, and the message names the new one.",
  DISCOVERY_INVALID: "The provider's discovery document lacks what is needed, or contradicts the configuration.",
  DISCOVERY_UNREACHABLE: "The provider's discovery document can't be fetched.",
  DUPLICATE_KEY: "A mapping has the same key twice.",
  DUPLICATE_RESOURCE: "Two entries declare the same thing.",
  DUPLICATE_SECRET: "Two tokens have the same value.",
  ENDPOINT_MISSING: "A provider's endpoint is not at the URL that the database or the files have.",
  ENDPOINT_UNREACHABLE: "A server of a provider can't be reached.",
  ENV_NOT_SET: final(
    "A variable that `value_from` names is not set (or empty), and there is no default.",
    "there is no value to go on with",
  ),
  ESCALATION: "A user, token or claim rule gains rights: superuser, staff or a permission.",
  EXPIRED: "A token's `expires_at`, or the `until` of a membership, is in the past.",
  EXPIRES_SOON: "A token expires within the `warn_before` of its owner's policy.",
  FILE_DENIED: "A file can't be used because of its owner or mode, a read-only file system, or a folder in its place.",
  FILE_UNREADABLE: final("A configuration file can't be read.", unreadable),
  FORMAT_UNKNOWN: final("A file has a format that this version of vtb-setup can't read.", unreadable),
  GUARD_ALLOWED: "A file allows a guard, so that it only warns.",
  ID_TOKENS_ACCEPTED: "A client accepts tokens with `at_hash` as access tokens, and so ID tokens as well.",
  IGNORED_FIELD: "A field has no effect where it stands.",
  IMPORT_SOURCE: "A database to import from is missing, or does not have the tables that such a database has.",
  INSECURE_URL: "A URL uses http on a host that is not this machine.",
  INTERNAL: "A bug in vtb-setup.",
  INTERRUPTED: "A signal ended the run; nothing was changed.",
  INVALID_VALUE: "A value is not one that its field accepts.",
  JOURNAL_BROKEN: "The record of runs is not as it was written.",
  JOURNAL_HEAD_OLD: "The head that was kept elsewhere is of a run that was trimmed since.",
  JOURNAL_POSITION: "An export is to go on behind a change that the record does not have.",
  JOURNAL_UNSIGNED: "No signature proves some runs of the record, or its end.",
  KEY_INVALID: "The sealing key is missing, unreadable or not 32 bytes.",
  KEY_MADE: "A sealing key was generated beside the database; back it up, separately from the database.",
  KEY_MISMATCH: "The sealing key is not the one that the database's secrets were sealed with.",
  KEY_NOT_SHARED:
    "The new sealing key is not where this program reads its keys, so that the next run could open nothing.",
  KEY_UNSAFE: "Another user can change the sealing key's file.",
  KEYS_UNUSABLE: "A provider's keys can't be read, or none of them fits the algorithm of a client.",
  LAST_ADMINISTRATOR: allowable("Nobody could sign in as an administrator any more."),
  LINKS_AGAIN: "A user was unlinked that a sign-in will link again.",
  LINKS_UNMATCHED: "Users are linked to people of an issuer that no provider has, so they can't sign in.",
  LISTEN_FAILED: "The address that a server is to listen at is in use, or not one of this machine.",
  MANY_DELETIONS: allowable("Pruning would delete many entries of a kind, and much of what an owner manages."),
  MIGRATION_NEEDED: "The database has pending migrations, which `--no-migrate` does not run.",
  MISSING_FIELD: final("A required field is missing.", "there is no value to go on with"),
  MISSING_OPENID_SCOPE: "A client's scopes lack `openid`.",
  NAME_TAKEN: final("A service user and another user would have the same name.", "two users can't have one name"),
  NAME_UNKNOWN: "No user, API token, OpenID client or permission has the name that a command was given.",
  NOT_IMPORTED: "Something in the other program's database was not imported, or not as it was; the message says why.",
  NOT_UPGRADED: "`upgrade` can't rewrite a deprecated spelling by itself; the message says what to do.",
  NO_ADMINISTRATOR: "Nobody can sign in as an administrator.",
  NO_API_CLIENT: "People can sign in, but no enabled client guards the API, so bearer tokens are rejected.",
  NO_STEPS_ENABLED: "No step is enabled.",
  NO_SIGN_KEYS: "No key is configured to check a client's tokens with.",
  OPTIONS_DEFAULTED: "A client's `options` lack a part that the runtime reads; the documented defaults apply.",
  OUTPUT_FAILED: "Standard output can't be written; nothing was changed.",
  OUTPUT_FILE: "The file for generated tokens, or a file that `upgrade --write` rewrites, can't be written safely.",
  OWNED_BY_OTHER: allowable("A resource is managed by another configuration owner."),
  PLACEHOLDER: "A value contains an unreplaced placeholder.",
  POLICY_ENDS_TOKENS: allowable("A policy would end API tokens that work now."),
  POLICY_VIOLATED: "A token does not comply with the policy of its owner.",
  PROTECTED: final(
    "An entry would be deleted that a file protects.",
    "a file protects the entry until one says `protect: false`",
  ),
  PROVIDER_LACKS: "A client asks for something that its provider's discovery document does not offer.",
  PRUNE_REFUSED: allowable("Pruning would delete everything of a kind, or it is not said whose entries to prune."),
  REDIRECT_URI_REFUSED: "A provider does not accept a client's redirect URI.",
  REFERENCE_NOT_FOUND: allowable("A name refers to something that is in neither the files nor the database."),
  RENAMED_REFERENCE: "An entry is named as it was called before it was renamed.",
  RENAME_CONFLICT: final(
    "An entry can't be renamed, since both names are in use, or the files contradict each other.",
    "one of the two entries would be lost",
  ),
  RESOURCE_IN_USE: final(
    "Something would be deleted that something else still needs.",
    "what needs the entry would break",
  ),
  SECRET_FILE:
    "A secret's file can't be used: missing, too large, not a regular file, or outside the secrets directory.",
  SECRET_FILE_MODE: "Other users of the machine can read a secret's file.",
  SIGN_IN_MISSING: "A superuser or staff account has no `sign_in`, so nobody can sign in as it through a provider.",
  SIGN_KEY_REPLACED: "The key that a client's tokens are checked with is not among those that its provider publishes.",
  STEP_INVALID: "A module given with `--steps`, or a step or kind of it, has a mistake in its code.",
  STEP_NOT_ENABLED: "A step's namespace is in the file but its flag is not true.",
  TOKEN_DISABLED: "A command disabled a token, so it is rejected although a file declares it.",
  TOKEN_EXISTS: "A token with the identifier of the new one exists already.",
  TOKEN_IN_FILE: "A token's value or `enabled: false` stands in a file, so a command can't change it.",
  TOKEN_NOT_FOUND: "No token has the identifier that a command was given.",
  TOKEN_REVOKED: "A token's value was revoked, so it is rejected although a file declares it.",
  TOKEN_UNUSED: "Nobody has used a token for long.",
  TOKENS_NOT_IN_FILE:
    "The file of `--tokens-out` lacks tokens that an earlier run generated; their values are nowhere else.",
  TOKENS_UNSEEN: "Tokens would be generated, but nobody could see their values.",
  UNDECLARED: "Entries that this owner manages are in no file; they stay unchanged.",
  UNKNOWN_CLIENT_IDENTIFIER: "A client's identifier is neither `admin-oidc` nor `api-oidc`.",
  UNKNOWN_FIELD: final("There is no such field here.", unreadable),
  UNKNOWN_PERMISSION: allowable("A permission is not in the catalogue."),
  UNKNOWN_ROOT_KEY: "A key at the root belongs to no step of this program.",
  USER_DEACTIVATED: "A command deactivated a user, so it can't sign in although a file declares it.",
  USER_INACTIVE: "A file or claims make a user inactive, so a command can't activate it.",
  USER_NOT_FOUND: "No user has the name that a command was given.",
  USER_OF_PROVIDER: "A user who signs in through a provider was to get a password as well.",
  USER_OF_TOKEN: "A user that exists for one API token was given to a command for people.",
  VALUE_FROM_INVALID: final("A `value_from` is malformed.", unreadable),
  VALUE_FROM_IN_TEXT: "`value_from` is inside text, where it can't be resolved.",
  WEAK_TOKEN: "A token is shorter than 32 characters or easy to guess.",
  WEAK_SIZE: "A nonce or state is too short to be safe.",
  WEAK_PASSWORD: "A password is a well-known example or, given to a command, shorter than 8 characters.",
  WRONG_TYPE: final("A value does not have the type that its field needs.", unreadable),
  YAML_SYNTAX: final("The file is not valid YAML, or uses a part of YAML that is not allowed here.", unreadable),
} as const;

export type DiagnosticCode = keyof typeof codes;

/** Every code with the sentence that documents it. */
export const diagnosticCodes = mapCodes((row) => (typeof row === "string" ? row : row.meaning));

type CodeRow = (typeof codes)[DiagnosticCode];

function mapCodes<T>(map: (row: CodeRow) => T): Readonly<Record<DiagnosticCode, T>> {
  const entries = Object.entries(codes).map(([code, row]) => [code, map(row)]);
  // It has the keys of `codes`.
  return Object.fromEntries(entries) as Record<DiagnosticCode, T>;
}

export function isCode(text: string): text is DiagnosticCode {
  return Object.hasOwn(codes, text);
}

/** Whether an operator may allow what stops a run with this code. */
export function isAllowable(code: DiagnosticCode): boolean {
  const row: CodeRow = codes[code];
  return typeof row !== "string" && row.isAllowable;
}

/** Why nobody can allow a code; undefined for a guard that can be allowed, and for one that may be a warning. */
export function whyNotAllowable(code: DiagnosticCode): string | undefined {
  const row: CodeRow = codes[code];
  return typeof row === "string" || row.isAllowable ? undefined : row.why;
}

/** A position in a configuration file: line and column count from 1, columns in UTF-16 units. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The quoted source line, secrets already masked, and where the caret goes (from 1) and how wide it is. */
export interface Excerpt {
  readonly text: string;
  readonly caretColumn: number;
  readonly caretWidth: number;
}

/** What is wrong, where, and what to do. It never holds a value from the file. */
export interface Diagnostic {
  /** An error: the configuration is invalid. A refusal: a guard stops the run. Even `--strict` accepts a note. */
  readonly severity: "error" | "refusal" | "warning" | "note";
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly position?: Position | undefined;
  /** Dotted path in the file, such as `tokenauth.items.0.email`. */
  readonly path?: string | undefined;
  readonly excerpt?: Excerpt | undefined;
  /** It is about a part of the file that another program reads: `--strict` and `--deny` do not affect it. */
  readonly foreign?: boolean | undefined;
}

/** Why a run ended without changes. The command line maps each to an exit status. */
export type FailureReason = "invalid" | "refused" | "unavailable" | "internal" | "usage" | "interrupted";

/** Why a run ended without doing its work, with all diagnostics at once. */
export class SetupError extends Error {
  readonly reason: FailureReason;
  readonly diagnostics: readonly Diagnostic[];

  constructor(reason: FailureReason, diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    super(diagnostics.map((diagnostic) => `${diagnostic.message} [${diagnostic.code}]`).join("\n"), options);
    this.name = "SetupError";
    this.reason = reason;
    this.diagnostics = diagnostics;
  }
}

/** A {@link SetupError} with one diagnostic that has no position in a file. */
export function setupError(
  reason: FailureReason,
  code: DiagnosticCode,
  message: string,
  hint?: string,
  options?: ErrorOptions,
): SetupError {
  return new SetupError(reason, [{ severity: "error", code, message, hint }], options);
}

/** How many names a message has at most. */
export const maxNamed = 20;

/**
 * Names for a message: the first twenty, and how many more there are.
 *
 * @param count how many there are, where these are only the first
 */
export function listSome(names: readonly string[], count = names.length): string {
  const more = count > maxNamed ? ` and ${count - maxNamed} more` : "";
  return `${names.slice(0, maxNamed).join(", ")}${more}`;
}

/** For the end of a switch over a union: a new member becomes a compile error here. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected ${JSON.stringify(value)}`);
}
