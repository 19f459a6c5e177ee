import type { JournalEntry, JournalRun } from "../operations/read-journal.js";
import { hiddenValue, renderChange, renderValue, shownFields } from "./changes.js";
import type { Cell, Fact, HtmlPage, TimelineEntry } from "./html-page.js";
import type { Paint } from "./layout.js";
import { minute, shown } from "./table.js";

/** A run with those of its changes that were asked for, in their order. */
export interface RecordedRun {
  readonly run: JournalRun;
  readonly changes: readonly JournalEntry[];
}

/** Puts together what belongs to one run, newest first; at most so many runs. */
export async function* groupByRun(
  pages: AsyncIterable<readonly JournalEntry[]>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly RecordedRun[]> {
  let run: JournalRun | undefined;
  let changes: JournalEntry[] = [];
  let count = 0;
  const close = (of: JournalRun): RecordedRun => ({
    run: of,
    changes: changes.toSorted((one, other) => one.sequence - other.sequence),
  });
  for await (const page of pages) {
    const runs: RecordedRun[] = [];
    for (const entry of page) {
      if (run !== undefined && run.id !== entry.run.id) {
        runs.push(close(run));
        changes = [];
        count += 1;
        if (count === limit) break;
      }
      run = entry.run;
      changes.push(entry);
    }
    if (runs.length > 0) yield runs;
    if (count === limit) return;
  }
  if (run !== undefined) yield [close(run)];
}

export interface TimelineOptions {
  readonly paint: Paint;
  /** Columns of the terminal. */
  readonly width: number;
}

/** A run as text: when, what and who, and under it what it changed. */
export function renderRun({ run, changes }: RecordedRun, { paint, width }: TimelineOptions): string {
  const head = `${paint.bold(minute(run.at))}  ${titleOf(run)}`;
  const about = paint.dim(`run ${run.number ?? "without a number"}, ${run.id}${run.isSigned ? "" : ", not signed"}`);
  const lines = changes.flatMap((change) => renderChange(changeOf(change), { details: true, paint, width: width - 2 }));
  return [head, `  ${about}`, ...lines.map((line) => `  ${line}`), ""].map((line) => `${line}\n`).join("");
}

/** A rename is in the line of the entry, as in a plan. */
function changeOf({ action, kind, key, fields }: JournalEntry) {
  const renamed = fields.find(({ name }) => name === "key");
  const previousKey = renamed && "before" in renamed ? String(renamed.before) : undefined;
  return { action, key: `${kind} ${key}`, fields, previousKey };
}

function titleOf({ through, actor, claimedActor, owners, files }: JournalRun): string {
  const who = `${through ?? "run"} by ${shown(actor)}`;
  const forWhom = claimedActor === null ? "" : ` for ${shown(claimedActor)}`;
  const names = files.map(({ file }) => shown(file));
  const what = [...owners.map((owner) => `owner ${shown(owner)}`), ...names];
  return `${who}${forWhom}${what.length === 0 ? "" : ` (${what.join(", ")})`}`;
}

/** The timeline as a page, with what was asked for. */
export function timelinePage(
  runs: Iterable<RecordedRun>,
  { facts, database, at }: { readonly facts: readonly Fact[]; readonly database: string; readonly at: string },
): HtmlPage {
  return {
    title: "What was changed",
    lead: "The record of runs, the newest first.",
    facts: [["Database", database], ["Written", { time: at }], ...facts],
    sections: [{ kind: "timeline", title: "Runs", empty: "No run matches.", entries: entriesOf(runs) }],
  };
}

function* entriesOf(runs: Iterable<RecordedRun>): Generator<TimelineEntry> {
  for (const { run, changes } of runs) {
    const { at: time, number, id, isSigned, version, files } = run;
    const facts: readonly Fact[] = [
      ["Run", { code: number === null ? id : `${number} ${id}` }],
      ["Signed", { mark: isSigned ? "yes" : "no", ...(!isSigned && { as: "bad" }) }],
      ["Version", version],
      ...files.map(({ file, sha256 }): Fact => [file, { code: sha256 }]),
    ];
    yield { time, title: titleOf(run), facts, lines: changes.map(lineOf) };
  }
}

const verbs = { create: "created", update: "updated", delete: "deleted" } as const;

function lineOf({ action, kind, key, fields }: JournalEntry): Cell {
  const head = `${kind} ${key} ${verbs[action]}`;
  const values = shownFields({ action, fields }).map((field) => {
    if (!("after" in field)) return `${field.name}: ${hiddenValue(field)}`;
    const after = renderValue(field.after);
    return action === "create"
      ? `${field.name}: ${after}`
      : `${field.name}: ${after} (was ${renderValue(field.before)})`;
  });
  return values.length === 0 ? head : { lines: [head, { lines: values }] };
}
