import type { Connection } from "../../database/database.js";
import {
  type ChangeColumns,
  chainDigest,
  type Link,
  noLink,
  type RunColumns,
  readHead,
} from "../../database/journal-chain.js";
import { checkSignature } from "../../secrets/journal-key.js";
import type { Keys } from "../../secrets/key.js";

/** The end of the journal, as it was at one moment, to be kept where the database's and the key's holder can't change it. */
export interface JournalHead {
  /** How many runs there have been. */
  readonly count: number;
  /** Of the last one; empty before the first. */
  readonly digest: string;
}

/** A run, as far as the journal still has it. */
export interface RunName {
  readonly number: number | null;
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** Where the chain does not hold. */
export type JournalBreak =
  /** A run, one of its changes or its digest is not what was written, or it stands in another place. */
  | { readonly kind: "changed"; readonly run: RunName }
  /** Its digest holds, but none of the keys made its signature: it was written again without the key. */
  | { readonly kind: "forged"; readonly run: RunName }
  /** Runs between others are gone; `run` follows them. */
  | { readonly kind: "missing"; readonly from: number; readonly to: number; readonly run: RunName }
  /** Its number is another run's, or none that this program gave. */
  | { readonly kind: "inserted"; readonly run: RunName }
  /** A change of no run. */
  | { readonly kind: "inserted_change"; readonly runId: string }
  /** The last runs are gone, or the record of how many there were is. */
  | { readonly kind: "cut_off"; readonly from: number; readonly to: number; readonly last: RunName | undefined }
  /** The record of the last run does not fit the runs. */
  | { readonly kind: "head_changed"; readonly last: RunName | undefined }
  /** The first runs are gone, and no signed trim accounts for it. */
  | { readonly kind: "not_trimmed"; readonly to: number }
  /** The head that was kept elsewhere is of a run that has another digest now. */
  | {
      readonly kind: "other_head";
      readonly head: JournalHead;
      readonly run: RunName | undefined;
      readonly restore: RunName | undefined;
    }
  /** The head that was kept elsewhere is of a run after the last one. */
  | {
      readonly kind: "behind_head";
      readonly head: JournalHead;
      readonly last: RunName | undefined;
      readonly restore: RunName | undefined;
    };

/** Runs, one after the other, for which no signature of theirs speaks. */
export interface UnsignedRuns {
  readonly from: number;
  readonly to: number;
  /** `unknown_key`: they are signed with a key that this program does not have. */
  readonly reason: "no_signature" | "unknown_key";
}

export interface JournalCheck {
  readonly head: JournalHead;
  /** The last of the runs that were trimmed, as a head; its count is 0 where none were. */
  readonly trimmed: JournalHead;
  /** How many runs there are. */
  readonly runs: number;
  /** The first 20, in order. */
  readonly breaks: readonly JournalBreak[];
  readonly breakCount: number;
  /** The last run that is signed with one of the keys: all before it is as that program saw it. Undefined where there is none. */
  readonly signed: RunName | undefined;
  /** The first run that any key signed. */
  readonly firstSigned: RunName | undefined;
  /** Unsigned runs from the first signed one on. */
  readonly unsigned: readonly UnsignedRuns[];
  /** Whether any key was at hand. */
  readonly hasKey: boolean;
  /** The head that was kept elsewhere is of a run that was trimmed since, so that nothing can be said of it. */
  readonly isHeadTrimmed: boolean;
}

const maxBreaks = 20;

// A run of many changes is rare, but each is read at once.
const pageSize = 100;

interface StoredRun extends RunColumns {
  readonly number: number;
  readonly digest: string | null;
  readonly signature: string | null;
}

/**
 * Checks every run of the journal against the chain, in a transaction that sees one moment of the database.
 *
 * @param keys the sealing keys at hand; undefined for none
 * @param kept a head that was kept elsewhere
 */
export async function verifyJournal(tx: Connection, keys: Keys | undefined, kept?: JournalHead): Promise<JournalCheck> {
  const stored = await readHead(tx);
  const trimmed = stored?.trimmed ?? noLink;
  const walk = createWalk(keys ?? [], trimmed, kept);
  for await (const { run, changes } of readChain(tx)) walk.next(run, changes);
  const { breaks, ...found } = walk.end(stored?.head);
  const outside = [...(await findUnnumbered(tx)), ...(await findOrphans(tx))];
  const all = [...breaks, ...outside];
  return {
    ...found,
    head: headOf(stored?.head ?? noLink),
    trimmed: headOf(trimmed),
    breaks: all.slice(0, maxBreaks),
    breakCount: all.length,
    hasKey: keys !== undefined,
  };
}

/** The end of the journal. */
export async function readJournalHead(db: Connection): Promise<JournalHead> {
  return headOf((await readHead(db))?.head ?? noLink);
}

function headOf({ number, digest }: Link): JournalHead {
  return { count: number, digest };
}

/** All runs that have a number, in its order, with their changes. */
async function* readChain(
  db: Connection,
): AsyncGenerator<{ readonly run: StoredRun; readonly changes: readonly ChangeColumns[] }> {
  let after: { readonly number: number; readonly id: string } | undefined;
  while (true) {
    const position = after;
    const runs = await db
      .selectFrom("runs")
      .selectAll()
      .where("number", "is not", null)
      .$if(position !== undefined, (query) =>
        query.where((eb) =>
          eb.or([
            eb("number", ">", position?.number ?? 0),
            eb.and([eb("number", "=", position?.number ?? 0), eb("id", ">", position?.id ?? "")]),
          ]),
        ),
      )
      .orderBy("number")
      .orderBy("id")
      .limit(pageSize)
      .execute();
    if (runs.length === 0) return;
    const ids = runs.map(({ id }) => id);
    const rows = await db
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "in", ids)
      .orderBy("run_id")
      .orderBy("sequence")
      .execute();
    const changes = new Map<string, ChangeColumns[]>(ids.map((id) => [id, []]));
    for (const row of rows) changes.get(row.run_id)?.push({ ...row });
    for (const run of runs) {
      const numbered = { ...run, number: run.number ?? 0 };
      yield { run: numbered, changes: changes.get(run.id) ?? [] };
    }
    const last = runs.at(-1);
    after = last && { number: last.number ?? 0, id: last.id };
  }
}

async function findUnnumbered(db: Connection): Promise<readonly JournalBreak[]> {
  const rows = await db
    .selectFrom("runs")
    .select(["id", "finished_at"])
    .where("number", "is", null)
    .orderBy("finished_at")
    .limit(maxBreaks)
    .execute();
  return rows.map(({ id, finished_at: at }) => ({ kind: "inserted", run: { number: null, id, at } }));
}

async function findOrphans(db: Connection): Promise<readonly JournalBreak[]> {
  const rows = await db
    .selectFrom("run_changes")
    .leftJoin("runs", "runs.id", "run_changes.run_id")
    .select("run_changes.run_id")
    .distinct()
    .where("runs.id", "is", null)
    .limit(maxBreaks)
    .execute();
  return rows.map(({ run_id: runId }) => ({ kind: "inserted_change", runId }));
}

interface Walk {
  readonly next: (run: StoredRun, changes: readonly ChangeColumns[]) => void;
  readonly end: (
    head: Link | undefined,
  ) => Pick<JournalCheck, "runs" | "breaks" | "signed" | "firstSigned" | "unsigned" | "isHeadTrimmed">;
}

function createWalk(keys: readonly Buffer[], trimmed: Link, kept: JournalHead | undefined): Walk {
  const breaks: JournalBreak[] = [];
  const unsigned: UnsignedRuns[] = [];
  let previous = trimmed;
  // Undefined after a run that is missing: what follows it can't be computed.
  let computable = true;
  let runs = 0;
  let last: RunName | undefined;
  let signed: RunName | undefined;
  let firstSigned: RunName | undefined;
  let restore: RunName | undefined;
  let rotation = 0;
  let accounted: { readonly checkpoint: string; readonly number: number } | undefined;
  let keptRun: { readonly run: RunName; readonly digest: string | null } | undefined;

  const noteUnsigned = (number: number, reason: UnsignedRuns["reason"]): void => {
    const open = unsigned.at(-1);
    if (open && open.to === number - 1 && open.reason === reason)
      unsigned[unsigned.length - 1] = { ...open, to: number };
    else unsigned.push({ from: number, to: number, reason });
  };

  const noteSignature = (run: StoredRun, name: RunName): "signed" | "unsigned" => {
    if (run.signature === null) {
      if (firstSigned) noteUnsigned(run.number, "no_signature");
      return "unsigned";
    }
    firstSigned ??= name;
    switch (checkSignature(keys, run.digest ?? "", run.signature)) {
      case "valid":
        signed = name;
        return "signed";
      case "invalid":
        breaks.push({ kind: "forged", run: name });
        return "unsigned";
      case "unknown_key":
        noteUnsigned(run.number, "unknown_key");
        return "unsigned";
    }
  };

  return {
    next: (run, changes) => {
      const { number } = run;
      const name = { number, id: String(run.id), at: String(run.finished_at) };
      runs += 1;
      if (number <= previous.number) {
        breaks.push({ kind: "inserted", run: name });
        return;
      }
      if (number > previous.number + 1) {
        breaks.push({ kind: "missing", from: previous.number + 1, to: number - 1, run: name });
        computable = false;
      }
      const isSame = !computable || chainDigest(previous, number, run, changes) === run.digest;
      if (!isSame) breaks.push({ kind: "changed", run: name });
      const isSigned = noteSignature(run, name) === "signed";
      if (isSame && isSigned && run.through === "key rotate") rotation = number;
      if (isSame && run.through === "restore") restore = name;
      if (isSame && run.signature !== null && run.through === "history trim") {
        const checkpoint = checkpointOf(changes);
        if (checkpoint !== undefined) accounted = { checkpoint, number };
      }
      if (kept?.count === number) keptRun = { run: name, digest: run.digest };
      computable = true;
      previous = { number, digest: run.digest ?? "", signature: run.signature };
      last = name;
    },
    end: (head) => {
      if (trimmed.number > 0 && accounted?.checkpoint !== formatHead(headOf(trimmed))) {
        breaks.unshift({ kind: "not_trimmed", to: trimmed.number });
      }
      if (head === undefined || head.number < previous.number) breaks.push({ kind: "head_changed", last });
      else if (head.number > previous.number) {
        breaks.push({ kind: "cut_off", from: previous.number + 1, to: head.number, last });
      } else if (head.digest !== previous.digest || head.signature !== previous.signature) {
        breaks.push({ kind: "head_changed", last });
      }
      const isHeadTrimmed = kept !== undefined && kept.count < trimmed.number;
      if (kept && !isHeadTrimmed) {
        const digest = kept.count === trimmed.number ? trimmed.digest : keptRun?.digest;
        if (kept.count > previous.number) breaks.push({ kind: "behind_head", head: kept, last, restore });
        else if (digest !== kept.digest) breaks.push({ kind: "other_head", head: kept, run: keptRun?.run, restore });
      }
      // A key that was replaced may be gone: the run that replaced it speaks for all before.
      const left = unsigned.filter(({ reason, to }) => reason === "no_signature" || to > rotation);
      return { runs, breaks, signed, firstSigned, unsigned: left, isHeadTrimmed };
    },
  };
}

/** The head that a trim left, as its change says. */
function checkpointOf(changes: readonly ChangeColumns[]): string | undefined {
  for (const { kind, fields } of changes) {
    if (kind !== journalKind) continue;
    const parsed = JSON.parse(String(fields)) as readonly { readonly name: string; readonly after?: unknown }[];
    const after = parsed.find(({ name }) => name === checkpointField)?.after;
    if (typeof after === "string") return after;
  }
  return undefined;
}

/** How the journal names itself, and what it calls the link that a trim leaves. */
export const journalKind = "journal";
export const checkpointField = "checkpoint";

/** A head as one word, for a file or a variable. */
export function formatHead({ count, digest }: JournalHead): string {
  return `${count}:${digest}`;
}

/** The head that {@link formatHead} wrote; undefined for any other text. */
export function parseHead(text: string): JournalHead | undefined {
  const { count, digest } = /^(?<count>\d{1,15}):(?<digest>[0-9a-f]{64})?$/.exec(text)?.groups ?? {};
  if (count === undefined || (count === "0") !== (digest === undefined)) return undefined;
  return { count: Number(count), digest: digest ?? "" };
}
