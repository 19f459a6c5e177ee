/** Every diagnostic code, with the sentence that documents it. Codes are part of the public interface: never rename one. */
export const diagnosticCodes = {
  ACCESS_TOKEN_ISSUER:
    "A provider's access tokens carry another issuer than its ID tokens, so a client that takes them refuses them.",
  ALIAS_BOMB: "Aliases in the file expand to far more values than the file holds.",
  ALIAS_UNRESOLVED: "An alias (`*name`) names an anchor that the file does not define before it.",
  CHANGES_MADE: "The changes were made, but could not be reported, or generated tokens not be put where they belong.",
  COMMAND_LINE: "The command line is wrong: an unknown command or option, or a missing argument.",
  COMMIT_UNKNOWN: "The connection was lost while the changes were being committed; they may be there or not.",
  CONFUSABLE_NAMES: "Two users, or two groups, have names that can be taken for each other.",
  DATABASE_DAMAGED: "The database's file or a row in it is damaged, or it is not a database at all.",
  DATABASE_DRIVER: "The package that talks to the database is missing, or was built for another Node.",
  DATABASE_FAILED: "The database answered with an error that is not one of the known ones.",
  DATABASE_LOCKED: "Another run held the database's lock for longer than this one could wait.",
  DATABASE_MODE: "Other users of the machine can read or change the database's file, or exchange it.",
  DATABASE_NEWER: "The database was migrated by a newer version of vtb-setup.",
  DATABASE_OLDER: "The database has not been prepared by this version of vtb-setup yet; `apply` does that.",
  DATABASE_REFUSED: "The database does not let this role in, or not do what is needed.",
  DATABASE_TLS: "The connection to the database can't be encrypted as the URL asks.",
  DATABASE_UNENCRYPTED: "What goes to a database on another machine can be listened to on the way.",
  DATABASE_UNREACHABLE: "The database can't be opened or reached.",
  DATABASE_URL: "The database's URL is not one that vtb-setup understands.",
  DEPRECATED_FIELD: "A field has a deprecated spelling; it works, and the message names the new one.",
  DISCOVERY_INVALID: "The provider's discovery document lacks what is needed, or contradicts the configuration.",
  DISCOVERY_UNREACHABLE: "The provider's discovery document can't be fetched.",
  DUPLICATE_KEY: "A mapping has the same key twice.",
  DUPLICATE_RESOURCE: "Two entries declare the same thing.",
  DUPLICATE_SECRET: "Two tokens have the same value.",
  ENV_NOT_SET: "A variable that `value_from` names is not set (or empty), and there is no default.",
  EXPIRED: "A token's `expires_at` is in the past.",
  FILE_DENIED: "A file can't be used as things are: owner, mode, a read-only file system, or a folder in its place.",
  FILE_UNREADABLE: "A configuration file can't be read.",
  ID_TOKENS_ACCEPTED: "A client takes tokens with `at_hash` for access tokens, and so ID tokens as well.",
  IGNORED_FIELD: "A field has no effect where it stands.",
  INSECURE_URL: "A URL uses http on a host that is not this machine.",
  INTERNAL: "A fault in vtb-setup itself.",
  INTERRUPTED: "The run was ended by a signal; nothing was changed.",
  INVALID_VALUE: "A value is outside of what its field accepts.",
  KEY_INVALID: "The sealing key is missing, unreadable or not 32 bytes.",
  KEY_MADE: "A sealing key was made beside the database; it belongs in the backups, apart from the database's.",
  KEY_MISMATCH: "The sealing key is not the one that the database's secrets were sealed with.",
  KEY_UNSAFE: "The sealing key's file can be changed by another user.",
  LINKS_UNMATCHED: "Users are linked to people of an issuer that no provider has, so that those can't sign in.",
  MIGRATION_NEEDED: "The database's tables are not those of this version, and `--no-migrate` leaves them as they are.",
  MISSING_FIELD: "A required field is missing.",
  MISSING_OPENID_SCOPE: "A client's scopes lack `openid`.",
  NAME_TAKEN: "A service user and another user would have the same name.",
  NO_API_CLIENT: "People can sign in, but no enabled client guards the API, so bearer tokens are refused.",
  NO_STEPS_ENABLED: "No step is enabled, so there is nothing to do.",
  NO_SIGN_KEYS: "Nothing is configured that a client's tokens could be checked with.",
  OPTIONS_DEFAULTED: "A client's `options` lack a part that the runtime reads; the documented defaults are used.",
  OUTPUT_FAILED: "Standard output can't be written; nothing was changed.",
  OUTPUT_FILE: "The file for generated tokens can't be written safely.",
  OWNED_BY_OTHER: "A resource is managed by another configuration owner.",
  PLACEHOLDER: "A value still holds a placeholder that should have been replaced.",
  PROVIDER_LACKS: "A client asks for something that its provider's discovery document does not offer.",
  PRUNE_REFUSED: "Pruning would delete everything of a kind.",
  REFERENCE_NOT_FOUND: "A name refers to something that neither the files nor the database have.",
  RESOURCE_IN_USE: "Something would be deleted that something else still needs.",
  SECRET_FILE:
    "A secret's file can't be used: missing, too large, not a regular file, or outside of the secrets directory.",
  SECRET_FILE_MODE: "A secret's file can be read by other users of the machine.",
  SIGN_IN_MISSING: "A superuser or staff account has no `sign_in`, so nobody becomes it through a provider.",
  STEP_INVALID: "A module given with `--steps`, or a step or kind of it, has a mistake in its code.",
  STEP_NOT_ENABLED: "A step's namespace is in the file but its flag is not true.",
  TOKENS_NOT_IN_FILE:
    "The file of `--tokens-out` lacks tokens that an earlier run generated; their values are nowhere else.",
  TOKENS_UNSEEN: "Tokens would be generated, but nobody could see their values.",
  UNDECLARED: "Entries that this owner manages are in no file; they stay as they are.",
  UNKNOWN_CLIENT_IDENTIFIER: "A client's identifier is neither `admin-oidc` nor `api-oidc`.",
  UNKNOWN_FIELD: "A field does not exist at this place.",
  UNKNOWN_ROOT_KEY: "A key at the root belongs to no step of this program.",
  VALUE_FROM_INVALID: "A `value_from` is malformed.",
  VALUE_FROM_IN_TEXT: "`value_from` stands inside of a text, where it can't be resolved.",
  WEAK_TOKEN: "A token is shorter than 32 characters or easy to guess.",
  WEAK_SIZE: "A nonce or state is too short to be safe.",
  WEAK_PASSWORD: "A password is a well-known example.",
  WRONG_TYPE: "A value has another type than its field needs.",
  YAML_SYNTAX: "The file is not valid YAML, or uses a part of YAML that is not allowed here.",
} as const;

export type DiagnosticCode = keyof typeof diagnosticCodes;

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
  /** Even `--strict` accepts a note. */
  readonly severity: "error" | "warning" | "note";
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
  readonly problems: readonly Diagnostic[];

  constructor(reason: FailureReason, problems: readonly Diagnostic[], options?: ErrorOptions) {
    super(problems.map((problem) => `${problem.message} [${problem.code}]`).join("\n"), options);
    this.name = "SetupError";
    this.reason = reason;
    this.problems = problems;
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

/** For the end of a switch over a union: a new member becomes a compile error here. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected ${JSON.stringify(value)}`);
}
