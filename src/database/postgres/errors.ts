import { type DiagnosticCode, type FailureReason, SetupError, setupError } from "../../errors.js";
import { constraintViolated, DatabaseError, type DatabaseFailure } from "../database.js";

/** What messages name: where the database is, and where the password came from. */
export interface ExplainContext {
  readonly location: string;
  readonly passwordFrom: string | undefined;
}

interface Explanation {
  /** Matches the code without `PG_`. */
  readonly when: RegExp;
  readonly reason: FailureReason;
  readonly code: DiagnosticCode;
  readonly message: (context: ExplainContext, failure: PostgresFailure) => string;
  readonly hint: (context: ExplainContext) => string;
}

const poolersHint = "for PgBouncer and similar poolers, see the section Poolers of docs/postgresql.md";

// SQLSTATEs are listed in appendix A of PostgreSQL's documentation. The first match counts.
const explanations: readonly Explanation[] = [
  {
    when: /^(?:28P01|28000|NO_PASSWORD|SASL_FAILED)$/,
    reason: "refused",
    code: "DATABASE_REFUSED",
    message: ({ location }, failure) => `the database ${location} rejects this role (${shortCode(failure)})`,
    hint: ({ passwordFrom }) =>
      passwordFrom === undefined
        ? "set a password in the URL, in the file that VTB_SETUP_DATABASE_PASSWORD_FILE names, or in PGPASSWORD"
        : `check the role and its password, which comes from ${passwordFrom}, and pg_hba.conf`,
  },
  {
    when: /^3D000$/,
    reason: "unavailable",
    code: "DATABASE_UNREACHABLE",
    message: ({ location }) => `the database ${location} does not exist`,
    hint: () => "create it with CREATE DATABASE, or correct the name",
  },
  {
    when: /^3F000$/,
    reason: "refused",
    code: "DATABASE_REFUSED",
    message: ({ location }) => `the database ${location} has no schema that this role may use`,
    hint: () => "create it with CREATE SCHEMA and grant USAGE and CREATE on it, or correct the search path",
  },
  {
    when: /^42501$/,
    reason: "refused",
    code: "DATABASE_REFUSED",
    message: ({ location }, { table }) => `permission denied for this role in the database ${location}${on(table)}`,
    hint: () => "grant it the permissions in docs/postgresql.md",
  },
  {
    when: /^25006$/,
    reason: "refused",
    code: "DATABASE_REFUSED",
    message: ({ location }) => `the database ${location} is read-only: it is a standby, or set to read-only`,
    hint: () => "connect to the primary server",
  },
  {
    when: /^42P07$/,
    reason: "refused",
    code: "DATABASE_REFUSED",
    message: ({ location }, { table }) =>
      `the schema of ${location} already has tables with the names that vtb-setup needs${on(table)}`,
    hint: () => "use a separate schema, with schema=NAME in the database's URL",
  },
  {
    when: /^NO_TLS$/,
    reason: "refused",
    code: "DATABASE_TLS",
    message: ({ location }) => `the server of the database ${location} offers no encryption`,
    hint: () => "enable ssl on the server, or set sslmode=disable if nobody can eavesdrop on the connection",
  },
  {
    when: /^(?:TLS_FAILED|EPROTO|CERT_|ERR_TLS_|ERR_SSL_|ERR_OSSL|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_)/,
    reason: "refused",
    code: "DATABASE_TLS",
    message: ({ location }, failure) =>
      `the server of the database ${location} can't be trusted (${shortCode(failure)})`,
    hint: () =>
      "set sslrootcert=FILE to the certificate of the server's authority, and use the host name that its certificate is for",
  },
  {
    // PgBouncer's answers to an unknown start option, and in transaction mode, where each transaction may get another session.
    when: /^(?:08P01_START|42P05|26000)$/,
    reason: "refused",
    code: "DATABASE_REFUSED",
    message: ({ location }, failure) =>
      `a pooler in front of the database ${location} does not support what vtb-setup needs (${shortCode(failure).slice(0, 5)})`,
    hint: () => poolersHint,
  },
  {
    // Its other refusals, most of which are temporary.
    when: /^08P01$/,
    reason: "unavailable",
    code: "DATABASE_UNREACHABLE",
    message: ({ location }) => `the database ${location}, or a pooler in front of it, refused the connection (08P01)`,
    hint: () => `retry; ${poolersHint}`,
  },
  {
    when: /^(?:53100|53200)$/,
    reason: "unavailable",
    code: "DATABASE_FAILED",
    message: ({ location }, failure) => `the database ${location} has no space left (${shortCode(failure)})`,
    hint: () => "free disk space or memory on it, then retry",
  },
  {
    // The classes of lost connections, full servers and operator shutdowns; and network errors.
    when: /^(?:08|53|57P|58|E[A-Z_]+$|NOT_CONNECTED|CONNECT|ANSWER_TIMEOUT|57014|25P0[34]|UNKNOWN)/,
    reason: "unavailable",
    code: "DATABASE_UNREACHABLE",
    message: ({ location }, failure) => `the database ${location} does not answer (${shortCode(failure)})`,
    hint: () => "check that the server runs and is reachable from here, or wait for it with --wait",
  },
  {
    when: /^(?:40|55)/,
    reason: "unavailable",
    code: "DATABASE_FAILED",
    message: (_, failure) =>
      `the database answered with ${shortCode(failure)}: another transaction was using the same rows or tables`,
    hint: () => "retry",
  },
];

/** Returns an error to throw, for any of the driver: without anything that it quotes. */
export function databaseError(error: unknown, context: ExplainContext): SetupError {
  if (error instanceof SetupError) return error;
  const failure = cleanFailure(error);
  return new DatabaseError(failureOf(failure), explain(failure, context));
}

function failureOf({ code, table, constraint }: PostgresFailure): DatabaseFailure {
  if (/^PG_(?:40001|40P01|55P03)$/.test(code)) return "busy";
  // Created by another process at the same moment.
  if (code === "PG_23505" && constraint?.startsWith("pg_")) return "busy";
  if (code === "PG_42P07" && (table === "setup_state" || table === "setup_migrations")) return "busy";
  if (code === "PG_42P01") return "table_missing";
  if (code === "PG_23503") return "row_missing";
  // 25006: the role may only read, by its own setting or because the server is a standby.
  if (/^PG_(?:42501|25006)$/.test(code)) return "forbidden";
  const isLost = /^PG_(?:08|57P|40003|CONNECTION_LOST|ANSWER_TIMEOUT|E[A-Z]+$|ERR_|UNKNOWN)/.test(code);
  return isLost ? "connection_lost" : "other";
}

function explain(error: PostgresFailure, context: ExplainContext): SetupError {
  const code = shortCode(error);
  const found = explanations.find(({ when }) => when.test(code));
  if (found) {
    return setupError(found.reason, found.code, found.message(context, error), found.hint(context), { cause: error });
  }
  const constraint = error.constraint === undefined ? "" : `, constraint ${error.constraint}`;
  // Integrity constraint violations.
  if (code.startsWith("23")) return constraintViolated(`${code}${on(error.table)}${constraint}`, error);
  return setupError(
    "internal",
    "DATABASE_FAILED",
    `the database answered with ${code}${on(error.table)}${constraint}${error.statementFault === undefined ? "" : `: ${error.statementFault}`}`,
    "report this as a bug; the server's log has the statement",
    { cause: error },
  );
}

function shortCode({ code }: PostgresFailure): string {
  return code.slice("PG_".length);
}

function on(table: string | undefined): string {
  return table === undefined ? "" : ` (table ${table})`;
}

/** The parts of a database error that quote nothing that was written or read. */
interface PostgresFailure extends Error {
  /** `PG_` and a SQLSTATE, a Node error code, or one of {@link ownCodes}. */
  readonly code: `PG_${string}`;
  readonly table?: string;
  readonly constraint?: string;
  /** What is wrong with the statement itself, such as a table that does not exist: its values are bound, so this has none. */
  readonly statementFault?: string;
}

/** The driver's own errors have no codes. */
const ownCodes: readonly (readonly [RegExp, string])[] = [
  [/connection error and is not queryable/, "NOT_CONNECTED"],
  [/^Connection terminated due to connection timeout|timeout expired|timeout exceeded when/, "CONNECT_TIMEOUT"],
  [/^Connection terminated/, "CONNECTION_LOST"],
  [/^Query read timeout/, "ANSWER_TIMEOUT"],
  [/does not support SSL/, "NO_TLS"],
  [/establishing an SSL connection/, "TLS_FAILED"],
  [/password must be/, "NO_PASSWORD"],
  [/^SASL/, "SASL_FAILED"],
];

/** The database's error without its message, detail, hint and context, which quote rows and statements. */
function cleanFailure(error: unknown): PostgresFailure {
  const found = error instanceof Error ? error : new Error();
  const code = `PG_${codeOf(found)}` as const;
  const table = textOf(found, "table") ?? nameIn(found.message);
  const constraint = textOf(found, "constraint");
  // Syntax errors and unknown, double or unlike objects; 42501 is a missing permission.
  const isStatement = /^42(?!501)/.test(codeOf(found));
  return Object.assign(new Error(`the database answered with ${code}`), {
    code,
    ...(table !== undefined && { table }),
    ...(constraint !== undefined && { constraint }),
    ...(isStatement && { statementFault: found.message }),
  });
}

/** The server may still answer the statement, on the same connection. */
export function isUnanswered({ cause }: SetupError): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "PG_ANSWER_TIMEOUT";
}

/** When a table exists already or a permission on it is missing, the server names it only in the message. */
function nameIn(message: string): string | undefined {
  const named = /^(?:relation "(?<made>\w+)" already exists|permission denied for (?:table|schema) (?<barred>\w+))$/;
  const { made, barred } = named.exec(message)?.groups ?? {};
  return made ?? barred;
}

function codeOf(error: Error): string {
  const own = ownCodes.find(([pattern]) => pattern.test(error.message));
  const code = textOf(error, "code") ?? own?.[1] ?? "UNKNOWN";
  // PgBouncer has one code for all its refusals.
  return code === "08P01" && /startup parameter/.test(error.message) ? "08P01_START" : code;
}

function textOf(error: object, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
