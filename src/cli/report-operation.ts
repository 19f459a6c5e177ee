import { type Diagnostic, type SetupError, setupError } from "../errors.js";
import type { EntriesChanged } from "../operations/record.js";
import type { InFile } from "../operations/rotate-token.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { operationToJson } from "../report/json.js";
import { renderTokens } from "../report/run.js";
import { shown } from "../report/table.js";
import type { CliContext } from "./context.js";
import { printChanges, printResult } from "./print.js";

/** What to print of a command that changes entries. */
interface OperationReport {
  readonly command: string;
  /** What was done, such as `Revoked`, and to what, such as `token`. */
  readonly done: string;
  readonly noun: "token" | "user";
  readonly output: "text" | "json";
  /** The lines whose value no token has, counted from 1; undefined where none were read. */
  readonly unknownLines?: readonly number[] | undefined;
  /** Tokens to show, once. */
  readonly shownTokens?: readonly GeneratedSecret[];
  readonly diagnostics?: readonly Diagnostic[];
}

/** Prints what a command did to tokens or users. */
export async function reportOperation(
  context: CliContext,
  result: EntriesChanged,
  report: OperationReport,
): Promise<void> {
  const { command, output, shownTokens = [] } = report;
  const paint = context.terminal.outPaint;
  const print = () =>
    output === "json"
      ? ({ kind: "json", value: operationToJson(command, result, report) } as const)
      : ({
          kind: "text",
          text: [renderOperation(result, report), ...renderTokens({ shownTokens, paint })].join("\n"),
        } as const);
  if (result.changes.length > 0) {
    const message = `${command}: ${result.changes.length} changed`;
    context.terminal.step({ code: "COMMITTED", message, run: result.runId });
    await printChanges(context, print, shownTokens);
  } else await printResult(context, print());
}

const maxNamed = 20;

/** What a command did, for people. Values that no token has are named by their line alone. */
function renderOperation(
  { changes, unchanged }: EntriesChanged,
  { done, noun, unknownLines }: OperationReport,
): string {
  const names = changes.slice(0, maxNamed).map(({ key }) => `  ${shown(key)}\n`);
  const others =
    changes.length > maxNamed ? [`  … and ${changes.length - maxNamed} more; --output json lists all\n`] : [];
  const counts = [
    `${done}: ${changes.length} ${changes.length === 1 ? noun : `${noun}s`}`,
    ...(unchanged.length > 0 ? [`${unchanged.length} unchanged`] : []),
    ...(unknownLines ? [`${unknownLines.length} unknown ${unknownLines.length === 1 ? "value" : "values"}`] : []),
  ];
  const lines = (unknownLines ?? []).slice(0, maxNamed).join(", ");
  const more = (unknownLines?.length ?? 0) > maxNamed ? ", … (--output json lists all)" : "";
  const unknown = lines === "" ? "" : `No token has the value on line ${lines}${more}.\n`;
  return `${[...names, ...others].join("")}${counts.join(", ")}.\n${unknown}`;
}

/** Where a token is that only its file can change: the owner, and the files of its last run. */
export function inFile({ owner, files }: InFile): string {
  return `in a file of the owner ${owner}${files.length > 0 ? `: ${files.join(", ")}` : ""}`;
}

/** Names are not quoted: a password may have been given in place of one. */
export function unknownUsers(positions: readonly number[], count: number): SetupError {
  const which = count === 1 ? "this username" : `the username at position ${positions.join(", ")} of ${count}`;
  const hint = "vtb-setup user list shows all users";
  return setupError("refused", "USER_NOT_FOUND", `there is no user with ${which}`, hint);
}

/** Names are not quoted: one of them may be a token's value. */
export function unknownTokens(positions: readonly number[], count: number): SetupError {
  const which = count === 1 ? "this identifier" : `the identifier at position ${positions.join(", ")} of ${count}`;
  const hint = "vtb-setup token list shows all identifiers; to revoke values, use vtb-setup token revoke --stdin";
  return setupError("refused", "TOKEN_NOT_FOUND", `there is no token with ${which}`, hint);
}
