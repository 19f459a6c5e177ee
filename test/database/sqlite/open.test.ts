import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply } from "../../../src/engine/apply.js";
import { migrate } from "../../../src/engine/migrate.js";
import { plan } from "../../../src/engine/plan.js";
import { configurationOf, resource, runOptions, temporaryFolder } from "../../support/run.js";

const configuration = configurationOf(resource("group", "lezers", { permissions: [] }));

describe("a database file", () => {
  it("in a folder that is not there fails for plan as for apply and migrate, and makes nothing", async () => {
    const folder = temporaryFolder();
    const options = runOptions(`sqlite:${join(folder, "missing/auth.db")}`);
    const runs = [() => plan(configuration, options), () => apply(configuration, options), () => migrate(options)];
    for (const run of runs) {
      await expect(run()).rejects.toThrow(/missing\/auth\.db can't be opened \(ENOENT\) \[DATABASE_UNREACHABLE\]$/);
    }
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(join(folder, "missing"));
    expect((await plan(configuration, options)).outcome).toBe("planned");
    expect(readdirSync(join(folder, "missing"))).toEqual([]);
    expect((await apply(configuration, options)).outcome).toBe("applied");
  });

  it("is waited for with --wait until its folder is there", async () => {
    const folder = join(temporaryFolder(), "later");
    const options = runOptions(`sqlite:${join(folder, "auth.db")}`, { waitMs: 10_000 });
    const run = apply(configuration, { ...options, onWaiting: () => mkdirSync(folder, { recursive: true }) });
    expect((await run).outcome).toBe("applied");
  });
});
