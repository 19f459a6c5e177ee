import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli.js";

const file = "schemas/vtb-setup-catalogue.schema.json";
const accepts = new Ajv().compile(JSON.parse(readFileSync(file, "utf8")));

describe(file, () => {
  it("is what the command prints", async () => {
    const { stdout } = await runCli(["schema", "catalogue"]);
    expect(readFileSync(file, "utf8") === stdout, "run `npm run schemas`").toBe(true);
  });

  it.each([
    [true, { formatVersion: 1, permissions: [{ name: "taken.view", description: "Zie." }, { name: "a.*.b" }] }],
    [true, { formatVersion: 1, permissions: [] }],
    [false, { formatVersion: 2, permissions: [] }],
    [false, { permissions: [] }],
    [false, { formatVersion: 1, permissions: ["taken.view"] }],
    [false, { formatVersion: 1, permissions: [{ name: "taken" }] }],
  ])("says %s of %o", (valid, content) => {
    expect(accepts(content)).toBe(valid);
  });

  it("is one of the schemas that the command knows, and no other", async () => {
    expect(await runCli(["schema", "catalog"])).toMatchObject({
      status: 64,
      stderr: expect.stringContaining("write configuration, catalogue or access-tests"),
    });
    expect((await runCli(["schema", "configuration"])).stdout).toBe((await runCli(["schema"])).stdout);
  });
});
