/** What a database's error tells without quoting anything that was written or read. */
export interface PostgresFailure extends Error {
  /** `PG_` and a SQLSTATE, a code of Node's, or one of {@link ownCodes}. */
  readonly code: `PG_${string}`;
  readonly table?: string;
  readonly constraint?: string;
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
export function cleanFailure(error: unknown): PostgresFailure {
  const found = error instanceof Error ? error : new Error();
  const code = `PG_${codeOf(found)}` as const;
  const table = textOf(found, "table") ?? nameIn(found.message);
  const constraint = textOf(found, "constraint");
  return Object.assign(new Error(`the database answered with ${code}`), {
    code,
    ...(table !== undefined && { table }),
    ...(constraint !== undefined && { constraint }),
  });
}

export function isFailure(error: unknown): error is PostgresFailure {
  return error instanceof Error && "code" in error && String(error.code).startsWith("PG_");
}

/** The server names a table in its text alone where one is there already, or a right on it is missing. */
function nameIn(message: string): string | undefined {
  const named = /^(?:relation "(?<made>\w+)" already exists|permission denied for (?:table|schema) (?<barred>\w+))$/;
  const { made, barred } = named.exec(message)?.groups ?? {};
  return made ?? barred;
}

function codeOf(error: Error): string {
  const own = ownCodes.find(([pattern]) => pattern.test(error.message));
  const code = textOf(error, "code") ?? own?.[1] ?? "UNKNOWN";
  // PgBouncer has one code for all that it refuses.
  return code === "08P01" && /startup parameter/.test(error.message) ? "08P01_START" : code;
}

function textOf(error: object, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === "string" && value !== "" ? value : undefined;
}
