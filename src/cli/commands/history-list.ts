import type { Connection } from "../../database/database.js";
import { setupError } from "../../errors.js";
import type { JournalEntry, JournalFilter } from "../../operations/read-journal.js";
import type { Fact } from "../../report/html-page.js";
import type { RecordedRun } from "../../report/journal-timeline.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { choice, databaseOptions, moment, type SettingsOf, text, wholeNumber } from "../options.js";

const filterOptions = {
  since: moment(
    "filter",
    "--since <time>",
    "from then on: a date, a time with its offset, or 7d for a week ago",
    "begin",
  ),
  until: moment("filter", "--until <time>", "up to then; a day counts to its end", "end"),
  kind: text("filter", "--kind <kind>", "only changes of objects of this kind, such as api_token"),
};

const listOptions = {
  ...filterOptions,
  key: text("filter", "--key <name>", "only changes of what has this name; with --kind, under its other names too"),
  actor: text("filter", "--actor <text>", "only what was done by, or for, a name with this in it"),
  through: text("filter", "--through <what>", "only what came through this, such as apply, admin or sign-in"),
  action: choice("filter", "--action <action>", "only changes of this sort", ["create", "update", "delete"]),
  run: text("filter", "--run <id>", "only this run: its id, the beginning of it, or its number"),
  limit: wholeNumber("filter", "--limit <count>", "at most so many runs; as text, defaults to 20"),
  ...databaseOptions,
  output: choice("output", "--output <format>", "text for people, html for a report, the others for programs", [
    "text",
    "json",
    "ndjson",
    "csv",
    "cef",
    "html",
  ]),
};

export const historyListCommand = defineCommand({
  name: "history list",
  group: "History commands:",
  summary: "show who changed what, when and through what",
  description:
    "Shows the runs that changed something, the newest first: of apply, commands, the admin pages and sign-ins, with who, when, through what, and the old and new values. Secrets and what a provider says about people are only named. Use it to find out since when something is as it is. history alone does the same.",
  isDefault: true,
  options: listOptions,
  examples: [
    {
      purpose: "Show the last changes of a token",
      command: "vtb-setup history list --kind api_token --key open-forms",
    },
    {
      purpose: "Write a report of the last month",
      command: "vtb-setup history list --since 30d --output html > history.html",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#history-list", "database.md#the-record-of-runs"],
  run: async (context, settings) => {
    const { output = "text" } = settings;
    const [{ readDatabase }, { readJournal }, { printList }] = await Promise.all([
      import("../use-database.js"),
      import("../../operations/read-journal.js"),
      import("../print-list.js"),
    ]);
    return readDatabase(context, settings, async ({ kysely, location }) => {
      const filter = await filterOf(kysely, settings);
      const limit = settings.limit ?? (output === "text" ? 20 : undefined);
      const { groupByRun } = await import("../../report/journal-timeline.js");
      const runs = groupByRun(readJournal(kysely, filter), limit);
      if (output === "html") return printPage(context, runs, { location, settings });
      if (output === "text") {
        const status = await printText(context, runs, limit);
        await hintAtKey(context, kysely, settings, status.count);
        return status.status;
      }
      const changes = (async function* () {
        for await (const page of runs) yield page.flatMap((run) => run.changes.toReversed());
      })();
      return (await printList(context, changes, await formatOf(output))).status;
    });
  },
});

type Settings = SettingsOf<typeof listOptions>;

async function filterOf(db: Connection, settings: Settings): Promise<JournalFilter> {
  const { kind, key, actor, action, since, until, run } = settings;
  const [{ readJournalChoices }, { findRun }, { nearest }, { coreKinds }] = await Promise.all([
    import("../../operations/read-journal.js"),
    import("../../operations/journal/find.js"),
    import("../../nearest.js"),
    import("../../resources/registry.js"),
  ]);
  const choices = await readJournalChoices(db);
  const refuse = (message: string, word: string, known: readonly string[]): never => {
    const near = nearest(word, known);
    const hint = near === undefined ? `there are: ${known.join(", ")}` : `did you mean ${near}?`;
    throw setupError("usage", "COMMAND_LINE", message, hint);
  };
  const kinds = [...new Set([...choices.kinds, ...coreKinds.map(({ name }) => name)])].sort();
  if (kind !== undefined && !kinds.includes(kind)) refuse("unknown kind in --kind", kind, kinds);
  const through = choices.throughs.find((one) => one === settings.through);
  if (settings.through !== undefined && through === undefined) {
    refuse("no run came through what is in --through", settings.through, choices.throughs);
  }
  const found = run === undefined ? undefined : await findRun(db, run);
  if (run !== undefined && found === undefined) {
    const hint =
      "history list shows the ids; a run may have been trimmed, and the beginning of an id must fit one alone";
    throw setupError("usage", "COMMAND_LINE", "no run has the id of --run", hint);
  }
  return {
    kind: key === undefined ? kind : undefined,
    entry: kind !== undefined && key !== undefined ? { kind, key } : undefined,
    key: kind === undefined ? key : undefined,
    runId: found?.id,
    actor,
    through,
    action,
    sinceMs: since,
    untilMs: until,
  };
}

const maxKeys = 10_000;

/** Where nothing has a name, one that is nearly the same is likely to be meant. */
async function hintAtKey(context: CliContext, db: Connection, { kind, key }: Settings, count: number): Promise<void> {
  if (count > 0 || key === undefined) return;
  const [{ readKeys }, { nearest }, { shown }] = await Promise.all([
    import("../../operations/journal/find.js"),
    import("../../nearest.js"),
    import("../../report/table.js"),
  ]);
  const near = nearest(key, await readKeys(db, kind, maxKeys));
  if (near !== undefined && near !== key) context.terminal.talk(`did you mean --key ${shown(near)}?\n`);
}

async function formatOf(output: "json" | "ndjson" | "csv" | "cef") {
  const [{ csvList, jsonList, lineList }, { journalCsvHeading, journalToCsv, journalToJson }] = await Promise.all([
    import("../../report/list-format.js"),
    import("../../report/journal.js"),
  ]);
  if (output === "json") return jsonList("history list", journalToJson);
  if (output === "csv") return csvList(journalCsvHeading, journalToCsv);
  if (output === "ndjson") return lineList((entry: JournalEntry) => JSON.stringify(journalToJson(entry)));
  return lineList((await import("../../report/journal-cef.js")).journalToCef);
}

async function printText(context: CliContext, runs: AsyncIterable<readonly RecordedRun[]>, limit: number | undefined) {
  const [{ printList }, { renderRun }] = await Promise.all([
    import("../print-list.js"),
    import("../../report/journal-timeline.js"),
  ]);
  const { outPaint: paint, width } = context.terminal;
  let shown = 0;
  const status = await printList(context, runs, {
    begin: "",
    page: (page) => {
      shown += page.length;
      return page.map((run) => renderRun(run, { paint, width })).join("");
    },
    end: () => (shown === 0 ? "No run matches.\n" : ""),
    tellsErrors: false,
  });
  if (shown === limit) context.terminal.talk(`The newest ${shown} runs; --limit shows more.\n`);
  return status;
}

async function printPage(
  context: CliContext,
  runs: AsyncIterable<readonly RecordedRun[]>,
  { location, settings }: { readonly location: string; readonly settings: Settings },
): Promise<number> {
  const [{ htmlPage }, { timelinePage }, { printResult }] = await Promise.all([
    import("../../report/html-page.js"),
    import("../../report/journal-timeline.js"),
    import("../print.js"),
  ]);
  const all: RecordedRun[] = [];
  for await (const page of runs) for (const run of page) all.push(run);
  const { since, until, kind, key, actor, through, action, run } = settings;
  const times = { from: since, until };
  const texts = { kind, name: key, "done by": actor, through, action, run };
  const facts: readonly Fact[] = [
    ...Object.entries(times).flatMap(([name, ms]): Fact[] =>
      ms === undefined ? [] : [[name, { time: new Date(ms).toISOString() }]],
    ),
    ...Object.entries(texts).flatMap(([name, text]): Fact[] => (text === undefined ? [] : [[name, text]])),
  ];
  const page = timelinePage(all, { facts, database: location, at: new Date().toISOString() });
  await printResult(context, { kind: "text", text: [...htmlPage(page)].join("") });
  return exitStatus.done;
}

export const historyExportCommand = defineCommand({
  name: "history export",
  group: "History commands:",
  summary: "hand changes on to a log, each of them once",
  description:
    "Prints each change as a line, the oldest first, in the order in which the runs were committed: a later run never comes before a line that was printed. Use it to hand the record on to a SIEM: keep the id of the last line that arrived whole, and give it to --after the next time, also after a kill. Neither secrets nor what a provider says about people are in it.",
  options: {
    after: text("history", "--after <id>", "go on behind this change, or behind all of a run"),
    ...filterOptions,
    ...databaseOptions,
    output: choice(
      "output",
      "--output <format>",
      "a JSON object a line, or ArcSight's Common Event Format; defaults to ndjson",
      ["ndjson", "cef"],
    ),
  },
  examples: [
    { purpose: "Hand on all of the last week", command: "vtb-setup history export --since 7d > week.ndjson" },
    {
      purpose: "Go on behind the last line, for ArcSight",
      command: "vtb-setup history export --output cef --after 3f0c1f0e-8a43:0",
    },
  ],
  statuses: ["refused", "unavailable"],
  pages: ["command-line.md#history-export", "operations.md#hand-the-record-on-to-a-siem"],
  run: async (context, settings) => {
    const { after, kind, since, until, output = "ndjson" } = settings;
    const [{ readDatabase }, { findRun, readJournalOnward }, { printList }] = await Promise.all([
      import("../use-database.js"),
      import("../../operations/journal/find.js"),
      import("../print-list.js"),
    ]);
    return readDatabase(context, settings, async ({ kysely }) => {
      const [, id = "", sequence] = /^([^:]*)(?::(\d{1,9}))?$/.exec(after ?? "") ?? [];
      const run = after === undefined ? undefined : await findRun(kysely, id);
      if (after !== undefined && run?.number == null) {
        const hint = "it was trimmed, or a restore brought back an older record: begin with --since";
        throw setupError("refused", "JOURNAL_POSITION", "no change has the id of --after", hint);
      }
      const start =
        run?.number == null
          ? undefined
          : { number: run.number, sequence: sequence === undefined ? Number.POSITIVE_INFINITY : Number(sequence) };
      const pages = readJournalOnward(kysely, { kind, sinceMs: since, untilMs: until }, start);
      return (await printList(context, pages, await formatOf(output))).status;
    });
  },
});
