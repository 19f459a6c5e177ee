import type { Resource } from "../../src/plan/resource.js";
import { resource } from "../support/run.js";
import { person, type Site } from "./site.js";

export const day = 86_400_000;

/** Neither a superuser nor staff. */
export const plain = { is_staff: false, is_superuser: false };

export function group(name: string, permissions: readonly string[] = []): Resource {
  return resource("group", name, { permissions });
}

/** Somebody with rights at the admin pages, who is no superuser. */
export function staff(name: string, permissions: readonly string[], more: object = {}): Resource {
  return person(name, { is_superuser: false, permissions, ...more });
}

/** Makes an entry of a file one that nobody manages. */
export async function release(site: Site, kind: "users" | "groups", name: string): Promise<void> {
  const { kysely } = site.database;
  if (kind === "users") await kysely.updateTable("users").set({ owner: null }).where("username", "=", name).execute();
  else await kysely.updateTable("groups").set({ owner: null }).where("name", "=", name).execute();
}

/** A user's row. */
export function userRow(site: Site, name: string) {
  return site.database.kysely.selectFrom("users").selectAll().where("username", "=", name).executeTakeFirst();
}

/** The last change that was made at the pages, by whom. */
export async function lastChange(site: Site) {
  const row = await site.database.kysely
    .selectFrom("run_changes")
    .innerJoin("runs", "runs.id", "run_changes.run_id")
    .select(["runs.actor", "runs.through", "action", "kind", "key", "fields"])
    .where("runs.through", "=", "admin")
    .orderBy("runs.started_at", "desc")
    .executeTakeFirstOrThrow();
  return { ...row, fields: JSON.parse(row.fields) as readonly unknown[] };
}

/** The version that a form on a page carries. */
export function versionOf({ text }: { readonly text: string }): string {
  return /name="version" value="([^"]+)"/.exec(text)?.[1] ?? "";
}
