import type { Argument, Command, Option } from "commander";
import { type Completes, type CompletionSource, completesOf } from "./completes.js";

/** The hidden command that the scripts of `completion` call: `__complete SHELL BREAKS WORD…`. */
export const completeCommand = "__complete";

/** A value that can stand at the cursor, and what it is. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What can stand at the cursor. */
export type Offer =
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  | {
      readonly kind: "values";
      readonly completes: readonly CompletionSource[];
      /** What the word has before the value, such as `--user=`. */
      readonly before: string;
      /** The database that the command would use; undefined for a command that uses none. */
      readonly database: string | undefined;
    };

const nothing: Offer = { kind: "words", candidates: [] };

/**
 * Finds what can stand at the cursor of a command line.
 *
 * @param words those after the program's name, without quotes; the last one is the one at the cursor, up to it
 */
export function offerFor(program: Command, words: readonly string[]): Offer {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  const read = readWords(program, before);
  const { command, isOnlyArguments, pending } = read;
  if (pending) return valuesOf(pending, "", read);
  const [, name, isAssigned] = /^(--[^=]+)(=)?/.exec(current) ?? [];
  if (!isOnlyArguments && isAssigned) {
    const option = optionsOf(program, command).find(({ long }) => long === name);
    return option && takesValue(option) ? valuesOf(option, `${name}=`, read) : nothing;
  }
  if (!isOnlyArguments && current.startsWith("-")) return optionWords(program, read);
  if (command.commands.length > 0) return commandWords(program, read);
  const { registeredArguments: args } = command;
  const argument = args[read.taken] ?? (args.at(-1)?.variadic ? args.at(-1) : undefined);
  if (argument) return valuesOf(argument, "", read);
  return isOnlyArguments ? nothing : optionWords(program, read);
}

interface Words {
  readonly command: Command;
  readonly isHelp: boolean;
  /** How many arguments stand before the cursor. */
  readonly taken: number;
  /** Whether `--` stands before the cursor. */
  readonly isOnlyArguments: boolean;
  /** The option whose value stands at the cursor. */
  readonly pending: Option | undefined;
  readonly given: ReadonlySet<Option>;
  readonly database: string | undefined;
}

function readWords(program: Command, words: readonly string[]): Words {
  let command = program;
  let taken = 0;
  let isHelp = false;
  let isOnlyArguments = false;
  let pending: Option | undefined;
  let database: string | undefined;
  const given = new Set<Option>();
  const take = (option: Option, value: string) => {
    if (option.long === "--database") database = value;
  };
  for (const word of words) {
    if (pending) {
      take(pending, word);
      pending = undefined;
    } else if (isOnlyArguments) {
      taken += 1;
    } else if (word === "--") {
      isOnlyArguments = true;
    } else if (word.startsWith("-") && word !== "-") {
      const [name = "", ...value] = word.split("=");
      const option = optionsOf(program, command).find(({ long, short }) => name === long || name === short);
      if (!option) continue;
      given.add(option);
      if (value.length > 0) take(option, value.join("="));
      else if (takesValue(option)) pending = option;
    } else {
      const inner = taken === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (inner) command = inner;
      else if (command === program && word === "help") isHelp = true;
      else taken += 1;
    }
  }
  return { command, isHelp, taken, isOnlyArguments, pending, given, database };
}

/** Those of the program are options of every command, except for the version. */
function optionsOf(program: Command, command: Command): readonly Option[] {
  if (command === program) return program.options;
  return [...command.options, ...program.options.filter(({ long }) => long !== "--version")];
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

function optionWords(program: Command, { command, given }: Words): Offer {
  const left = optionsOf(program, command).filter((option) => !given.has(option) || Array.isArray(option.defaultValue));
  const candidates = left.map(({ long, description }) => ({ value: long ?? "", description }));
  return { kind: "words", candidates: [...candidates, { value: "--help", description: "show the help" }] };
}

function commandWords(program: Command, { command, isHelp, taken }: Words): Offer {
  if (taken > 0) return nothing;
  const candidates = command.commands.map((each) => ({ value: each.name(), description: each.summary() }));
  const help = { value: "help", description: "show the help of a command" };
  return { kind: "words", candidates: command === program && !isHelp ? [...candidates, help] : candidates };
}

function valuesOf(of: Option | Argument, before: string, words: Words): Offer {
  const { command, isHelp, database } = words;
  const { argChoices } = of;
  const completes = completesOf(of);
  if (isHelp) return nothing;
  const values = argChoices ?? (completes && isValues(completes) ? completes.values : undefined);
  if (values) {
    const candidates = values.map((value) => ({ value: `${before}${value}`, description: "" }));
    return { kind: "words", candidates };
  }
  if (completes === undefined || isValues(completes)) return nothing;
  const used: unknown = database ?? command.getOptionValue("database");
  return { kind: "values", completes, before, database: typeof used === "string" ? used : undefined };
}

function isValues(completes: Completes): completes is Exclude<Completes, readonly CompletionSource[]> {
  return !Array.isArray(completes);
}
