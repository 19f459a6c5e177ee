import type { Command } from "commander";
import { invisibleIn } from "../characters.js";
import { type Candidate, offerFor } from "./candidates.js";
import type { CompletionSource } from "./completes.js";
import type { CliContext } from "./context.js";
import { printResult } from "./print.js";
import { quoteForBash, quoteForPowerShell, readWord, type Shell, shells } from "./shell-words.js";

/** A shell waits for this, with a person before it. */
const maxWaitMs = 1500;

/**
 * Answers a script of `completion`. Prints what can stand at the cursor: `words`, `files` or `folders` in the first line, then a candidate and its description in each
 * line, with a tab between them. What can't be read is left out without a word.
 *
 * @param args the shell, the characters at which Bash breaks words, and the words after the program's name, up to the cursor
 */
export async function printCandidates(context: CliContext, program: Command, args: readonly string[]): Promise<void> {
  const [name, breaks = "", ...raw] = args;
  const shell = shells.find((each) => each === name) ?? "bash";
  const { words, write } = forShell(shell, breaks, raw);
  const current = words.at(-1) ?? "";
  const offer = offerFor(program, words);
  const first = offer.kind === "values" ? shellsOwn(offer.completes) : undefined;
  const all = offer.kind === "words" ? offer.candidates : await named(context, offer);
  const lines = all
    .filter(({ value }) => value.startsWith(current) && invisibleIn(value) === undefined)
    .map(({ value, description }) => `${write(value)}\t${description.replaceAll(/\s+/g, " ")}\n`);
  await printResult(context, { kind: "text", text: `${first ?? "words"}\n${[...new Set(lines)].join("")}` });
}

interface ShellWords {
  readonly words: readonly string[];
  /** How the shell is given a value in place of the last word. */
  readonly write: (value: string) => string;
}

function forShell(shell: Shell, breaks: string, raw: readonly string[]): ShellWords {
  const plain = (value: string) => value;
  switch (shell) {
    case "bash": {
      const last = readWord(raw.at(-1) ?? "", breaks.replaceAll(/[^:=]/g, ""));
      return {
        words: [...raw.slice(0, -1).map((word) => readWord(word).value), last.value],
        write: (value) => quoteForBash(value, last),
      };
    }
    case "fish":
      return { words: [...raw.slice(0, -1), readWord(raw.at(-1) ?? "").value], write: plain };
    case "powershell":
      // PowerShell leaves out arguments that are empty, so its script puts a dot before each.
      return { words: raw.map((word) => word.slice(1)), write: quoteForPowerShell };
    case "zsh":
      return { words: raw, write: plain };
  }
}

function shellsOwn(completes: readonly CompletionSource[]): "files" | "folders" | undefined {
  if (completes.includes("file")) return "files";
  return completes.includes("folder") ? "folders" : undefined;
}

interface Asked {
  readonly completes: readonly CompletionSource[];
  readonly before: string;
  readonly database: string | undefined;
}

async function named(context: CliContext, { completes, before, database }: Asked): Promise<readonly Candidate[]> {
  const sources = completes.filter((source) => source !== "file" && source !== "folder");
  if (sources.length === 0) return [];
  const { readNames } = await import("./complete-names.js");
  const limited = { ...context, signal: AbortSignal.any([context.signal, AbortSignal.timeout(maxWaitMs)]) };
  const names = await readNames(limited, database, sources, maxWaitMs);
  return names.map(({ value, description }) => ({ value: `${before}${value}`, description }));
}
