import { type SetupError, setupError } from "../errors.js";
import type { TokensChanged } from "../operations/revoke-tokens.js";
import type { GeneratedSecret } from "../plan/kind.js";
import { operationToJson } from "../report/json.js";
import { renderTokens } from "../report/run.js";
import { renderTokenChanges } from "../report/tokens.js";
import type { CliContext } from "./context.js";
import { printChanges, printResult } from "./print.js";

/** What to print of a command that changes tokens. */
interface TokenReport {
  readonly command: string;
  /** What was done, such as `Revoked`. */
  readonly done: string;
  readonly output: "text" | "json";
  /** The lines whose value no token has, counted from 1; undefined where none were read. */
  readonly unknownLines?: readonly number[] | undefined;
  /** Tokens to show, once. */
  readonly shownTokens?: readonly GeneratedSecret[];
}

/** Prints what a command did to tokens. */
export async function reportTokens(context: CliContext, result: TokensChanged, report: TokenReport): Promise<void> {
  const { command, done, output, unknownLines, shownTokens = [] } = report;
  const paint = context.terminal.outPaint;
  const print = () =>
    output === "json"
      ? ({ kind: "json", value: operationToJson(command, result, unknownLines, shownTokens) } as const)
      : ({
          kind: "text",
          text: [renderTokenChanges(result, done, unknownLines), ...renderTokens({ shownTokens, paint })].join("\n"),
        } as const);
  if (result.changes.length > 0) await printChanges(context, print, shownTokens);
  else await printResult(context, print());
}

/** Names are not quoted: one of them may be a token's value. */
export function unknownNames(positions: readonly number[], count: number): SetupError {
  const which = count === 1 ? "this identifier" : `the identifier at position ${positions.join(", ")} of ${count}`;
  const hint = "vtb-setup token list shows all identifiers; to revoke values, use vtb-setup token revoke --stdin";
  return setupError("refused", "TOKEN_NOT_FOUND", `there is no token with ${which}`, hint);
}
