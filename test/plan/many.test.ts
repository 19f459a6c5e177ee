import { describe, expect, it } from "vitest";
import { resolveResources } from "../../src/apply/plan.js";
import type { CurrentResource } from "../../src/plan/kind.js";
import { createPlan } from "../../src/plan/plan.js";
import { configurationOf, resource, runOptions } from "../support/run.js";

const many = 130_000;
const names = Array.from({ length: many }, (_, index) => `g${index}`);
const configuration = configurationOf(...names.slice(0, 2).map((name) => resource("group", name)));

const input = {
  kinds: configuration.kinds,
  isDatabaseKnown: true,
  owners: [{ name: "default", isNamed: true, formerly: [], kinds: new Set(["group"]) }],
  prune: true,
  newId: () => "id",
};

const rows = names.map((key): CurrentResource => ({ id: key, key, owner: "default", attributes: { permissions: [] } }));

describe(`F24: ${many} entries of one kind`, () => {
  const desired = names.map((name) => resource("group", name, { permissions: [] }));

  it("can be created, and are as they should be afterwards", () => {
    expect(createPlan({ ...input, desired, current: new Map() }).changes).toHaveLength(many);
    const again = createPlan({ ...input, desired, current: new Map([["group", rows]]) });
    expect(again).toMatchObject({ changes: [], refusals: [] });
    expect(again.unchanged).toHaveLength(many);
  });

  it("can be pruned", () => {
    const kept = desired.slice(0, 1);
    const plan = createPlan({
      ...input,
      desired: kept,
      current: new Map([["group", rows]]),
    });
    expect(plan.refusals.map(({ code }) => code)).toEqual(["MANY_DELETIONS"]);
    expect(plan.changes).toHaveLength(many - 1);
  });

  it("pass the discovery of providers", async () => {
    const options = runOptions("sqlite:unused.db");
    const { resources } = await resolveResources({ ...configuration, resources: desired }, options);
    expect(resources).toHaveLength(many);
  });
});
