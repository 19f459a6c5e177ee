import { Argument, Command, Help, Option } from "commander";
import { version } from "../version.js";
import type { Completes } from "./completes.js";
import type { CliContext } from "./context.js";
import { describeStatuses, type StatusName } from "./exit-status.js";
import { logFormats, logFormatVariable } from "./log.js";
import type { OptionSet, SettingsOf } from "./options.js";

/** A command: what its help says of it, and what it does. */
export interface CommandDefinition<O extends OptionSet> {
  /** As it is written, such as `apply` or `token list`. */
  readonly name: string;
  /** The heading over it in the list of commands. */
  readonly group:
    | "Configuration commands:"
    | "Import commands:"
    | "Token commands:"
    | "User commands:"
    | "Key commands:"
    | "Database commands:"
    | "History commands:"
    | "Server commands:"
    | "Reference commands:";
  /** A few words, for the list of commands. */
  readonly summary: string;
  /** A paragraph: what it does, and when to use it. */
  readonly description: string;
  /** Its group does this where no command of it is named. */
  readonly isDefault?: boolean;
  /** What it takes beside options, as commander writes it: `<name>`, or `<files...>` for at least one. */
  readonly argument?: { readonly terms: string; readonly description: string; readonly completes?: Completes };
  /** In the order of the help. */
  readonly options: O;
  readonly examples: readonly Example[];
  /** The exit statuses that it can end with, beside those of every command. */
  readonly statuses: readonly StatusName[];
  /** Pages of `docs` with more, each with or without a `#section`. */
  readonly pages: readonly string[];
  /**
   * Does the work, prints the result and returns the exit status. Modules that starting does not need are imported here.
   *
   * @throws SetupError where it can't be done
   */
  readonly run: (context: CliContext, settings: SettingsOf<O>, args: readonly string[]) => Promise<number>;
}

interface Example {
  /** What the command is for, without a full stop. */
  readonly purpose: string;
  /** As a shell reads it; more than one line where each but the last ends in a backslash. */
  readonly command: string;
}

/** Defines a command; `program.ts` adds it to the command line. */
export function defineCommand<const O extends OptionSet>(definition: CommandDefinition<O>): CommandDefinition<O> {
  return definition;
}

const widest = 80;
const moreHelp = `
Run vtb-setup help COMMAND for its options, examples and exit statuses.
Read more: docs/command-line.md`;

/** Creates the command line without its commands. */
export function createRoot(context: CliContext): Command {
  return new Command("vtb-setup")
    .usage("COMMAND [options]")
    .description(
      "Makes an auth database match YAML files that say who may call an API: OpenID Connect providers and clients, API tokens, users, groups and permissions.",
    )
    .version(version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .addOption(
      new Option("--log-format <format>", "how standard error is written, by every command")
        .choices(logFormats)
        .default("text")
        .env(logFormatVariable),
    )
    .addHelpCommand(helpCommand())
    .showSuggestionAfterError()
    .configureHelp(helpStyle(context))
    .configureOutput({
      getOutHelpWidth: () => Math.min(widest, context.terminal.width),
      getErrHelpWidth: () => Math.min(widest, context.terminal.width),
      // The terminal's own paint marks nothing where there is to be no color.
      getOutHasColors: () => true,
      getErrHasColors: () => false,
    })
    .addHelpText("after", moreHelp);
}

function helpCommand(): Command {
  return new Command("help")
    .argument("[command]")
    .description("show the help of a command")
    .helpGroup("Reference commands:");
}

/** Several commands under one word, such as `token`. */
export interface CommandGroup
  extends Pick<CommandDefinition<OptionSet>, "name" | "group" | "summary" | "description"> {}

/** Adds a word under which commands are, such as `token`; `addCommand` adds these to what is returned. */
export function addGroup(
  program: Command,
  { name, group, summary, description }: CommandGroup,
  context: CliContext,
): Command {
  return program
    .command(name)
    .usage("COMMAND [options]")
    .helpGroup(group)
    .summary(summary)
    .description(description)
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .configureHelp(helpStyle(context))
    .addHelpText(
      "after",
      `\nRun vtb-setup help ${name} COMMAND for its options, examples and exit statuses.\nRead more: docs/command-line.md`,
    );
}

/** All commands and groups, each under the name that it is written with. */
export function allCommands(
  program: Command,
  before = "",
): readonly { readonly name: string; readonly command: Command }[] {
  return program.commands.flatMap((command) => {
    const name = `${before}${command.name()}`;
    return [{ name, command }, ...allCommands(command, `${name} `)];
  });
}

/** Adds a command to the program or a group of it; `finished` gets the exit status of its run. */
export function addCommand<O extends OptionSet>(
  parent: Command,
  definition: CommandDefinition<O>,
  context: CliContext,
  finished: (status: number) => void,
): void {
  const { name, group, summary, description, isDefault = false, argument, options, run } = definition;
  const ownName = name.slice(name.lastIndexOf(" ") + 1);
  const command = parent.command(ownName, { isDefault }).helpGroup(group).summary(summary).description(description);
  command.addHelpOption(new Option("-h, --help", "show this help").helpGroup("Other options:")).configureHelp({
    ...helpStyle(context),
    formatHelp: (of, helper) =>
      [Help.prototype.formatHelp.call(helper, of, helper), ...sections(definition, of, helper), ""].join("\n"),
  });
  if (argument) {
    const { terms, description, completes } = argument;
    command.addArgument(Object.assign(new Argument(terms, description), { completes }));
  }
  for (const option of Object.values(options)) {
    command.addOption(option);
    // Commander looks for the variable only in the process's own environment.
    const given = option.envVar === undefined ? undefined : context.env[option.envVar];
    if (given) command.setOptionValueWithSource(option.attributeName(), given, "env");
  }
  command.action(async () => finished(await run(context, settingsOf(command, options), command.args)));
}

function settingsOf<O extends OptionSet>(command: Command, options: O): SettingsOf<O> {
  const values = Object.entries(options).map(([name, option]) => [
    name,
    command.getOptionValue(option.attributeName()),
  ]);
  // Each option says what commander makes of its value.
  return Object.fromEntries(values) as SettingsOf<O>;
}

/** How commander lays out the help of the program and its commands. */
function helpStyle({ terminal }: CliContext): Partial<Help> {
  return {
    minWidthToWrap: 20,
    styleTitle: terminal.outPaint.bold,
    subcommandTerm: (command) => command.name(),
    optionDescription,
  };
}

/** Flags show no default: without the option, they are off. */
function optionDescription(option: Option): string {
  const { defaultValue, defaultValueDescription = defaultValue, envVar, argChoices } = option;
  const defaults = [
    ...(envVar === undefined ? [] : [envVar]),
    ...(typeof defaultValueDescription === "string" ? [defaultValueDescription] : []),
  ];
  const extra = [
    ...(argChoices ? [argChoices.join(" or ")] : []),
    ...(defaults.length > 0 ? [`default: ${defaults.join(", then ")}`] : []),
  ];
  return `${option.description}${extra.length > 0 ? ` (${extra.join("; ")})` : ""}`;
}

/** What follows the options. */
function sections<O extends OptionSet>(
  { examples, statuses, pages }: CommandDefinition<O>,
  command: Command,
  helper: Help,
): readonly string[] {
  const width = helper.padWidth(command, helper);
  const exits = describeStatuses(statuses).map(({ numbers, meaning }) =>
    helper.formatItem(numbers.join(", "), width, meaning, helper),
  );
  const shown = examples.map(({ purpose, command: line }) => `  # ${purpose}\n${line.replaceAll(/^/gm, "  ")}`);
  return [
    ...helper.formatItemList("Examples:", [shown.join("\n\n")], helper),
    ...helper.formatItemList("Exit status:", exits, helper),
    helper.styleTitle("Read more:"),
    ...pages.map((page) => `  docs/${page}`),
  ];
}
