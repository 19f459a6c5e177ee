import type { Cause } from "../access/compare.js";
import type { Why } from "../access/why.js";
import type { Connection } from "../database/database.js";
import type { PlainValue } from "../plan/resource.js";
import { apiToken, group, oidcClient, user } from "../resources/kinds.js";
import { type JournalEntry, type JournalRun, readJournal } from "./read-journal.js";

/** Who manages an entry, and the run that made what it says so. */
export interface SetBy {
  /** The owner whose files declare it; null for what none does; undefined for an entry that is not there yet. */
  readonly owner: string | null | undefined;
  /** Undefined where the journal does not go back that far. */
  readonly run: JournalRun | undefined;
}

/** Who set each of the entries that an answer names, by {@link causeKey}. */
export async function readSetters(db: Connection, { links }: Why): Promise<ReadonlyMap<string, SetBy>> {
  const found = new Map<string, SetBy>();
  for (const cause of links.flatMap(({ causes }) => causes)) {
    const key = causeKey(cause);
    if (!found.has(key)) found.set(key, await readSetter(db, cause));
  }
  return found;
}

export function causeKey({ kind, key, attribute, item }: Cause): string {
  return JSON.stringify([kind, key, attribute, item]);
}

const tables = {
  [group.name]: "groups",
  [user.name]: "users",
  [apiToken.name]: "api_tokens",
  [oidcClient.name]: "oidc_clients",
} as const;

async function readSetter(db: Connection, cause: Cause): Promise<SetBy> {
  const table = tables[cause.kind as keyof typeof tables];
  const row = await db.selectFrom(table).select("owner").where("id", "=", cause.id).executeTakeFirst();
  if (!row) return { owner: undefined, run: undefined };
  for await (const entries of readJournal(db, { entry: cause })) {
    const set = entries.find((entry) => hasSet(entry, cause));
    if (set) return { owner: row.owner, run: set.run };
  }
  return { owner: row.owner, run: undefined };
}

/** The fields in which the journal has what an attribute says, also where a person or a sign-in said it. */
const recordedAs: Readonly<Record<string, readonly string[]>> = {
  groups: ["groups", "manual_groups", "claim_groups"],
  permissions: ["permissions", "manual_permissions"],
};

/** Whether a change set what a cause names: of a list, whether it put the item in. */
function hasSet({ action, resourceId, fields }: JournalEntry, { id, attribute, item }: Cause): boolean {
  if (resourceId !== id || action === "delete") return false;
  if (attribute === undefined) return action === "create";
  const names = recordedAs[attribute] ?? [attribute];
  const field = fields.find(({ name }) => names.includes(name));
  if (!field) return action === "create";
  if ("sensitive" in field || item === undefined) return true;
  return holds(field.after, item) && !holds(field.before, item);
}

function holds(value: PlainValue, item: string): boolean {
  if (!Array.isArray(value)) return false;
  // What ends is an object with the name and the end.
  return value.some(
    (one) => one === item || (typeof one === "object" && one !== null && "name" in one && one.name === item),
  );
}
