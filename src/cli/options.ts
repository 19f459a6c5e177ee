import { InvalidArgumentError, Option } from "commander";
import type { LoadOptions, RunOptions } from "../apply/options.js";
import { defaultDatabaseUrl } from "../database/open.js";
import { parseDuration } from "../duration.js";
import type { DiagnosticCode } from "../errors.js";
import { completedBy } from "./completes.js";
import type { CliContext } from "./context.js";

/** An option of the command line, and the type of the value that its command gets. */
export type TypedOption<T> = Option & { readonly value?: T };

/** A command's options, each under the name that the command has for its value. */
export type OptionSet = Readonly<Record<string, TypedOption<unknown>>>;

/** The values of a command's options. */
export type SettingsOf<O extends OptionSet> = {
  readonly [Name in keyof O]: O[Name] extends TypedOption<infer T> ? T : never;
};

/** The headings of options in the help. */
const headings = {
  configuration: "Configuration options:",
  database: "Database options:",
  token: "Token options:",
  user: "User options:",
  filter: "Filter options:",
  history: "History options:",
  request: "Request options:",
  plan: "Planning options:",
  check: "Check options:",
  server: "Server options:",
  output: "Output options:",
} as const;

type Group = keyof typeof headings;

/** An option without a value; one that is called `--no-…` turns off what is on without it. */
export function flag(group: Group, flags: string, description: string): TypedOption<boolean> {
  const option = new Option(flags, description).helpGroup(headings[group]);
  return option.default(option.negate);
}

/** An option with a value, which is undefined where the option is not given. */
export function text(group: Group, flags: string, description: string): TypedOption<string | undefined> {
  return new Option(flags, description).helpGroup(headings[group]);
}

export function list<T extends string>(group: Group, flags: string, description: string): TypedOption<readonly T[]> {
  const collect = (value: string, previous: readonly string[]) => [...previous, value];
  return new Option(flags, `${description}; can be repeated`).helpGroup(headings[group]).argParser(collect).default([]);
}

/** An option with one of these values, which is undefined where the option is not given. */
export function choice<const T extends string>(
  group: Group,
  flags: string,
  description: string,
  values: readonly T[],
): TypedOption<T | undefined> {
  return new Option(flags, description).helpGroup(headings[group]).choices(values);
}

/** An option with a duration such as 30d, which gives milliseconds, or undefined where the option is not given. */
export function duration(group: Group, flags: string, description: string): TypedOption<number | undefined> {
  return new Option(flags, description).helpGroup(headings[group]).argParser(milliseconds);
}

/** An option with a small whole number, which is undefined where the option is not given. */
function count(group: Group, flags: string, description: string): TypedOption<number | undefined> {
  return new Option(flags, description).helpGroup(headings[group]).argParser((value) => {
    if (!/^\d{1,2}$/.test(value)) throw new InvalidArgumentError("Write a number from 0 to 99.");
    return Number(value);
  });
}

/** An option with a whole number of at least 1, which is undefined where the option is not given. */
export function wholeNumber(group: Group, flags: string, description: string): TypedOption<number | undefined> {
  return new Option(flags, description).helpGroup(headings[group]).argParser((value) => {
    if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError("Write a whole number from 1 on.");
    return Number(value);
  });
}

/**
 * An option with a moment: a day in UTC, a time with its offset, or how long ago it was. It gives milliseconds, or undefined where the
 * option is not given.
 *
 * @param ofDay what a day alone means
 */
export function moment(
  group: Group,
  flags: string,
  description: string,
  ofDay: "begin" | "end",
): TypedOption<number | undefined> {
  return new Option(flags, description).helpGroup(headings[group]).argParser((value) => {
    const ago = parseDuration(value);
    if (ago !== undefined) return Date.now() - ago * 1000;
    const isDay = /^\d{4}-\d\d-\d\d$/.test(value);
    const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(value);
    const ms = isDay || isTime ? Date.parse(isDay ? `${value}T00:00:00Z` : value) : Number.NaN;
    // A day that its month does not have would be one of the next month.
    if (Number.isNaN(ms) || (isDay && new Date(ms).toISOString().slice(0, 10) !== value)) {
      throw new InvalidArgumentError("Write a day, a time with its offset, or how long ago it was, such as 7d.");
    }
    return isDay && ofDay === "end" ? ms + 86_400_000 : ms;
  });
}

/** An option that must be given. */
export function required(group: Group, flags: string, description: string): TypedOption<string> {
  return new Option(flags, description).helpGroup(headings[group]).makeOptionMandatory();
}

const output: TypedOption<"text" | "json"> = new Option("--output <format>", "text for people, json for programs")
  .helpGroup(headings.output)
  .choices(["text", "json"])
  .default("text");

const database: TypedOption<string> = new Option(
  "--database <url>",
  "the auth database, sqlite:PATH or postgres://HOST/NAME",
)
  .helpGroup(headings.database)
  .env("VTB_SETUP_DATABASE")
  .default(defaultDatabaseUrl);

const owner = completedBy(
  text("plan", "--owner <name>", "who manages what the files declare, whatever they say"),
  "owner",
);

/** Milliseconds. */
const wait: TypedOption<number> = new Option(
  "--wait <duration>",
  "how long to wait for the database and providers, such as 30s or 2m",
)
  .helpGroup(headings.database)
  .argParser(milliseconds)
  .default(0, "0");

export const outputOptions = { output };

const runOutput: TypedOption<"text" | "json" | "markdown"> = new Option(
  "--output <format>",
  "text for people, json for programs, markdown for pull requests",
)
  .helpGroup(headings.output)
  .choices(["text", "json", "markdown"])
  .default("text");

/** For commands that compare files with a database. */
export const runOutputOptions = { output: runOutput };

const listOutput: TypedOption<"text" | "json" | "csv"> = new Option(
  "--output <format>",
  "text for people, json for programs, csv for spreadsheets",
)
  .helpGroup(headings.output)
  .choices(["text", "json", "csv"])
  .default("text");

/** For commands that list. */
export const listOutputOptions = { output: listOutput };

const reportOutput: TypedOption<"text" | "json" | "csv" | "html"> = new Option(
  "--output <format>",
  "text for people, json for programs, csv for spreadsheets, html for browsers",
)
  .helpGroup(headings.output)
  .choices(["text", "json", "csv", "html"])
  .default("text");

/** For commands that list what people also read in a browser or on paper. */
export const reportOutputOptions = { output: reportOutput };

/** What commands that read files take. */
export const filesArgument = {
  terms: "<files...>",
  description: "YAML files, folders of *.yaml and *.yml, or - for standard input; several are one configuration",
};

export const stepOptions = {
  steps: list("configuration", "--steps <file>", "also use the steps of this module"),
};

/** The options of reading files. */
export const configOptions = {
  ...stepOptions,
  overlay: list("configuration", "--overlay <file>", "lay this file over the others: its values win"),
  strict: flag("configuration", "--strict", "treat warnings about this program's part as errors"),
  allow: completedBy(
    list<DiagnosticCode>(
      "configuration",
      "--allow <code>",
      "make this guard a warning; keep this warning one with --strict",
    ),
    "allowable code",
  ),
  deny: list<DiagnosticCode>("configuration", "--deny <code>", "refuse to run where this warning or note occurs"),
  secretsDir: text("configuration", "--secrets-dir <dir>", "the only folder that value_from may read files from"),
};

/** For commands that a guard may refuse. */
export const guardOptions = {
  allow: completedBy(
    list<DiagnosticCode>("database", "--allow <code>", "do it although this guard refuses"),
    "allowable code",
  ),
};

/** For commands that need no secrets: false with `--no-env`. */
export const envOptions = {
  env: flag("configuration", "--no-env", "accept variables and secret files that are missing"),
};

/** For commands that generate tokens. */
export const tokensOutOptions = {
  tokensOut: text("output", "--tokens-out <file>", "write generated tokens to a file (mode 0600)"),
  tokensFormat: choice("output", "--tokens-format <format>", "how that file is written; defaults to json", [
    "json",
    "dotenv",
    "kubernetes-secret",
  ]),
  secretName: text("output", "--secret-name <name>", "the Secret's name; defaults to vtb-setup-tokens"),
  secretNamespace: text("output", "--secret-namespace <name>", "the Secret's namespace; defaults to none"),
};

/** For commands that write: whom the journal names beside the user of the operating system. */
export const actorOptions = {
  actor: text("database", "--actor <name>", "who this is done for, as the journal will say").env("VTB_SETUP_ACTOR"),
};

export const databaseOptions = { database, wait };

/** The options of comparing files with a database. */
export const planOptions = {
  ...configOptions,
  ...databaseOptions,
  prune: flag("plan", "--prune", "delete what this owner managed and no file declares any more"),
  owner,
  offline: flag("plan", "--offline", "skip discovery; endpoints stay as they are"),
};

/** For the command that serves pages. */
export const serverOptions = {
  listen: text("server", "--listen <address>", "where to listen, HOST:PORT; defaults to 127.0.0.1:8090"),
  publicUrl: text(
    "server",
    "--public-url <url>",
    "where browsers see the pages; needed, with https, unless they are on this machine",
  ),
  trustedProxies: count(
    "server",
    "--trusted-proxies <count>",
    "how many proxies in front add the address that they got a request from to X-Forwarded-For; defaults to 0",
  ),
  client: text("server", "--client <identifier>", "the client that people sign in with; defaults to admin-oidc"),
  passwordSignIn: choice(
    "server",
    "--password-sign-in <when>",
    "whom a password is enough for while that client is enabled: superusers in an emergency, or everybody who has one; defaults to emergency",
    ["emergency", "always"],
  ),
  timeZone: text("server", "--time-zone <name>", "the zone of times on the pages; defaults to Europe/Amsterdam"),
  contact: text("server", "--contact <text>", "whom to ask about what a file manages, as the pages show it"),
};

function milliseconds(value: string): number {
  const seconds = value === "0" ? 0 : parseDuration(value);
  if (seconds === undefined) throw new InvalidArgumentError("Write a number and a unit, such as 30s, 2m or 1h.");
  return seconds * 1000;
}

/** What reading the files gets from the command line and the process. */
export async function loadOptions(
  { env, cwd, stdin }: CliContext,
  { steps, overlay, strict, allow, deny, secretsDir }: SettingsOf<typeof configOptions>,
): Promise<LoadOptions> {
  const { loadStepModules } = await import("../apply/step-modules.js");
  const modules = await loadStepModules(steps, cwd);
  return { ...modules, overlays: overlay, strict, allow, deny, secretsDir, env, cwd, stdin, now: new Date() };
}

/** What planning gets from the command line and the process. */
export function runOptions(
  { env, signal, terminal }: CliContext,
  { database, owner, prune, strict, allow, deny, wait, offline }: SettingsOf<typeof planOptions>,
): Partial<RunOptions> {
  return {
    database,
    owner,
    prune,
    strict,
    allow,
    deny,
    offline,
    env,
    signal,
    waitMs: wait,
    onWaiting: terminal.waiting,
    onStep: terminal.step,
  };
}

/** What writing under the lock gets from the command line and the process. */
export async function lockingOptions(
  { env, signal, terminal }: CliContext,
  { database, wait }: SettingsOf<typeof databaseOptions>,
) {
  const { applyDefaults } = await import("../apply/run.js");
  const defaults = applyDefaults();
  const lockTimeoutMs = Math.max(defaults.lockTimeoutMs, wait);
  return {
    ...defaults,
    database,
    env,
    signal,
    waitMs: wait,
    lockTimeoutMs,
    onWaiting: terminal.waiting,
    onStep: terminal.step,
  };
}
