import { randomUUID } from "node:crypto";
import { apply } from "../../src/apply/apply.js";
import type { ApplyOptions } from "../../src/apply/options.js";
import type { Database } from "../../src/database/database.js";
import { withLock } from "../../src/database/lock.js";
import {
  type ChangeEntriesOptions,
  changeEntries,
  type Entries,
  type EntriesOutcome,
  prepareEntries,
} from "../../src/operations/change-entries.js";
import type { Person } from "../../src/operations/person.js";
import type { RecordOptions } from "../../src/operations/record.js";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { sleep } from "../../src/retry.js";
import { type AdminRight, permissionOf } from "../../src/users/admin-rights.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions } from "../support/run.js";
import { user } from "../verifier/verifier-world.js";

/** When the tests' people act. */
export const nowMs = Date.parse("2026-03-01T12:00:00.000Z");

export const recorded: RecordOptions = {
  now: () => nowMs,
  newId: () => randomUUID(),
  through: "admin",
  sign: () => undefined,
};

export interface AdminWorld {
  readonly url: string;
  readonly database: Database;
  /** A user who has just signed in. */
  readonly person: (username: string, authenticatedAtMs?: number) => Promise<Person>;
  readonly idOf: (username: string) => Promise<string>;
  /** Does something under the lock. */
  readonly locked: <T>(work: Parameters<typeof withLock<T>>[2]) => Promise<T>;
  /** Makes the database say what these entries say, as a person. */
  readonly change: (
    person: Person,
    entries: Entries,
    expected?: ChangeEntriesOptions["expected"],
  ) => Promise<EntriesOutcome>;
  /** What the files of an owner say; the entries of another run stay. */
  readonly apply: (resources: readonly Resource[], overrides?: Partial<ApplyOptions>) => Promise<unknown>;
}

/** Someone with rights at the admin pages, and with these permissions beside. */
export function staff(username: string, rights: readonly AdminRight[], more: Attributes = {}): Resource {
  const permissions = [...rights.map(permissionOf), ...((more.permissions ?? []) as readonly string[])].sort();
  return user(username, { is_staff: true, ...more, permissions });
}

/** An administrator who signs in with a password. */
export const root: Resource = {
  ...resource("user", "root", { email: "root@gemeente.example", is_superuser: true, is_staff: true }),
};

/** A database with these entries of files. */
export async function makeAdminWorld(resources: readonly Resource[]): Promise<AdminWorld> {
  const url = await migratedDatabase();
  const applied: AdminWorld["apply"] = (more, overrides) => {
    const options = runOptions(url, overrides);
    const owner = options.owner ?? "default";
    return apply(configurationOf(...more.map((one) => ({ ...one, owner }))), options);
  };
  if (resources.length > 0) await applied(resources);
  const database = await openForTest(url);
  const idOf = async (username: string): Promise<string> => {
    const found = database.kysely.selectFrom("users").select("id").where("username", "=", username);
    return (await found.executeTakeFirstOrThrow()).id;
  };
  const locked: AdminWorld["locked"] = (work) =>
    withLock(database, { now: Date.now, newId: randomUUID, timeoutMs: 10_000, sleep, hasTables: true }, work);
  return {
    url,
    database,
    idOf,
    apply: applied,
    locked,
    change: async (person, entries, expected) => {
      const options = { env: sealingEnv(), now: () => new Date(nowMs), newId: randomUUID, offline: true };
      const ready = await prepareEntries(entries, options);
      if (ready.kind === "invalid") return ready;
      return locked((tx, onRollback) =>
        changeEntries(tx, ready, person, {
          ...recorded,
          env: options.env,
          database,
          onRollback,
          ...(expected && { expected }),
        }),
      );
    },
    person: async (username, authenticatedAtMs = nowMs) => ({
      kind: "user",
      userId: await idOf(username),
      username,
      authenticatedAtMs,
    }),
  };
}
