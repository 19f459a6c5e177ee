import { setupError } from "../../errors.js";
import type { JournalHead } from "../../operations/journal/verify.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { databaseOptions, flag, lockingOptions, outputOptions, text } from "../options.js";
import { type Printed, printResult } from "../print.js";

export const historyVerifyCommand = defineCommand({
  name: "history verify",
  group: "History commands:",
  summary: "check that nobody changed what was recorded",
  description:
    "Checks every run of the record against the chain that binds each to the one before, and the signatures made with the sealing key. Where it does not hold, it says at which run and what is wrong, and ends with 4. What no signature proves is a warning. Use it regularly, with a head that is kept elsewhere: that alone finds what a holder of the database and the key rewrote, and an end that was cut off.",
  options: {
    head: text("history", "--head <head>", "a head that was kept elsewhere, COUNT:DIGEST"),
    headFile: text("history", "--head-file <file>", "the file with that head, as history head printed it"),
    strict: flag("history", "--strict", "fail where no signature proves runs"),
    ...databaseOptions,
    ...outputOptions,
  },
  examples: [
    { purpose: "Check the record of the default database", command: "vtb-setup history verify" },
    {
      purpose: "In a nightly job, with the head of the day before",
      command: "vtb-setup history verify --strict --head-file /mnt/elsewhere/vtb-auth.head",
    },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#history-verify", "database.md#the-record-of-runs", "operations.md#trust-the-record-of-runs"],
  run: async (context, settings) => {
    const { output, strict: isStrict } = settings;
    const [{ checkJournal }, { checkDiagnostics, checkToJson, isFailed, renderCheck }, { renderDiagnostics }] =
      await Promise.all([
        import("../../operations/journal/check.js"),
        import("../../report/journal-check.js"),
        import("../../report/diagnostics.js"),
      ]);
    const kept = await readKept(context, settings);
    const check = await checkJournal(await lockingOptions(context, settings), kept);
    const { terminal } = context;
    if (output === "text")
      terminal.talk(renderDiagnostics(checkDiagnostics(check, kept, { isStrict }), terminal.talkStyle));
    const printed: Printed =
      output === "json"
        ? { kind: "json", value: checkToJson(check, kept, { isStrict }) }
        : { kind: "text", text: renderCheck(check, kept, { isStrict }) };
    await printResult(context, printed);
    return isFailed(check, kept, { isStrict }) ? exitStatus.refused : exitStatus.done;
  },
});

/** @throws SetupError `COMMAND_LINE` (usage) where it can't be read, or is no head */
async function readKept(
  { cwd }: CliContext,
  { head, headFile }: { readonly head: string | undefined; readonly headFile: string | undefined },
): Promise<JournalHead | undefined> {
  if (head !== undefined && headFile !== undefined) {
    throw setupError("usage", "COMMAND_LINE", "--head and --head-file exclude each other", "remove one of the two");
  }
  const written = headFile === undefined ? head : await readHeadFile(cwd, headFile);
  if (written === undefined) return undefined;
  const { parseHead } = await import("../../operations/journal/verify.js");
  const parsed = parseHead(written.trim());
  if (parsed) return parsed;
  const where = headFile === undefined ? "the value of --head" : "the file of --head-file";
  const hint = "write it as history head prints it: the number of runs, a colon and 64 hexadecimal digits";
  throw setupError("usage", "COMMAND_LINE", `${where} is not a head`, hint);
}

async function readHeadFile(cwd: string, file: string): Promise<string> {
  const [{ readFile }, { resolve }] = await Promise.all([import("node:fs/promises"), import("node:path")]);
  try {
    return await readFile(resolve(cwd, file), "utf8");
  } catch (cause) {
    const hint = "name the file that history head was written to";
    throw setupError("usage", "COMMAND_LINE", "the file of --head-file can't be read", hint, { cause });
  }
}

export const historyHeadCommand = defineCommand({
  name: "history head",
  group: "History commands:",
  summary: "print what proves the record up to now",
  description:
    "Prints the number of runs and the digest of the last one, as one word. Use it to keep that word where neither those who can write to the database nor those who have the sealing key can change it, such as another team's log: history verify then finds any change of what was recorded before.",
  options: { ...databaseOptions, ...outputOptions },
  examples: [
    { purpose: "Keep the head elsewhere", command: "vtb-setup history head > /mnt/elsewhere/vtb-auth.head" },
    { purpose: "Read it in a script, with the number of runs", command: "vtb-setup history head --output json" },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#history-head", "database.md#the-record-of-runs", "operations.md#trust-the-record-of-runs"],
  run: async (context, settings) => {
    const [{ formatHead, readJournalHead }, { readDatabase }, { formatVersion }] = await Promise.all([
      import("../../operations/journal/verify.js"),
      import("../use-database.js"),
      import("../../report/json.js"),
    ]);
    const head = await readDatabase(context, settings, ({ kysely }) => readJournalHead(kysely));
    const text = formatHead(head);
    const json = {
      formatVersion,
      command: "history head",
      outcome: "ok",
      head: text,
      runs: head.count,
      diagnostics: [],
    };
    const printed: Printed =
      settings.output === "json" ? { kind: "json", value: json } : { kind: "text", text: `${text}\n` };
    await printResult(context, printed);
    return exitStatus.done;
  },
});
