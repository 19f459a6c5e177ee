import type { Attributes, Resource } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { permissionOf } from "../../src/users/admin-rights.js";
import { person, type Site, start } from "./site.js";

const dayMs = 86_400_000;

/** A moment so many days after the start of these tests. */
export const at = (inDays: number) => new Date(start + inDays * dayMs).toISOString();

type Right = Parameters<typeof permissionOf>[0];

/** Staff with these rights at the pages, and with these permissions beside. */
export function staff(
  name: string,
  rights: readonly Right[],
  permissions: readonly string[] = [],
  more: Attributes = {},
): Resource {
  const all = [...rights.map(permissionOf), ...permissions].sort();
  return person(name, { is_superuser: false, permissions: all, ...more });
}

/** The value that the page of a new token shows, which its row must be that of. */
export async function newValueOn(site: Site, identifier: string, text: string): Promise<string> {
  const value = /<code id="new-token" tabindex="0">([^<]+)<\/code>/.exec(text)?.[1] ?? "";
  const row = await tokenRow(site, identifier);
  if (row?.digest !== digestToken(new Secret(value))) throw new Error(`the page does not have ${identifier}'s value`);
  return value;
}

export function tokenRow(site: Site, identifier: string) {
  return site.database.kysely
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .selectAll("api_tokens")
    .select(["username", "is_service"])
    .where("identifier", "=", identifier)
    .executeTakeFirst();
}
