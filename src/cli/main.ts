import { CommanderError } from "commander";
import { setupError } from "../errors.js";
import { createCliContext } from "./context.js";
import { exitStatus } from "./exit-status.js";
import { printResult } from "./print.js";
import { createProgram } from "./program.js";

/** Runs the command line of this process and sets its exit status. */
export async function main(process: NodeJS.Process): Promise<void> {
  const session = createCliContext(process);
  const { terminal } = session;
  const args = process.argv.slice(2);
  const json = args.some((arg, index) => arg === "--output=json" || (arg === "--output" && args[index + 1] === "json"));
  let status: number = exitStatus.done;
  const program = createProgram(session, (ended) => {
    status = ended;
  });
  const asked: string[] = [];
  const talked: string[] = [];
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => asked.push(text),
      writeErr: (text) => talked.push(text),
    });
  }
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    status = await endFailed(error);
  }
  await terminal.settle();
  process.exitCode = status;
  // Output that a reader still does not read would keep the process waiting.
  if (terminal.isStuck()) process.exit(status);

  async function endFailed(error: unknown): Promise<number> {
    const command = program.commands.find((candidate) => candidate.name() === args[0])?.name() ?? "";
    // Showing help and the version is no failure, and needs no reports.
    const report = async (reason: unknown, isJson: boolean) =>
      (await import("./report-run.js")).reportFailure(session, reason, { command, json: isJson });
    if (!(error instanceof CommanderError)) return report(error, json);
    if (error.exitCode === 0) {
      const failed = await printResult(session, { kind: "text", text: asked.join("") }).catch((reason) => reason);
      return failed === undefined ? exitStatus.done : report(failed, false);
    }
    if (args.length === 0 && !json) {
      terminal.talk(talked.join(""));
      return exitStatus.usage;
    }
    const message = withoutValues(talked.join("").trim())
      .replace(/^error: /, "")
      .replace(/\s*\n\s*/g, " ");
    const hint = `see vtb-setup ${command === "" ? "" : `${command} `}--help`;
    return report(setupError("usage", "COMMAND_LINE", message, hint), json);
  }
}

/** The value of a misspelt option may be a secret, and so may a part of a URL. */
function withoutValues(message: string): string {
  return message.replace(/'(--?[^'=\s]+)=.*'/s, "'$1=…'").replace(/:\/\/\S*@/g, "://…@");
}
