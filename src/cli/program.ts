import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { defaultDatabaseUrl } from "../database/open.js";
import { parseDuration } from "../duration.js";
import { version } from "../version.js";
import type { CliContext } from "./context.js";

const databaseVariable = "VTB_SETUP_DATABASE";

/** A command's action, which returns the exit status. */
type Run = (session: CliContext, files: readonly string[], settings: never) => Promise<number>;

/** The command line. Each command's code is loaded when it is called. */
export function createProgram(session: CliContext, finished: (status: number) => void): Command {
  const program = new Command("vtb-setup")
    .description("Makes an auth database say what a YAML file says: who may call an API.")
    .version(version)
    .helpCommand("help [command]", "show help for a command")
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true, optionDescription });

  const run = (load: () => Promise<Run>) => async (files: readonly string[], settings: object) => {
    const command = await load();
    // Commander has parsed the options that the command declares below.
    finished(await command(session, files, settings as never));
  };
  withPlanOptions(program.command("apply"), session.env)
    .description("make the database say what the files say, in one transaction")
    .addArgument(files())
    .option("--tokens-out <file>", "write generated tokens to a file (mode 0600)")
    .option("--no-migrate", "never change tables; refuse a database that lacks any")
    .action(run(async () => (await import("./commands/apply.js")).runApply));

  withPlanOptions(program.command("plan"), session.env)
    .description("tell what apply would change; changes nothing")
    .addArgument(files())
    .option("--detailed-exitcode", "exit with 2 when there are changes", false)
    .option("--no-env", "plan without the variables and secret files that are not there")
    .action(run(async () => (await import("./commands/plan.js")).runPlan));

  withDatabaseOptions(withStepsOption(withOutput(program.command("migrate"))), session.env)
    .description("make the database's tables those of this version; apply does so too")
    .action((settings: object) => run(async () => (await import("./commands/migrate.js")).runMigrate)([], settings));

  withConfigOptions(program.command("validate"))
    .description("check the files alone: no database, no network")
    .addArgument(files())
    .option("--no-env", "accept variables and secret files that are not there")
    .action(run(async () => (await import("./commands/validate.js")).runValidate));

  withStepsOption(withOutput(program.command("steps")))
    .description("list the steps that a file can enable")
    .action((settings: object) => run(async () => (await import("./commands/steps.js")).runSteps)([], settings));

  withStepsOption(program.command("schema"))
    .description("print the JSON Schema of configuration files, for editors")
    .action((settings: object) => run(async () => (await import("./commands/schema.js")).runSchema)([], settings));

  return program;
}

function files(): Argument {
  return new Argument("<files...>", "YAML files or folders of *.yaml and *.yml; - reads standard input");
}

function withOutput(command: Command): Command {
  return command.addOption(
    new Option("--output <format>", "text for people, json for programs").choices(["text", "json"]).default("text"),
  );
}

function withStepsOption(command: Command): Command {
  return command.option("--steps <file>", "also use the steps of this module; can be repeated", collect, []);
}

function withConfigOptions(command: Command): Command {
  return withStepsOption(withOutput(command))
    .option("--strict", "make every warning about this program's part an error", false)
    .option("--allow <code>", "leave this code a warning with --strict; can be repeated", collect, [])
    .option("--deny <code>", "refuse what has this code, a warning or note; can be repeated", collect, [])
    .option("--secrets-dir <dir>", "the only folder that value_from may read files from");
}

function withPlanOptions(command: Command, env: CliContext["env"]): Command {
  return withDatabaseOptions(withConfigOptions(command), env)
    .option("--prune", "delete what this owner managed and no file declares any more", false)
    .option("--owner <name>", "who manages what the files declare", "default")
    .option("--offline", "skip discovery; endpoints stay as they are", false);
}

function withDatabaseOptions(command: Command, env: CliContext["env"]): Command {
  const database = new Option("--database <url>", "the auth database");
  // Commander looks for the variable only in the process's own environment.
  const given = env[databaseVariable] || defaultDatabaseUrl;
  return command
    .addOption(database.default(given, defaultDatabaseUrl).env(databaseVariable))
    .option("--wait <duration>", "how long to wait for the database and providers, such as 2m", duration, 0);
}

/** Only options that take a value show their default. */
function optionDescription(option: Option): string {
  const { defaultValue, defaultValueDescription = defaultValue, envVar, argChoices } = option;
  const extra = [
    ...(argChoices ? [argChoices.join(" or ")] : []),
    ...(typeof defaultValue === "string" ? [`default: ${defaultValueDescription}`] : []),
    ...(envVar === undefined ? [] : [`or the variable ${envVar}`]),
  ];
  return `${option.description}${extra.length > 0 ? ` (${extra.join("; ")})` : ""}`;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function duration(value: string): number {
  const seconds = value === "0" ? 0 : parseDuration(value);
  if (seconds === undefined) throw new InvalidArgumentError("Write a number and a unit, such as 30s, 2m or 1h.");
  return seconds * 1000;
}
