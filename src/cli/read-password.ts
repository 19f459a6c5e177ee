import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { stopIfInterrupted } from "../apply/wait.js";
import { type Diagnostic, type DiagnosticCode, type SetupError, setupError } from "../errors.js";
import { findPasswordMistake } from "../operations/password-rules.js";
import { Secret } from "../secrets/secret.js";
import { readFile, type SourceDiagnostic } from "../yaml/value-sources.js";
import type { CliContext } from "./context.js";

/** Where a password comes from: these, or a prompt on a terminal. It is never an argument, which other users can see. */
interface PasswordSource {
  readonly passwordStdin: boolean;
  readonly passwordFile: string | undefined;
}

interface GivenPassword {
  readonly password: Secret;
  readonly warnings: readonly Diagnostic[];
}

/**
 * Reads a password, and makes sure that it can be used.
 *
 * @throws SetupError `COMMAND_LINE` (usage), `SECRET_FILE`, `FILE_DENIED`, `INVALID_VALUE`, `WEAK_PASSWORD` (refused)
 */
export async function readPassword(context: CliContext, source: PasswordSource): Promise<GivenPassword> {
  if (source.passwordStdin && source.passwordFile !== undefined) {
    throw usage("--password-stdin and --password-file exclude each other", "remove one of the two");
  }
  const given = await readFrom(context, source);
  requireUsable(given.password.reveal());
  return given;
}

async function readFrom(context: CliContext, { passwordStdin, passwordFile }: PasswordSource): Promise<GivenPassword> {
  if (passwordFile !== undefined) {
    const file = readFile(passwordFile, "--password-file", { env: context.env, cwd: context.cwd });
    if (file.kind !== "read") throw failure(file.diagnostic);
    return { password: file.value, warnings: file.warnings };
  }
  if (passwordStdin) {
    const text = (await context.stdin()).toString("utf8").replace(/\r?\n$/, "");
    return { password: new Secret(text), warnings: [] };
  }
  const input = context.terminalIn();
  if (!input) {
    throw usage("there is no terminal to ask for the password", "use --password-stdin or --password-file");
  }
  const password = await askTwice(context, input);
  return { password, warnings: [] };
}

/** Asks on a terminal that shows nothing of what is typed. */
async function askTwice({ terminal, signal }: CliContext, input: NodeJS.ReadStream): Promise<Secret> {
  const output = new Writable({ write: (_piece, _encoding, done) => done() });
  // Hides what is typed from here on, also before the first question.
  const lines = createInterface({ input, output, terminal: true, historySize: 0 });
  // In raw mode, the terminal sends no signals itself.
  lines.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const closed = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  const ask = async (question: string): Promise<Secret> => {
    terminal.talk(question);
    const answer = await Promise.race([lines.question("", { signal }), closed]);
    terminal.talk("\n");
    return new Secret(answer);
  };
  try {
    const first = await ask("New password: ");
    requireUsable(first.reveal());
    const second = await ask("The same again: ");
    if (first.reveal() === second.reveal()) return first;
    throw refused("INVALID_VALUE", "the two passwords are not the same", "run the command again");
  } catch (error) {
    stopIfInterrupted(signal);
    throw error;
  } finally {
    lines.close();
  }
}

function requireUsable(plain: string): void {
  const mistake = findPasswordMistake(plain);
  if (mistake) throw refused(mistake.code, mistake.message, mistake.hint);
}

function refused(code: DiagnosticCode, message: string, hint: string): SetupError {
  return setupError("refused", code, message, hint);
}

function usage(message: string, hint: string): SetupError {
  return setupError("usage", "COMMAND_LINE", message, hint);
}

function failure({ code, message, hint }: SourceDiagnostic): SetupError {
  return setupError("refused", code, message, hint);
}
