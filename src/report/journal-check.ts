import { assertNever, type Diagnostic } from "../errors.js";
import {
  formatHead,
  type JournalBreak,
  type JournalCheck,
  type JournalHead,
  type RunName,
  type UnsignedRuns,
} from "../operations/journal/verify.js";
import { diagnosticToJson, formatVersion } from "./json.js";
import { minute } from "./table.js";

interface CheckOptions {
  /** What is not proven is an error. */
  readonly isStrict: boolean;
}

const maxRanges = 10;

/** What a check of the journal found, as diagnostics: errors where the chain is broken, warnings for what nothing proves. */
export function checkDiagnostics(
  check: JournalCheck,
  kept: JournalHead | undefined,
  { isStrict }: CheckOptions,
): readonly Diagnostic[] {
  const broken = check.breaks.map(
    (found): Diagnostic => ({ severity: "error", code: "JOURNAL_BROKEN", ...describe(found) }),
  );
  const omitted = check.breakCount - check.breaks.length;
  const severity = isStrict ? "error" : "warning";
  return [
    ...broken,
    ...(omitted > 0 ? [moreBreaks(omitted)] : []),
    ...(check.isHeadTrimmed && kept ? [headTrimmed(check, kept)] : []),
    ...unproven(check).map((found): Diagnostic => ({ severity, code: "JOURNAL_UNSIGNED", ...found })),
  ];
}

type Described = Pick<Diagnostic, "message" | "hint">;

const findOut =
  "keep a copy of the database as evidence, look for the runs in a backup or an export from before, and find out who can write to the database";

function describe(found: JournalBreak): Described {
  switch (found.kind) {
    case "changed":
      return {
        message: `${runText(found.run)} is not as it was written: the run, one of its changes or its place in the journal was changed`,
        hint: findOut,
      };
    case "forged":
      return {
        message: `${runText(found.run)} was written again without the key: its signature does not fit`,
        hint: findOut,
      };
    case "missing":
      return { message: `${runsText(found)} missing before ${runText(found.run)}`, hint: findOut };
    case "inserted":
      return {
        message:
          found.run.number === null
            ? `${runText(found.run)} was put in: it has no place in the journal`
            : `${runText(found.run)} was put in: another run has its number`,
        hint: findOut,
      };
    case "inserted_change":
      return { message: `there are changes of a run that is missing: ${found.runId}`, hint: findOut };
    case "cut_off":
      return { message: `${runsText(found)} missing at the end, after ${lastText(found.last)}`, hint: findOut };
    case "head_changed":
      return {
        message: `the record of the last run does not fit the journal, which ends with ${lastText(found.last)}`,
        hint: findOut,
      };
    case "not_trimmed":
      return {
        message: `${runsText({ from: 1, to: found.to })} missing at the beginning, and no signed \`history trim\` accounts for it`,
        hint: findOut,
      };
    case "other_head":
      return {
        message: `the journal is not the one whose head was kept: ${found.run ? `${runText(found.run)} has` : `its run ${found.head.count} is missing or has`} another digest`,
        hint: hintFor(found.restore),
      };
    case "behind_head":
      return {
        message: `the journal was cut off: it ends with ${lastText(found.last)}, and the head that was kept is of run ${found.head.count}`,
        hint: hintFor(found.restore),
      };
    default:
      return assertNever(found);
  }
}

function hintFor(restore: RunName | undefined): string {
  if (restore === undefined) return findOut;
  return `${runText(restore)} restored a backup, which brings back the journal of that time: if the head is from between the two, keep the new one (history head); otherwise, ${findOut}`;
}

function moreBreaks(count: number): Diagnostic {
  const message = `the journal is broken in ${count} more ${count === 1 ? "place" : "places"}`;
  return { severity: "error", code: "JOURNAL_BROKEN", message, hint: "begin with the first one" };
}

function headTrimmed({ trimmed }: JournalCheck, kept: JournalHead): Diagnostic {
  return {
    severity: "error",
    code: "JOURNAL_HEAD_OLD",
    message: `the head that was kept is of run ${kept.count}, which was trimmed: nothing can be said of it`,
    hint: `keep the head that history trim printed, or a new one; runs up to ${trimmed.count} were trimmed`,
  };
}

function unproven({ runs, hasKey, signed, firstSigned, unsigned }: JournalCheck): readonly Described[] {
  if (runs === 0) return [];
  if (!hasKey) {
    return [
      {
        message: `${firstSigned ? "the signatures were not checked" : "no run is signed"}, since there is no sealing key here: anyone who can write to the database could have written the whole journal again`,
        hint: "set VTB_SETUP_KEY or VTB_SETUP_KEY_FILE, here and for the programs that write; without a key, compare with a head that is kept elsewhere (--head)",
      },
    ];
  }
  if (!firstSigned || !signed) {
    const message = firstSigned ? "no run is signed with a key that is here" : "no run is signed";
    return [
      {
        message: `${message}: anyone who can write to the database could have written the whole journal again`,
        hint: "give the key to the programs that write (VTB_SETUP_KEY or VTB_SETUP_KEY_FILE): the next run that one of them signs covers those before",
      },
    ];
  }
  const shown = unsigned.slice(0, maxRanges).map((range) => describeRange(range, signed));
  const more = unsigned.length - shown.length;
  if (more <= 0) return shown;
  return [...shown, { message: `${more} more groups of runs are not signed with a key that is here`, hint: signAll }];
}

const signAll =
  "give the key to every program that writes (VTB_SETUP_KEY or VTB_SETUP_KEY_FILE); a head that is kept elsewhere proves what came before it";

function describeRange({ from, to, reason }: UnsignedRuns, signed: RunName): Described {
  const are = from === to ? "is" : "are";
  const which = from === to ? `run ${from}` : `runs ${from} to ${to}`;
  const what = reason === "no_signature" ? "not signed" : "signed with a key that is not here";
  const last = signed.number ?? 0;
  const proven =
    to > last
      ? `anyone who can write to the database could have put ${from === to ? "it" : "them"} there, or cut off others`
      : `${from === to ? "it is" : "they are"} proven only since ${runText(signed)} covers ${from === to ? "it" : "them"}`;
  const hint =
    reason === "no_signature"
      ? signAll
      : "put the earlier key back beside the others, on a separate line, and check again";
  return { message: `${which} ${are} ${what}: ${proven}`, hint };
}

function runText({ number, id, at }: RunName): string {
  return `run ${number === null ? id : `${number} (${id})`} of ${minute(at)}`;
}

function lastText(last: RunName | undefined): string {
  return last ? runText(last) : "no run";
}

function runsText({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? `run ${from} is` : `runs ${from} to ${to} are`;
}

/** Whether the journal can be relied on, in a few lines. */
export function renderCheck(check: JournalCheck, kept: JournalHead | undefined, { isStrict }: CheckOptions): string {
  const { head, trimmed, runs, signed, firstSigned } = check;
  const failed = isFailed(check, kept, { isStrict });
  const range = runs < 2 ? "" : `: ${trimmed.count + 1} to ${head.count}`;
  const lines = [
    failed
      ? `The journal does not hold (${runs} ${runs === 1 ? "run" : "runs"}).`
      : `The journal holds (${runs} ${runs === 1 ? "run" : "runs"}${range}).`,
    ...(signed && firstSigned ? [`Signed:  from ${runText(firstSigned)}\n         to ${runText(signed)}`] : []),
    ...(trimmed.count > 0 ? [`Trimmed: up to run ${trimmed.count}`] : []),
    ...(kept && !failed ? [`Kept:    the head of run ${kept.count} is part of it`] : []),
    `Head:    ${formatHead(head)}`,
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Whether the check has an error. */
export function isFailed(check: JournalCheck, kept: JournalHead | undefined, options: CheckOptions): boolean {
  return checkDiagnostics(check, kept, options).some(({ severity }) => severity === "error");
}

/** The single JSON object of `history verify`. */
export function checkToJson(check: JournalCheck, kept: JournalHead | undefined, options: CheckOptions): object {
  const { runs, head, trimmed, signed = null, firstSigned = null, breaks, breakCount, unsigned } = check;
  return {
    formatVersion,
    command: "history verify",
    outcome: isFailed(check, kept, options) ? "failed" : "ok",
    runs,
    head: formatHead(head),
    trimmed: trimmed.count,
    signed: { from: firstSigned, to: signed },
    unsigned,
    breaks: breaks.map(breakToJson),
    breakCount,
    diagnostics: checkDiagnostics(check, kept, options).map(diagnosticToJson),
  };
}

/** Each break with the same fields, null where there is nothing to say. */
function breakToJson(found: JournalBreak): object {
  const run = "run" in found ? found.run : "last" in found ? found.last : undefined;
  const restore = "restore" in found ? found.restore : undefined;
  return {
    kind: found.kind,
    run: run ?? ("runId" in found ? { number: null, id: found.runId, at: null } : null),
    from: "from" in found ? found.from : null,
    to: "to" in found ? found.to : null,
    restoredBy: restore?.id ?? null,
  };
}
