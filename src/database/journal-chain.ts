import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import { setupError } from "../errors.js";
import type { Connection, SqlValue } from "./database.js";
import type { Tables } from "./tables.js";

/** A run's place in the journal: each is bound to the one before. */
export interface Link {
  /** Counted from 1, without gaps. */
  readonly number: number;
  /** Hex SHA-256 over the run, its changes and the link before. */
  readonly digest: string;
  /** Over the digest; null where the program that wrote the run had no sealing key. */
  readonly signature: string | null;
}

/** Signs a run, given its digest; undefined where this program has no sealing key that it can use. */
export type SignRun = (digest: string) => string | undefined;

/** Before the first run. */
export const noLink: Link = { number: 0, digest: "", signature: null };

const runColumns = [
  "id",
  "started_at",
  "finished_at",
  "actor",
  "actor_user_id",
  "claimed_actor",
  "through",
  "owner",
  "version",
  "files",
] as const;

const changeColumns = ["sequence", "action", "kind", "key", "resource_id", "fields", "recorded_at"] as const;

/** What a digest covers of a run and of each of its changes: every column. */
export type RunColumns = Readonly<Record<(typeof runColumns)[number], SqlValue>>;
export type ChangeColumns = Readonly<Record<(typeof changeColumns)[number], SqlValue>>;

/** The digest of a run with this number, given the link before and its changes in order. */
export function chainDigest(
  previous: Link,
  number: number,
  run: RunColumns,
  changes: readonly ChangeColumns[],
): string {
  const { add, end } = beginDigest(previous, number, run);
  for (const change of changes) add(change);
  return end();
}

/** Adds one change after the other to the digest of a run, each in its order. */
function beginDigest(previous: Link, number: number, run: RunColumns) {
  const hash = createHash("sha256");
  let lines = "";
  const flush = (): void => {
    hash.update(lines);
    lines = "";
  };
  const add = (values: readonly SqlValue[]): void => {
    // JSON escapes line breaks, so that a line is one list and no text can pass for two.
    lines += `${JSON.stringify(values)}\n`;
    // A call for each line would take as long as the hash.
    if (lines.length > maxHeld) flush();
  };
  // With the signature before, so that taking it away shows in the next run.
  add(["vtb-setup journal v1", number, previous.digest, previous.signature]);
  add(runColumns.map((column) => run[column]));
  return {
    add: (change: ChangeColumns): void => add(changeColumns.map((column) => change[column])),
    end: (): string => {
      flush();
      return hash.digest("hex");
    },
  };
}

/** Characters of lines that wait to be hashed. */
const maxHeld = 16_384;

/**
 * Appends a run to the chain. From here to the end of the transaction, other writers of runs wait: their numbers are the order in
 * which they commit.
 *
 * @param writeChanges writes the run's changes and adds each to the digest, in their order
 * @throws SetupError `DATABASE_DAMAGED` (refused) where the journal's head is missing
 */
export async function appendLink(
  tx: Connection,
  run: RunColumns,
  sign: SignRun,
  writeChanges: (add: (change: ChangeColumns) => void) => Promise<void>,
): Promise<Link> {
  const head = await tx
    .updateTable("journal_head")
    .set((eb) => ({ number: eb("number", "+", 1) }))
    .where("id", "=", 1)
    .returning(["number", "digest", "signature"])
    .executeTakeFirst();
  if (head === undefined) {
    const hint = "find out what else writes to the database, and restore it from a backup";
    throw setupError("refused", "DATABASE_DAMAGED", "the head of the journal is missing from the database", hint);
  }
  const { number } = head;
  const { add, end } = beginDigest({ ...head, number: number - 1 }, number, run);
  await writeChanges(add);
  const digest = end();
  const signature = sign(digest) ?? null;
  await tx.updateTable("journal_head").set({ digest, signature }).where("id", "=", 1).execute();
  return { number, digest, signature };
}

/** Where the chain ends, and up to where runs were trimmed. */
export async function readHead(db: Connection): Promise<{ readonly head: Link; readonly trimmed: Link } | undefined> {
  const row = await db.selectFrom("journal_head").selectAll().where("id", "=", 1).executeTakeFirst();
  return row && { head: linkOf(row), trimmed: trimmedOf(row) };
}

function linkOf({ number, digest, signature }: Selectable<Tables["journal_head"]>): Link {
  return { number, digest, signature };
}

function trimmedOf(row: Selectable<Tables["journal_head"]>): Link {
  return { number: row.trimmed_number, digest: row.trimmed_digest, signature: row.trimmed_signature };
}
