import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { setupError } from "../../errors.js";
import { readSecretFile } from "../../secrets/secret-file.js";
import type { DatabaseEnv } from "../database.js";
import { isLocal, type PostgresAddress } from "./address.js";

/**
 * How the connection is encrypted. `require` checks the server's certificate and name as `verify-full` does: encryption without
 * knowing the server protects from nobody. `verify-ca` checks only the certificate, and `no-verify` nothing.
 *
 * @throws SetupError `DATABASE_URL` (usage), `DATABASE_TLS` (refused) for a file that can't be read
 */
export function tlsOptions(address: PostgresAddress): ConnectionOptions | false {
  const { sslMode, sslRootCert } = address;
  if (sslMode === undefined ? !namesCertificate(address) : sslMode === "disable") return false;
  const files = { ...read("ca", sslRootCert), ...read("cert", address.sslCert), ...read("key", address.sslKey) };
  switch (sslMode) {
    case undefined:
    case "require":
    case "verify-full":
      return files;
    case "verify-ca":
      // Otherwise, any customer of a public authority would pass.
      if (sslRootCert === undefined) {
        throw usage(
          "sslmode=verify-ca needs sslrootcert",
          "set it to the certificate file of your certificate authority",
        );
      }
      return { ...files, checkServerIdentity: () => undefined };
    case "no-verify":
      return { ...files, rejectUnauthorized: false };
    case "allow":
    case "prefer":
      throw usage(`sslmode=${sslMode} protects nothing`, "write sslmode=verify-full, or sslmode=disable");
    default:
      throw usage("sslmode is not valid", "write disable, no-verify, require, verify-ca or verify-full");
  }
}

/** Whether others on the network can read the password and the data, without anyone having chosen so. */
export function isOpenToListeners(address: PostgresAddress): boolean {
  return address.sslMode === undefined && !namesCertificate(address) && !isLocal(address.host);
}

/** A URL that names a certificate asks for TLS. */
function namesCertificate({ sslRootCert, sslCert, sslKey }: PostgresAddress): boolean {
  return [sslRootCert, sslCert, sslKey].some((file) => file !== undefined);
}

function read(name: "ca" | "cert" | "key", file: string | undefined): Pick<ConnectionOptions, typeof name> {
  // `system` is what PostgreSQL's own clients call the roots that the machine trusts.
  if (file === undefined || (name === "ca" && file === "system")) return {};
  try {
    return { [name]: readFileSync(file, "utf8") };
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
    const parameter = { ca: "sslrootcert", cert: "sslcert", key: "sslkey" }[name];
    throw setupError(
      "refused",
      "DATABASE_TLS",
      `the file ${file} of the database's ${parameter} can't be read (${code})`,
      "correct the path, or make the file readable for the user that runs this program",
      { cause },
    );
  }
}

function usage(message: string, hint: string): Error {
  return setupError("usage", "DATABASE_URL", `the database's ${message}`, hint);
}

const fileVariable = "VTB_SETUP_DATABASE_PASSWORD_FILE";

/**
 * Supplies the password of a new connection: from the URL, the file that `VTB_SETUP_DATABASE_PASSWORD_FILE` names, or
 * `PGPASSWORD`. The file is read for each connection, so that it can be replaced while a program runs.
 */
interface PasswordSource {
  /** For messages; undefined where there is no password. */
  readonly name: string | undefined;
  /** @throws SetupError `SECRET_FILE` (invalid), `FILE_DENIED` (refused) */
  readonly read: () => string;
}

export function passwordSource({ password }: Pick<PostgresAddress, "password">, env: DatabaseEnv): PasswordSource {
  if (password) return { name: "the database's URL", read: () => password.reveal() };
  const file = env[fileVariable];
  if (file) return { name: `the file ${file}`, read: () => readPassword(file) };
  const given = env.PGPASSWORD;
  return { name: given ? "PGPASSWORD" : undefined, read: () => given ?? "" };
}

function readPassword(file: string): string {
  const found = readSecretFile(file, { cwd: process.cwd() });
  if (found.kind === "read") return found.text;
  if (found.kind === "denied") {
    throw setupError("refused", "FILE_DENIED", `${found.message}; ${fileVariable} names it`, found.hint);
  }
  const why = found.kind === "refused" ? found.message : `the secret's file is ${found.kind}`;
  throw setupError(
    "invalid",
    "SECRET_FILE",
    `${why}: ${file}, which ${fileVariable} names`,
    found.kind === "refused" ? found.hint : "write the database's password into it, or correct the variable",
  );
}
