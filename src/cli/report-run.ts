import { withoutPassword } from "../database/url.js";
import type { RunResult } from "../engine/result.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { runToJson } from "../report/json.js";
import { renderProblems } from "../report/problems.js";
import { renderRun } from "../report/run-text.js";
import type { Session } from "./session.js";

export interface ReportOptions {
  readonly output: "text" | "json";
  readonly database: string;
  readonly files: readonly string[];
  readonly shownTokens: readonly GeneratedSecret[];
}

/** Prints a finished run: results on standard output, everything else on standard error. */
export function reportRun({ terminal }: Session, result: RunResult, options: ReportOptions): void {
  if (options.output === "json") {
    terminal.out(`${JSON.stringify(runToJson(result, options.shownTokens), undefined, 2)}\n`);
    return;
  }
  const talk = renderProblems(result.diagnostics, terminal.talkStyle);
  // On one terminal, a line between what is to be said and the result.
  terminal.talk(talk !== "" && terminal.talkStyle.width !== undefined ? `${talk}\n` : talk);
  const { outPaint: paint, width } = terminal;
  const database = withoutPassword(options.database);
  terminal.out(renderRun(result, { ...options, database, paint, width }));
}
