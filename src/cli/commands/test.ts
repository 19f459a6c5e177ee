import { Option } from "commander";
import type { AccessTestReport } from "../../report/access-tests.js";
import { defineCommand } from "../command.js";
import type { CliContext } from "../context.js";
import { exitStatus } from "../exit-status.js";
import { envOptions, filesArgument, planOptions, type TypedOption, text } from "../options.js";
import { type Printed, printResult } from "../print.js";

const tests: TypedOption<readonly string[]> = new Option(
  "--tests <files...>",
  "files with access tests, folders of them, patterns such as 'access/*.yaml', or - for standard input",
)
  .helpGroup("Configuration options:")
  .makeOptionMandatory();

type Format = "text" | "json" | "junit" | "tap";

const output: TypedOption<Format> = new Option("--output <format>", "text for people, the others for programs")
  .helpGroup("Output options:")
  .choices(["text", "json", "junit", "tap"])
  .default("text");

const { offline: _, database: __, ...plannedOptions } = planOptions;

export const testCommand = defineCommand({
  name: "test",
  group: "Configuration commands:",
  summary: "check who may do what, and who may not",
  description:
    "Runs access tests: files that say what users, API tokens and people with certain claims may do, and what not. Use it on pull requests and at night. The tests are run on what the files declare, without a database; with --database, on what apply of the files would leave there; without files, on the database as it is. Nothing is changed.",
  argument: { ...filesArgument, terms: "[files...]" },
  options: {
    tests,
    database: text("database", "--database <url>", "the auth database, sqlite:PATH or postgres://HOST/NAME"),
    ...plannedOptions,
    ...envOptions,
    output,
  },
  examples: [
    {
      purpose: "On a pull request, without a database and without secrets",
      command: "vtb-setup test --no-env config.yaml --tests access.yaml",
    },
    {
      purpose: "What apply would leave in a database, as a report for a pipeline",
      command:
        "vtb-setup test --database sqlite:vtb-auth.db --output junit config.yaml \\\n  --tests 'access/*.yaml' > report.xml",
    },
    { purpose: "In a nightly job, what the database holds now", command: "vtb-setup test --tests access.yaml" },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#test", "testing.md#test-who-may-do-what"],
  run: async (context, settings, files) => {
    const { testAccess } = await import("../test-access.js");
    const report = await testAccess(context, settings, files);
    await print(context, report, settings.output);
    return report.results.some(({ failures }) => failures.length > 0) ? exitStatus.invalid : exitStatus.done;
  },
});

async function print(context: CliContext, report: AccessTestReport, format: Format): Promise<void> {
  const { terminal } = context;
  if (format !== "json") {
    const { renderDiagnostics } = await import("../../report/diagnostics.js");
    terminal.talk(renderDiagnostics(report.diagnostics, terminal.talkStyle));
  }
  await printResult(context, await rendered(context, report, format));
}

async function rendered({ terminal }: CliContext, report: AccessTestReport, format: Format): Promise<Printed> {
  if (format === "junit" || format === "tap") {
    const { accessTestsToJunit, accessTestsToTap } = await import("../../report/test-formats.js");
    return { kind: "text", text: format === "tap" ? accessTestsToTap(report) : accessTestsToJunit(report) };
  }
  const { accessTestsToJson, renderAccessTests } = await import("../../report/access-tests.js");
  if (format === "json") return { kind: "json", value: accessTestsToJson(report) };
  return { kind: "text", text: renderAccessTests(report, terminal.outPaint) };
}
