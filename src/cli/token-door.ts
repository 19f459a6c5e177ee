import { escapeControls } from "../characters.js";
import { type SetupError, setupError } from "../errors.js";
import type { GeneratedSecret } from "../plan/kind.js";
import type { CliContext } from "./context.js";
import { mayBeCommitted } from "./exit-status.js";
import { provePrintable } from "./print.js";
import { createTokenFile, type TokenFile } from "./token-file.js";
import { type FormatOptions, tokenFormatOf } from "./token-format.js";

interface DoorOptions extends FormatOptions {
  readonly output: "text" | "json" | "markdown";
  readonly tokensOut: string | undefined;
}

/** The one way by which generated tokens leave a command: a file, the JSON output or a terminal. */
export interface TokenDoor {
  readonly file: TokenFile | undefined;
  /** @throws SetupError `TOKENS_UNSEEN`, `OUTPUT_FILE` (refused) where nobody would see a token */
  readonly requirePlace: () => void;
  /** Makes sure of them before the commit: an error here still undoes the run. */
  readonly keep: (generated: readonly GeneratedSecret[], runId: string) => Promise<void>;
  /** After a run that failed. */
  readonly failed: (error: unknown) => void;
  /** After the commit. Returns the tokens that the output must show, since no file has them. */
  readonly publish: (generated: readonly GeneratedSecret[]) => readonly GeneratedSecret[];
  /** Says where they are. */
  readonly tell: (generated: readonly GeneratedSecret[]) => void;
}

/** @throws SetupError `COMMAND_LINE` (usage) where the options for a file contradict each other */
export function createTokenDoor(context: CliContext, { output, tokensOut, ...options }: DoorOptions): TokenDoor {
  const { terminal } = context;
  const format = tokenFormatOf(options);
  if (tokensOut === undefined && options.tokensFormat !== undefined) {
    const message = "--tokens-format is for the file of --tokens-out, which is missing";
    throw setupError("usage", "COMMAND_LINE", message, "add --tokens-out FILE");
  }
  const file = tokensOut === undefined ? undefined : createTokenFile(tokensOut, format);
  // Markdown is for others to read.
  const isSeen = output === "json" ? !terminal.outIsNull : output === "text" && terminal.outIsTerminal;
  const requirePlace = (): void => {
    if (file) file.requirePlace();
    else if (!isSeen) throw unseen(terminal.outIsNull);
  };
  return {
    file,
    requirePlace,
    keep: async (generated, runId) => {
      if (generated.length === 0) return;
      requirePlace();
      if (file) file.write(runId, generated);
      else if (output === "json") await provePrintable(context);
    },
    failed: (error) => {
      // The tokens of a possible commit must not be lost: the next run settles them.
      if (!mayBeCommitted(error)) file?.discard();
    },
    publish: (generated) => {
      // A failed commit was retried, and by then another run may have made the first try's changes.
      if (generated.length === 0) file?.discard();
      else file?.publish();
      return file ? [] : generated;
    },
    tell: ({ length: count }) => {
      if (output !== "text" || !file || count === 0) return;
      const tokens = count === 1 ? "1 generated token was" : `${count} generated tokens were`;
      const message = `${tokens} written to ${escapeControls(file.path)}.`;
      if (terminal.logFormat === "text") terminal.talk(`${message}\n`);
      terminal.log({ level: "info", code: "TOKENS_WRITTEN", message });
    },
  };
}

/** The value of a token that was only written to the database would be lost. */
function unseen(isNull: boolean): SetupError {
  const why = isNull ? "standard output is closed or the null device" : "standard output is not a terminal";
  return setupError(
    "refused",
    "TOKENS_UNSEEN",
    `this run would generate tokens that nobody sees: ${why}`,
    "use --tokens-out FILE to write them to a file, or --output json to print them",
  );
}
