import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCli, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";

const file = "schemas/vtb-setup-access-tests.schema.json";
const accepts = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(file, "utf8")));

const config = `default_user_configuration_enable: true
default_user_configuration_config: {users: [{username: jan}]}
`;

describe(file, () => {
  it("is what the command prints", async () => {
    const { stdout } = await runCli(["schema", "access-tests"]);
    expect(readFileSync(file, "utf8") === stdout, "run `npm run schemas`").toBe(true);
  });

  it.each(["quickstart", "full"])("accepts examples/%s.access.yaml", (name) => {
    expect(accepts(parse(readFileSync(`examples/${name}.access.yaml`, "utf8"))), JSON.stringify(accepts.errors)).toBe(
      true,
    );
  });

  it.each([
    [true, "tests: [{user: jan, may: []}]"],
    [true, "tests: [{user: jan, is_staff: no, at: 2030-01-01}]"],
    [
      true,
      "tests: [{user: jan, may_not: ['a.*', {object_type: feeaa795-d212-4fa2-bb38-2c34996e5702, mode: read_only}]}]",
    ],
    [false, "tests: []"],
    [false, "tests: [{user: jan}]"],
    [false, "tests: [{may: []}]"],
    [false, "tests: [{user: jan, token: a, may: []}]"],
    [false, "tests: [{client: a, may: []}]"],
    [false, "tests: [{user: jan, claims: {}, may: []}]"],
    [false, "tests: [{user: jan, only: true, is_staff: false}]"],
    [false, "tests: [{user: jan, only: false, may: []}]"],
    [false, "tests: [{user: jan, may: [taken]}]"],
    [false, "tests: [{user: jan, may: ['a.*']}]"],
    [false, "tests: [{user: jan, may_nto: [a.b]}]"],
    [false, "{}"],
  ])("says %s of %s, as the command does", async (valid, tests) => {
    expect(accepts(parse(tests)), JSON.stringify(accepts.errors)).toBe(valid);
    const cwd = temporaryFolder();
    writeFiles(cwd, { "config.yaml": config, "access.yaml": tests });
    const { status, stderr } = await runCli(["test", "config.yaml", "--tests", "access.yaml"], { cwd });
    expect({ status, stderr }).toMatchObject({ status: valid ? 0 : 3 });
  });
});
