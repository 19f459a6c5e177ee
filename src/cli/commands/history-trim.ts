import { SetupError } from "../../errors.js";
import type { TrimResult } from "../../operations/journal/trim.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, databaseOptions, flag, lockingOptions, moment, outputOptions } from "../options.js";
import { type Printed, printChanges, printResult } from "../print.js";

export const historyTrimCommand = defineCommand({
  name: "history trim",
  group: "History commands:",
  summary: "remove old runs, and leave what proves the rest",
  description:
    "Removes the runs before a moment from the record, and leaves a signed checkpoint, so that history verify still works on the rest. It is a run of the record itself. Use it where the law on personal data says how long names and addresses may be kept. It needs the sealing key, and is refused where the record does not hold. Backups still have what was removed.",
  options: {
    before: moment(
      "history",
      "--before <time>",
      "remove runs from before then: 2025-01-01, a time, or 365d ago",
      "begin",
    ).makeOptionMandatory(),
    dryRun: flag("history", "--dry-run", "only say what would be removed"),
    ...databaseOptions,
    ...actorOptions,
    ...outputOptions,
  },
  examples: [
    { purpose: "See what is older than a year", command: "vtb-setup history trim --before 365d --dry-run" },
    { purpose: "Remove what was done before 2025", command: "vtb-setup history trim --before 2025-01-01" },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#history-trim", "operations.md#trim-the-record-of-runs"],
  run: async (context, settings) => {
    const [{ requirePast, trimJournal }, { checkDiagnostics }, { formatHead }, { formatVersion }] = await Promise.all([
      import("../../operations/journal/trim.js"),
      import("../../report/journal-check.js"),
      import("../../operations/journal/verify.js"),
      import("../../report/json.js"),
    ]);
    const beforeMs = settings.before ?? 0;
    requirePast(beforeMs, Date.now());
    const options = await lockingOptions(context, settings);
    const done = await trimJournal({ ...options, ...actorOf(settings.actor), beforeMs, isDryRun: settings.dryRun });
    if ("kind" in done) {
      const broken = checkDiagnostics(done.check, undefined, { isStrict: false });
      throw new SetupError(
        "refused",
        broken.filter(({ code }) => code === "JOURNAL_BROKEN"),
      );
    }
    const print = (): Printed => {
      const head = formatHead(done.head);
      if (settings.output === "json") return { kind: "json", value: { formatVersion, ...done, head, diagnostics: [] } };
      return { kind: "text", text: textOf(done, head) };
    };
    if (done.outcome === "applied") await printChanges(context, print, []);
    else await printResult(context, print());
    return exitStatus.done;
  },
});

function textOf({ outcome, runs, from, to }: TrimResult, head: string): string {
  const which = runs === 1 ? `run ${from}` : `${runs} runs, ${from} to ${to}`;
  if (outcome === "unchanged") return "No changes. No run is from before then.\n";
  if (outcome === "planned") return `Would remove ${which}. Nothing was changed.\n`;
  return `Removed ${which}. Keep the new head elsewhere:\n${head}\n`;
}
