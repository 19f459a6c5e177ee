import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { writeFiles } from "../support/cli.js";
import { configurationOf, resource, runOptions, temporaryDatabase, temporaryFolder } from "../support/run.js";
import { tokensYaml } from "../support/tokens.js";
import { run } from "./run-command.js";

const many = 130_000;
const timeout = 600_000;

describe(`F24: ${many} entries of one kind`, () => {
  it("in a file are planned, applied, found unchanged and pruned, as text and as JSON", { timeout }, async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "many.yaml": tokensYaml(many, "a"), "few.yaml": tokensYaml(10, "a") });
    const applied = JSON.parse(await run(folder, "apply", "many.yaml", "--output", "json"));
    expect(applied).toMatchObject({ outcome: "applied", summary: { create: many, unchanged: 0 } });
    expect(applied.changes).toHaveLength(many);
    expect(await run(folder, "plan", "many.yaml")).toContain(`(${many} unchanged)`);
    const pruned = await run(folder, "apply", "few.yaml", "--prune", "--allow", "MANY_DELETIONS");
    expect(pruned).toContain(`0 updated, ${many - 10} deleted, 10 unchanged.`);
  });

  it.each([
    ["group", (index: number) => ({ permissions: [`taken.p${index}`] })],
    ["user", () => ({ groups: ["g"], email: "a@gemeente.example" })],
  ] as const)("of the kind %s are created, updated and pruned", { timeout }, async (kind, attributesOf) => {
    const database = temporaryDatabase();
    const options = runOptions(database, { prune: true, allow: ["MANY_DELETIONS"] });
    const group = kind === "group" ? [] : [resource("group", "g", { permissions: [] })];
    const entries = (count: number, more: object = {}) =>
      Array.from({ length: count }, (_, index) => resource(kind, `e${index}`, { ...attributesOf(index), ...more }));
    const applied = async (count: number, more?: object) => {
      const configuration = configurationOf();
      return await apply({ ...configuration, resources: [...group, ...entries(count, more)] }, options);
    };
    expect((await applied(many)).changes).toHaveLength(many + group.length);
    const changed = kind === "group" ? { permissions: ["taken.other"] } : { first_name: "Jan" };
    expect((await applied(many, changed)).changes).toHaveLength(many);
    expect((await applied(10, changed)).changes).toHaveLength(many - 10);
  });
});
