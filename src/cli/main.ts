import { type Command, CommanderError } from "commander";
import { setupError } from "../errors.js";
import { completeCommand } from "./candidates.js";
import { addCommand, allCommands, type CommandDefinition, createRoot } from "./command.js";
import { type CliContext, createCliContext } from "./context.js";
import { exitStatus } from "./exit-status.js";
import type { OptionSet } from "./options.js";
import { printResult } from "./print.js";
import type { FailureOutput } from "./report-run.js";

/** Runs the command line of this process and sets its exit status. */
export async function main(process: NodeJS.Process): Promise<void> {
  const context = createCliContext(process);
  const { terminal } = context;
  const args = expandHelp(process.argv.slice(2));
  const isAsked = (format: FailureOutput) =>
    args.some((arg, index) => arg === `--output=${format}` || (arg === "--output" && args[index + 1] === format));
  const json = isAsked("json");
  let status: number = exitStatus.done;
  const program = await programFor(args, context, (ended) => {
    status = ended;
  });
  if (args[0] === completeCommand) {
    await (await import("./complete.js")).printCandidates(context, program, args.slice(1));
    await terminal.settle();
    // A connection that is still being tried would keep the process waiting.
    process.exit(exitStatus.done);
  }
  const asked: string[] = [];
  const talked: string[] = [];
  const commands = allCommands(program);
  for (const command of [program, ...commands.map((each) => each.command)]) {
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
    const words = `${withoutLogFormat(args).join(" ")} `;
    const command = commands.findLast(({ name }) => words.startsWith(`${name} `))?.name ?? "";
    // Showing help and the version is no failure, and needs no reports.
    const report = async (reason: unknown, output: FailureOutput) =>
      (await import("./report-run.js")).reportFailure(context, reason, { command, output });
    const wrong = json ? "json" : "text";
    if (!(error instanceof CommanderError)) return report(error, isAsked("markdown") ? "markdown" : wrong);
    if (error.exitCode === 0) {
      const failed = await printResult(context, { kind: "text", text: asked.join("") }).catch((reason) => reason);
      return failed === undefined ? exitStatus.done : report(failed, "text");
    }
    // Commander shows the help where a command is left out.
    if (error.code === "commander.help" && !json && terminal.logFormat === "text") {
      terminal.talk(talked.join(""));
      return exitStatus.usage;
    }
    const message = withoutValues(talked.join("").trim())
      .replace(/^error: /, "")
      .replace(/\s*\n\s*/g, " ");
    const hint = `see vtb-setup ${command === "" ? "" : `${command} `}--help`;
    return report(setupError("usage", "COMMAND_LINE", message, hint), wrong);
  }
}

type Add = <O extends OptionSet>(definition: CommandDefinition<O>) => void;

/** What pipelines and init containers run: started without loading the other commands. */
const quickCommands: ReadonlyMap<string | undefined, (add: Add) => Promise<void>> = new Map([
  ["validate", async (add: Add) => add((await import("./commands/validate.js")).validateCommand)],
  ["plan", async (add: Add) => add((await import("./commands/plan.js")).planCommand)],
  ["apply", async (add: Add) => add((await import("./commands/apply.js")).applyCommand)],
]);

/** The command line with the command that the arguments begin with; with all where it is another one, or help, or a mistake. */
async function programFor(
  [first]: readonly string[],
  context: CliContext,
  finished: (status: number) => void,
): Promise<Command> {
  const addOnly = quickCommands.get(first);
  if (!addOnly) return (await import("./program.js")).createProgram(context, finished);
  const root = createRoot(context);
  await addOnly((definition) => addCommand(root, definition, context, finished));
  return root;
}

/** The option may stand before the command, too. */
function withoutLogFormat(args: readonly string[]): readonly string[] {
  return args.filter((arg, index) => !arg.startsWith("--log-format") && args[index - 1] !== "--log-format");
}

/** Commander's own help command knows only commands that are one word. */
function expandHelp(args: readonly string[]): readonly string[] {
  const [first, ...asked] = args;
  return first === "help" && asked.length > 1 ? [...asked, "--help"] : args;
}

/** The value of a misspelt option may be a secret, and so may a part of a URL. */
function withoutValues(message: string): string {
  return message.replace(/'(--?[^'=\s]+)=.*'/s, "'$1=…'").replace(/:\/\/\S*@/g, "://…@");
}
