import { type AccessTestReport, becauseOf, filesOf, hasFailed, type ReportedTest } from "./access-tests.js";
import { shown } from "./table.js";

/** As JUnit XML: what Jenkins, GitLab and Azure show. One suite for each file. */
export function accessTestsToJunit(report: AccessTestReport): string {
  const { results, durationMs } = report;
  const suites = filesOf(results).map(({ file, tests }) => {
    const cases = tests.map((result) => testCase(report, result));
    return [
      `  <testsuite name="${xml(file)}" ${counts(tests)} skipped="0" time="0">`,
      ...cases.flat(),
      "  </testsuite>",
    ];
  });
  const time = (durationMs / 1000).toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="vtb-setup test" ${counts(results)} time="${time}">`,
    ...suites.flat(),
    "</testsuites>",
    "",
  ].join("\n");
}

function counts(tests: readonly ReportedTest[]): string {
  return `tests="${tests.length}" failures="${tests.filter(hasFailed).length}" errors="0"`;
}

function testCase(report: AccessTestReport, result: ReportedTest): readonly string[] {
  const { name, file, range } = result.test;
  const { line } = range.position;
  const open = `    <testcase name="${xml(shown(name))}" classname="${xml(file)}" file="${xml(file)}" line="${line}" time="0"`;
  if (!hasFailed(result)) return [`${open}/>`];
  const [first] = result.failures;
  const more = result.failures.length > 1 ? ` (and ${result.failures.length - 1} more)` : "";
  const message = `${first?.diagnostic.message ?? ""}${more}`;
  return [
    `${open}>`,
    `      <failure type="ACCESS_TEST_FAILED" message="${xml(message)}">${xml(linesOf(report, result).join("\n"))}</failure>`,
    "    </testcase>",
  ];
}

/** Each failure with its place, and what decides. */
function linesOf(report: AccessTestReport, { failures }: ReportedTest): readonly string[] {
  return failures.flatMap((failure) => {
    const { position, message } = failure.diagnostic;
    const where = position ? `${position.file}:${position.line}:${position.column}: ` : "";
    return [`${where}${message}`, ...becauseOf(report, failure)];
  });
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** XML 1.0 §2.2 has no way to write most control characters and half of a surrogate pair. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

/** As TAP 14 (testanything.org), with a YAML block for each test that failed. */
export function accessTestsToTap(report: AccessTestReport): string {
  const { results } = report;
  const points = results.flatMap((result, index) => {
    const { test, failures } = result;
    const point = `${index + 1} - ${tap(`${test.file}: ${test.name}`)}`;
    if (!hasFailed(result)) return [`ok ${point}`];
    const { file, line, column } = failures[0]?.diagnostic.position ?? test.range.position;
    return [
      `not ok ${point}`,
      "  ---",
      // A JSON text is one of YAML's.
      `  message: ${JSON.stringify(failures[0]?.diagnostic.message ?? "")}`,
      "  severity: fail",
      `  at: {file: ${JSON.stringify(file)}, line: ${line}, column: ${column}}`,
      "  details:",
      ...linesOf(report, result).map((text) => `    - ${JSON.stringify(text)}`),
      "  ...",
    ];
  });
  return ["TAP version 14", `1..${results.length}`, ...points, ""].join("\n");
}

/** `#` begins a directive. */
function tap(text: string): string {
  return shown(text).replace(/[\\#]/g, "\\$&");
}
