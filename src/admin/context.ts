import { randomUUID } from "node:crypto";
import type { Transaction } from "kysely";
import type { Database } from "../database/database.js";
import type { LiveDatabase } from "../database/live-database.js";
import type { LockedResult, OnRollback } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import type { CookieJar } from "../login/cookies.js";
import type { Login } from "../login/login.js";
import type { RecordOptions } from "../operations/record.js";
import { createSignRun } from "../secrets/journal-key.js";
import type { AdminEvent } from "./event.js";
import type { Language } from "./language.js";
import type { TrialMemory } from "./openid/trials.js";
import type { AdminSettings } from "./options.js";
import type { Times } from "./times.js";

/** What every page has. */
export interface AdminContext {
  readonly settings: AdminSettings;
  readonly login: Login;
  /** As the login's: with the same names and protection. */
  readonly jar: CookieJar;
  /** For reading; operations write through {@link change}. */
  readonly database: LiveDatabase;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly times: Readonly<Record<Language, Times>>;
  readonly report: (event: AdminEvent) => void;
  /** Which clients were tried out with success. */
  readonly trials: TrialMemory;
  /** Runs an operation in a transaction that holds the database's lock. */
  readonly change: Change;
}

export type Change = <T>(
  work: (tx: Transaction<Tables>, database: Database, onRollback: OnRollback) => Promise<LockedResult<T>>,
) => Promise<T>;

/** How operations record what a page did. */
export function recordOptions({ now, env, database: { keyFile } }: AdminContext): RecordOptions {
  return { now, newId: randomUUID, through: "admin", sign: createSignRun({ env, keyFile }) };
}
