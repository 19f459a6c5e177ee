import { userInfo } from "node:os";
import { parseUrl } from "../../characters.js";
import { type SetupError, setupError } from "../../errors.js";
import { Secret } from "../../secrets/secret.js";
import type { DatabaseEnv } from "../database.js";

/** A server's address and the user: from the URL, and from the `PG*` variables where the URL says nothing. */
export interface PostgresAddress {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** From the URL only. */
  readonly password: Secret | undefined;
  readonly sslMode: string | undefined;
  readonly sslRootCert: string | undefined;
  readonly sslCert: string | undefined;
  readonly sslKey: string | undefined;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  /** How many connections a long-running program may have; not sent to the server. */
  readonly poolMax: number | undefined;
  /** The server session's start options, as `-c name=value`. */
  readonly options: string;
  /** The URL without its password, for messages. */
  readonly location: string;
}

const parameters = [
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "schema",
  "options",
  "application_name",
  "connect_timeout",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "pool_max",
];
const example = "postgres://USER@HOST:5432/NAME?sslmode=verify-full";
const defaultConnectTimeoutMs = 5000;

/**
 * Reads a `postgres://` URL.
 *
 * @throws SetupError `DATABASE_URL` (usage), which never quotes the URL
 */
export function parsePostgresUrl(text: string, env: DatabaseEnv): PostgresAddress {
  const url = parseAddress(text);
  // A plus stays a plus, as in PostgreSQL's own clients: this is not form encoding.
  const given = new URLSearchParams(url.search.replaceAll("+", "%2B"));
  if ([...given.keys()].some((name) => !parameters.includes(name))) {
    throw invalid("the database's URL has an unknown parameter", `known parameters: ${parameters.join(", ")}`);
  }
  const of = (part: string, name: string, variable: string): string | undefined =>
    decode(part) || given.get(name) || env[variable] || undefined;
  const host = of(url.hostname.replace(/^\[(.*)\]$/, "$1"), "host", "PGHOST") ?? "localhost";
  const port = portOf(of(url.port, "port", "PGPORT") ?? "5432");
  const user = of(url.username, "user", "PGUSER") ?? currentUser();
  const database = of(url.pathname.slice(1), "dbname", "PGDATABASE") ?? user;
  const password = decode(url.password) || given.get("password");
  const schema = given.get("schema") ?? undefined;
  if (host.includes(",")) throw invalid("the database's URL names several hosts", "write one, such as that of a proxy");
  return {
    host,
    port,
    user,
    database,
    password: password ? new Secret(password) : undefined,
    sslMode: of("", "sslmode", "PGSSLMODE"),
    sslRootCert: of("", "sslrootcert", "PGSSLROOTCERT"),
    sslCert: of("", "sslcert", "PGSSLCERT"),
    sslKey: of("", "sslkey", "PGSSLKEY"),
    applicationName: of("", "application_name", "PGAPPNAME") ?? "vtb-setup",
    connectTimeoutMs: timeoutOf(of("", "connect_timeout", "PGCONNECT_TIMEOUT")),
    poolMax: poolMaxOf(given.get("pool_max")),
    options: [of("", "options", "PGOPTIONS"), schema && searchPath(schema)].filter(Boolean).join(" "),
    location: locationOf({ host, port, user, database, schema }),
  };
}

/** A socket's folder, or an address that never leaves this machine. */
export function isLocal(host: string): boolean {
  return host.startsWith("/") || /^(?:localhost|127(?:\.\d+){3}|::1)$/.test(host);
}

function parseAddress(text: string): URL {
  const url = parseUrl(text);
  // What looks like more than a name is most often the rest of a password, and must not be shown as part of an address.
  if (url && url.hash === "" && /^\/?[^/@]*$/.test(url.pathname)) return url;
  throw invalid(
    "the database's URL is not valid",
    `write it as ${example}; in a password, write %40 for @, %2F for /, %23 for #, %3F for ? and %25 for %`,
  );
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(
      "the database's URL has a % that does not start an escape sequence",
      "write %25 for a % in a name or password",
    );
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port > 0 && port < 65_536) return port;
  throw invalid("the database's port is not a number from 1 to 65535", `write the URL as ${example}`);
}

/** As in PostgreSQL's own clients: whole seconds, and 0 for the default. */
function timeoutOf(text: string | undefined): number {
  if (text === undefined || text === "0") return defaultConnectTimeoutMs;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  throw invalid("the database's connect_timeout is not a number of seconds", "write it as connect_timeout=10");
}

export const maxConnections = 1000;

export function isPoolSize(max: number): boolean {
  return Number.isInteger(max) && max >= 1 && max <= maxConnections;
}

function poolMaxOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,4}$/.test(text) && isPoolSize(Number(text))) return Number(text);
  throw invalid(
    `the database's pool_max is not a number from 1 to ${maxConnections}`,
    "write it as pool_max=10, or remove it",
  );
}

/** A name in double quotes is taken literally; in a start option, a backslash escapes a space. */
function searchPath(schema: string): string {
  if (!/^[A-Za-z_][\w$-]{0,62}$/.test(schema)) {
    throw invalid("the name of the database's schema is not valid", "use at most 63 letters, digits, _ and -");
  }
  return `-c search_path="${schema}"`;
}

function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers run as users that have no name.
    throw invalid("the database's URL names no user", `write it as ${example}, or set PGUSER`);
  }
}

function locationOf(
  at: Pick<PostgresAddress, "host" | "port" | "user" | "database"> & { readonly schema?: string | undefined },
) {
  const name = encodeURIComponent;
  const host = at.host.includes(":") ? `[${at.host}]` : name(at.host);
  const schema = at.schema === undefined ? "" : `?schema=${name(at.schema)}`;
  return `postgres://${name(at.user)}@${host}:${at.port}/${name(at.database)}${schema}`;
}

function invalid(message: string, hint: string): SetupError {
  return setupError("usage", "DATABASE_URL", message, hint);
}
