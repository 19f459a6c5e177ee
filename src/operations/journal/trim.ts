import type { LockingOptions } from "../../apply/options.js";
import { beginRun, lockOptions, type RunTimes, withDatabase } from "../../apply/run.js";
import { checkpoint } from "../../apply/wait.js";
import type { Connection, Database } from "../../database/database.js";
import { type Link, readHead } from "../../database/journal-chain.js";
import { type LockedResult, withLock } from "../../database/lock.js";
import { appliedMigrations, requireMigrated, requireTables } from "../../database/migrate.js";
import type { ChangeRecord } from "../../database/write-rows.js";
import { setupError } from "../../errors.js";
import { signRun } from "../../secrets/journal-key.js";
import { type Keys, loadExistingKeys } from "../../secrets/key.js";
import { type Actor, recordRun } from "../record.js";
import {
  checkpointField,
  formatHead,
  type JournalCheck,
  type JournalHead,
  journalKind,
  readJournalHead,
  verifyJournal,
} from "./verify.js";

export interface TrimOptions extends LockingOptions, Actor {
  /** Runs before this moment are removed, in milliseconds. */
  readonly beforeMs: number;
  /** Only says what would be removed. */
  readonly isDryRun: boolean;
}

export interface TrimResult {
  readonly command: "history trim";
  readonly outcome: "planned" | "applied" | "unchanged";
  /** How many runs were removed, or would be. */
  readonly runs: number;
  /** The numbers of the first and the last of them; null for none. */
  readonly from: number | null;
  readonly to: number | null;
  /** The new end of the journal, to be kept elsewhere. */
  readonly head: JournalHead;
  readonly run: RunTimes;
}

/** A journal that does not hold is not trimmed: what is wrong would be gone. */
export type TrimOutcome = TrimResult | { readonly kind: "broken"; readonly check: JournalCheck };

/**
 * Removes the oldest runs, up to the first one that was not before a moment, and leaves a signed record of what was removed, so that the
 * rest can still be verified.
 *
 * @throws SetupError `KEY_INVALID` (invalid) without a sealing key, `KEY_MISMATCH` (refused) where the journal is signed with
 * others alone, and where the database can't be read or written
 */
export async function trimJournal(options: TrimOptions): Promise<TrimOutcome> {
  const { finish } = beginRun("history trim", options);
  const before = new Date(options.beforeMs).toISOString();
  const look = await withDatabase(options, "read", async (found) => {
    const database = await requireTables(found);
    const keys = keysFor(database, options);
    const moment = database.kysely.transaction().setIsolationLevel("repeatable read");
    return moment.execute(async (tx) => {
      const check = await verifyJournal(tx, keys);
      return check.breakCount > 0 ? { check } : { keys, range: await findOld(tx, before), head: check.head };
    });
  });
  if (look.check) return { kind: "broken", check: look.check };
  const { range, head } = look;
  if (range === undefined || options.isDryRun) {
    const outcome = range === undefined ? ("unchanged" as const) : ("planned" as const);
    return finish({ outcome, ...countOf(range), head });
  }
  return withDatabase(options, "write", (database) =>
    withLock(database, lockOptions(options, true), async (tx): Promise<LockedResult<TrimOutcome>> => {
      requireMigrated(await appliedMigrations(tx));
      const keys = keysFor(database, options);
      // Again, now that nobody else writes runs.
      const check = await verifyJournal(tx, keys);
      if (check.breakCount > 0) return { commit: false, value: { kind: "broken", check } };
      const found = await findOld(tx, before);
      if (found === undefined) {
        return { commit: false, value: finish({ outcome: "unchanged" as const, ...countOf(found), head: check.head }) };
      }
      const change = await remove(tx, found, before);
      const counted = { outcome: "applied" as const, ...countOf(found) };
      const recorded = finish({ ...counted, head: check.head });
      await recordRun(tx, recorded, options, change, (digest) => signRun(keys[0], digest));
      await checkpoint(options.signal);
      return { commit: true, value: { ...recorded, head: await readJournalHead(tx) } };
    }),
  );
}

/** The keys, which the run that accounts for what is gone must be signed with. */
function keysFor({ keyFile }: Database, { env }: TrimOptions): Keys {
  return loadExistingKeys({ env, keyFile }).keys;
}

interface OldRuns {
  readonly from: number;
  readonly last: Link;
  readonly trimmed: Link;
}

/** The runs before the first one that was finished at that moment or later; undefined for none. */
async function findOld(db: Connection, before: string): Promise<OldRuns | undefined> {
  const trimmed = (await readHead(db))?.trimmed;
  if (trimmed === undefined) return undefined;
  const first = await db
    .selectFrom("runs")
    .select((eb) => eb.fn.min("number").as("number"))
    .where("finished_at", ">=", before)
    .executeTakeFirst();
  const last = await db
    .selectFrom("runs")
    .select(["number", "digest", "signature"])
    .where("number", "is not", null)
    .$if(first?.number != null, (query) => query.where("number", "<", first?.number ?? 0))
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  if (last?.number == null || last.digest === null) return undefined;
  const { number, digest, signature } = last;
  return { from: trimmed.number + 1, last: { number, digest, signature }, trimmed };
}

function countOf(range: OldRuns | undefined): Pick<TrimResult, "runs" | "from" | "to"> {
  if (range === undefined) return { runs: 0, from: null, to: null };
  const { from, last } = range;
  return { runs: last.number - from + 1, from, to: last.number };
}

async function remove(tx: Connection, { last, trimmed, from }: OldRuns, before: string): Promise<ChangeRecord> {
  const old = tx.selectFrom("runs").select("id").where("number", "<=", last.number);
  await tx.deleteFrom("run_changes").where("run_id", "in", old).execute();
  await tx.deleteFrom("runs").where("number", "<=", last.number).execute();
  await tx
    .updateTable("journal_head")
    .set({ trimmed_number: last.number, trimmed_digest: last.digest, trimmed_signature: last.signature })
    .where("id", "=", 1)
    .execute();
  const textOf = ({ number: count, digest }: Link) => (count === 0 ? null : formatHead({ count, digest }));
  return {
    action: "delete",
    kind: journalKind,
    key: `runs ${from} to ${last.number}`,
    id: "1",
    fields: [
      { name: "before", before: null, after: before },
      { name: "runs", before: null, after: last.number - from + 1 },
      { name: checkpointField, before: textOf(trimmed), after: textOf(last) },
    ],
  };
}

/** @throws SetupError `COMMAND_LINE` (usage) for a moment that has not come yet */
export function requirePast(beforeMs: number, nowMs: number): void {
  if (beforeMs <= nowMs) return;
  throw setupError(
    "usage",
    "COMMAND_LINE",
    "--before is in the future",
    "write a moment that has passed, such as 365d",
  );
}
