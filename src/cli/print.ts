import { stopIfInterrupted } from "../apply/wait.js";
import { assertNever, type SetupError, setupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import type { CliContext } from "./context.js";
import { changesMade, unexpected } from "./exit-status.js";
import type { Terminal, Unwritten, WriteOptions, Written } from "./terminal.js";

/** A command's final output on standard output. */
export type Printed =
  | { readonly kind: "text"; readonly text: string }
  /** A text that may be longer than memory should hold. */
  | { readonly kind: "pieces"; readonly pieces: Iterable<string> }
  | { readonly kind: "json"; readonly value: object };

/**
 * Prints the result of a command that changed nothing. A reader that left, such as `head`, has read enough.
 *
 * @throws SetupError `OUTPUT_FAILED` (internal), `INTERRUPTED`
 */
export async function printResult({ terminal, signal }: CliContext, printed: Printed): Promise<void> {
  const end = await write(terminal, printed, { insist: false });
  if (end.kind === "stopped") stopIfInterrupted(signal);
  if (end.kind === "failed") throw outputFailed(end);
}

/**
 * Prints the changes that were made. Whatever goes wrong while printing, the error still reports that they were made.
 *
 * @param tokens the generated tokens that are printed here and nowhere else
 * @throws SetupError `CHANGES_MADE` (internal) where not all of it could be printed, for any reason
 */
export async function printChanges(
  { terminal }: CliContext,
  print: () => Printed,
  tokens: readonly GeneratedSecret[],
): Promise<void> {
  let end: Written;
  try {
    end = await write(terminal, print(), { insist: true });
  } catch (cause) {
    throw changesMade("reporting them failed", tokens, unexpected(cause).diagnostics, { cause });
  }
  if (end.kind !== "written") throw changesMade(whyNot(end), tokens);
}

/**
 * Proves that the JSON object to come can be written, before tokens are committed that are printed nowhere else.
 *
 * @throws SetupError `OUTPUT_FAILED` (internal), `INTERRUPTED`
 */
export async function provePrintable({ terminal, signal }: CliContext): Promise<void> {
  const end = await terminal.openJson();
  if (end.kind === "stopped") stopIfInterrupted(signal);
  if (end.kind !== "written") throw outputFailed(end);
}

function write(terminal: Terminal, printed: Printed, options: WriteOptions): Promise<Written> {
  switch (printed.kind) {
    case "json":
      return terminal.outJson(printed.value, options);
    case "pieces":
      return terminal.out(printed.pieces, options);
    case "text":
      return terminal.out([printed.text], options);
    default:
      return assertNever(printed);
  }
}

/** Nothing was changed, and the result can't be printed. */
export function outputFailed(end: Unwritten): SetupError {
  return setupError("internal", "OUTPUT_FAILED", whyNot(end), "redirect it elsewhere, or free space there");
}

function whyNot(end: Unwritten): string {
  switch (end.kind) {
    case "reader_gone":
      return "the reader of standard output is gone";
    case "stopped":
      return "a signal arrived while standard output was blocked";
    case "failed":
      return `standard output can't be written (${end.code})`;
    default:
      return assertNever(end);
  }
}
