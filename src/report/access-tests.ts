import type { Cause } from "../access/compare.js";
import type { Link } from "../access/why.js";
import type { AccessTest } from "../apply/access-test-file.js";
import type { AccessTestFailure } from "../apply/run-access-tests.js";
import { escapeControls } from "../characters.js";
import type { Diagnostic, Position } from "../errors.js";
import { maskRandom } from "../secrets/random-looking.js";
import { renderDiagnostics } from "./diagnostics.js";
import { diagnosticToJson, formatVersion } from "./json.js";
import type { Paint } from "./layout.js";
import { shown } from "./table.js";
import { describeLink } from "./why.js";

/** What came of access tests. */
export interface AccessTestReport {
  readonly results: readonly ReportedTest[];
  /** Where an entry stands in the files, if it is in one. */
  readonly positionOf: (cause: Cause) => Position | undefined;
  /** Of the files and the tests; none is a test's failure. */
  readonly diagnostics: readonly Diagnostic[];
  readonly durationMs: number;
}

export interface ReportedTest {
  readonly test: AccessTest;
  readonly failures: readonly ReportedFailure[];
}

interface ReportedFailure extends Omit<AccessTestFailure, "diagnostic"> {
  readonly diagnostic: Diagnostic;
}

export function hasFailed({ failures }: ReportedTest): boolean {
  return failures.length > 0;
}

/** Each test in a line, then each failure with its line, a caret and what decides, then the counts. */
export function renderAccessTests(report: AccessTestReport, paint: Paint): string {
  const { results } = report;
  const { red, green, bold } = paint;
  const lists = filesOf(results).map(({ file, tests }) => {
    const lines = tests.map((result) => {
      const mark = hasFailed(result) ? red("FAIL") : green("pass");
      return `  ${mark}  ${shown(result.test.name)}\n`;
    });
    return `${bold(escapeControls(file))}\n${lines.join("")}`;
  });
  const failures = results.flatMap((result) =>
    result.failures.map((failure) => {
      const because = becauseOf(report, failure).map((line) => `  ${line}\n`);
      return `\n${renderDiagnostics([failure.diagnostic], { paint, width: undefined })}${because.join("")}`;
    }),
  );
  const failed = results.filter(hasFailed).length;
  const count = `${results.length} ${results.length === 1 ? "test" : "tests"}`;
  return `${lists.join("")}${failures.join("")}\n${count}: ${results.length - failed} passed, ${failed} failed.\n`;
}

/** The tests of each file, in their order. */
export function filesOf(
  results: readonly ReportedTest[],
): readonly { readonly file: string; readonly tests: readonly ReportedTest[] }[] {
  const files = new Map<string, ReportedTest[]>();
  for (const result of results) {
    const tests = files.get(result.test.file) ?? [];
    files.set(result.test.file, tests);
    tests.push(result);
  }
  return [...files].map(([file, tests]) => ({ file, tests }));
}

/** What decides, a line for each: `because user jan is in group beheer …  config.yaml:3:5`. */
export function becauseOf(
  { positionOf }: AccessTestReport,
  { links, permission = "" }: ReportedFailure,
): readonly string[] {
  return links.map((link) => {
    const places = placesOf(link, positionOf);
    const where = places.map(({ file, line, column }) => `${escapeControls(file)}:${line}:${column}`).join(", ");
    return `because ${describeLink(link, permission)}${where === "" ? "" : ` (${where})`}`;
  });
}

function placesOf({ causes }: Link, positionOf: AccessTestReport["positionOf"]): readonly Position[] {
  return causes.flatMap((cause) => positionOf(cause) ?? []);
}

/** The single JSON object of `test`. */
export function accessTestsToJson(report: AccessTestReport): object {
  const { results, positionOf, diagnostics } = report;
  const failed = results.filter(hasFailed).length;
  return {
    formatVersion,
    command: "test",
    outcome: failed === 0 ? "ok" : "failed",
    summary: { passed: results.length - failed, failed },
    items: results.map((result) => {
      const { name, principal, range } = result.test;
      return {
        name: maskRandom(name),
        principal: { kind: principal.kind, key: maskRandom(principal.name) },
        outcome: hasFailed(result) ? "failed" : "passed",
        source: range.position,
        failures: result.failures.map(({ expectation, permission, diagnostic, links }) => ({
          expectation,
          ...(permission !== undefined && { permission: maskRandom(permission) }),
          message: diagnostic.message,
          ...(diagnostic.position && { source: diagnostic.position }),
          because: links.map((link) => ({
            kind: link.kind,
            effect: link.effect,
            text: describeLink(link, permission ?? ""),
            sources: placesOf(link, positionOf),
          })),
        })),
      };
    }),
    diagnostics: diagnostics.map(diagnosticToJson),
  };
}
