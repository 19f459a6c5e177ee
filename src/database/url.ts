import { resolve } from "node:path";
import { setupError } from "../errors.js";

export const defaultDatabaseUrl = "sqlite:./vtb-auth.db";

/** Where an auth database is: a file, absolute, or a server. */
export type DatabaseUrl =
  | { readonly dialect: "sqlite"; readonly file: string }
  | { readonly dialect: "postgres"; readonly url: string };

/**
 * What a database's URL names.
 *
 * @throws SetupError `DATABASE_URL` (usage)
 */
export function parseDatabaseUrl(url: string): DatabaseUrl {
  if (/^postgres(?:ql)?:\/\//.test(url)) return { dialect: "postgres", url };
  const match = /^sqlite:(?:\/\/(?=\/))?(.+)$/s.exec(url);
  // A URL in the place of a path may have a password, which messages about files would show.
  if (!match?.[1] || match[1].startsWith("//") || /\0|:\/\//.test(match[1])) {
    throw setupError(
      "usage",
      "DATABASE_URL",
      "the database's URL is not understood",
      "write sqlite:PATH, such as sqlite:./vtb-auth.db, or postgres://USER@HOST/NAME",
    );
  }
  return { dialect: "sqlite", file: resolve(match[1]) };
}

/** A database's URL as it may be shown. */
export function withoutPassword(url: string): string {
  const place = parseDatabaseUrl(url);
  if (place.dialect === "sqlite") return url;
  const shown = new URL(place.url);
  shown.password = "";
  shown.searchParams.delete("password");
  return shown.href;
}
