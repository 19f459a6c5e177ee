import { XMLParser, XMLValidator } from "fast-xml-parser";
import { Parser as TapParser } from "tap-parser";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";

const config = `groups_config_enable: true
groups_config: {items: [{name: lezers, permissions: [taken.view]}]}
default_user_configuration_enable: true
default_user_configuration_config: {users: [{username: jan, groups: [lezers]}, {username: "an </b> & \\"c\\" # ]]>", groups: [lezers]}]}
`;
const odd = String.raw`Namen: <b> & "c" 'd' ]]> # skip \ é 😀 --- \# ok 1`;
const access = {
  "a.yaml": `tests:
  - {name: Jan reads, user: jan, may: [taken.view]}
  - {name: ${JSON.stringify(odd)}, user: jan, may: [taken.change], may_not: [taken.view]}
`,
  "b & c.yaml": `tests: [{user: "an </b> & \\"c\\" # ]]>", only: true, may: []}]\n`,
};

async function output(format: string) {
  const folder = temporaryFolder();
  writeFiles(folder, { ...access, "config.yaml": config });
  const args = ["test", "config.yaml", "--output", format, "--tests", ...Object.keys(access)];
  const { status, stdout, stderr } = await runCli(args, { cwd: folder });
  expect({ status, stderr }).toEqual({ status: 3, stderr: "" });
  return stdout;
}

describe("the formats of access tests for other programs", () => {
  it("is with junit XML that a parser accepts, with the counts and names that CI servers show", async () => {
    const xml = await output("junit");
    expect(XMLValidator.validate(xml)).toBe(true);
    const isArray = (name: string) => ["testsuite", "testcase", "failure"].includes(name);
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "", isArray, trimValues: false });
    const { testsuites } = parser.parse(xml);
    expect(testsuites).toMatchObject({
      name: "vtb-setup test",
      tests: "3",
      failures: "2",
      errors: "0",
      time: expect.stringMatching(/^\d+\.\d{3}$/),
      testsuite: [
        {
          name: "a.yaml",
          tests: "2",
          failures: "1",
          testcase: [
            { name: "Jan reads", classname: "a.yaml", file: "a.yaml", line: "2", time: "0" },
            {
              name: odd,
              line: "3",
              failure: [
                {
                  type: "ACCESS_TEST_FAILED",
                  message: `${odd}: user jan may not taken.change, but must (and 1 more)`,
                  "#text": expect.stringContaining(
                    "because user jan is in group lezers (by a file), which gives taken.view (config.yaml:",
                  ),
                },
              ],
            },
          ],
        },
        { name: "b & c.yaml", tests: "1", failures: "1", testcase: [{ name: `user an </b> & "c" # ]]>` }] },
      ],
    });
    expect(testsuites.testsuite[0].testcase[0].failure).toBeUndefined();
  });

  it("is with tap TAP 14 that a parser accepts, with a YAML block for each failure", async () => {
    const { results, points, extra } = parseTap(await output("tap"));
    expect(extra).toEqual([]);
    expect(results).toMatchObject({
      ok: false,
      count: 3,
      pass: 1,
      fail: 2,
      skip: 0,
      todo: 0,
      plan: { start: 1, end: 3 },
    });
    expect(points).toMatchObject([
      { ok: true, id: 1, name: "a.yaml: Jan reads" },
      {
        ok: false,
        id: 2,
        name: `a.yaml: ${odd}`,
        diag: {
          message: `${odd}: user jan may not taken.change, but must`,
          severity: "fail",
          at: { file: "a.yaml", line: 3, column: expect.any(Number) },
        },
      },
      { ok: false, id: 3, name: `b & c.yaml: user an </b> & "c" # ]]>` },
    ]);
    expect(points[1]?.diag.details).toHaveLength(4);
  });

  it("end with status 0 and no failure where all pass", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": config, "a.yaml": "tests: [{user: jan, may: [taken.view]}]\n" });
    const run = (format: string) =>
      runCli(["test", "config.yaml", "--tests", "a.yaml", "--output", format], { cwd: folder });
    const [junit, tap] = [await run("junit"), await run("tap")];
    expect(junit.status).toBe(0);
    expect(junit.stdout).toContain('<testsuites name="vtb-setup test" tests="1" failures="0" errors="0"');
    expect(parseTap(tap.stdout).results).toMatchObject({ ok: true, count: 1 });
  });
});

interface TapPoint {
  readonly ok: boolean;
  readonly id: number;
  readonly name: string;
  readonly diag: Readonly<Record<string, unknown>>;
}

function parseTap(text: string) {
  const points: TapPoint[] = [];
  const extra: string[] = [];
  const parser = new TapParser({ strict: true });
  parser.on("assert", (point: TapPoint) => points.push(point));
  parser.on("extra", (line: string) => extra.push(line));
  parser.end(text);
  return { results: parser.results, points, extra };
}
