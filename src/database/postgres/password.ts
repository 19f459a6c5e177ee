import { setupError } from "../../errors.js";
import { readSecretFile } from "../../secrets/secret-file.js";
import type { DatabaseEnv } from "../database.js";
import type { PostgresAddress } from "./address.js";

const fileVariable = "VTB_SETUP_DATABASE_PASSWORD_FILE";

/**
 * What gives the password of a new connection: the URL, the file that `VTB_SETUP_DATABASE_PASSWORD_FILE` names, or `PGPASSWORD`.
 * The file is read for each connection, so that it can be replaced while a program runs.
 */
export interface PasswordSource {
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
