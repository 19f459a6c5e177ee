import { type SetupError, setupError } from "../errors.js";
import type { TokensChanged } from "../operations/revoke-tokens.js";
import { operationToJson } from "../report/json.js";
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
}

/** Prints what a command did to tokens. */
export async function reportTokens(session: CliContext, result: TokensChanged, report: TokenReport): Promise<void> {
  const { command, done, output, unknownLines } = report;
  const print = () =>
    output === "json"
      ? ({ kind: "json", value: operationToJson(command, result, unknownLines) } as const)
      : ({ kind: "text", text: renderTokenChanges(result, done, unknownLines) } as const);
  if (result.changes.length > 0) await printChanges(session, print, []);
  else await printResult(session, print());
}

/** Names are not quoted: one of them may be a token's value. */
export function unknownNames(positions: readonly number[], count: number): SetupError {
  const which = count === 1 ? "this identifier" : `the identifier at position ${positions.join(", ")} of ${count}`;
  const hint = "vtb-setup token list shows all identifiers; to revoke values, use vtb-setup token revoke --stdin";
  return setupError("refused", "TOKEN_NOT_FOUND", `there is no token with ${which}`, hint);
}
