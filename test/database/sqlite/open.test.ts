import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { migrate } from "../../../src/apply/migrate.js";
import { plan } from "../../../src/apply/plan.js";
import { openDatabase } from "../../../src/database/open.js";
import { loadSqliteDriver } from "../../../src/database/sqlite/driver.js";
import { configurationOf, resource, runOptions, temporaryFolder } from "../../support/run.js";

const configuration = configurationOf(resource("group", "lezers", { permissions: [] }));

describe("a database file", () => {
  it("in a folder that does not exist fails for plan as for apply and migrate, and creates nothing", async () => {
    const folder = temporaryFolder();
    const options = runOptions(`sqlite:${join(folder, "missing/auth.db")}`);
    const runs = [() => plan(configuration, options), () => apply(configuration, options), () => migrate(options)];
    for (const run of runs) {
      await expect(run()).rejects.toThrow(
        /missing\/auth\.db can't be written: the folder \S+\/missing does not exist \[DATABASE_UNREACHABLE\]$/,
      );
    }
    expect(readdirSync(folder)).toEqual([]);
    mkdirSync(join(folder, "missing"));
    expect((await plan(configuration, options)).outcome).toBe("planned");
    expect(readdirSync(join(folder, "missing"))).toEqual([]);
    expect((await apply(configuration, options)).outcome).toBe("applied");
  });

  it("that was opened and not used is closed, with nothing beside it, and a new one is not left behind", async () => {
    const folder = temporaryFolder();
    const url = `sqlite:${join(folder, "auth.db")}`;
    const unused = async () => (await openDatabase(url, "write")).close();
    await unused();
    expect(readdirSync(folder)).toEqual([]);
    await apply(configuration, runOptions(url));
    await unused();
    expect(readdirSync(folder)).toEqual(["auth.db"]);
  });

  it("is waited for with --wait until its lock is free, and its folder is not waited for", async () => {
    const file = join(temporaryFolder(), "auth.db");
    await apply(configuration, runOptions(`sqlite:${file}`));
    const holder = new (loadSqliteDriver())(file);
    holder.pragma("locking_mode = EXCLUSIVE");
    holder.exec("BEGIN EXCLUSIVE");
    const onWaiting = () => void holder.close();
    const other = configurationOf(resource("group", "schrijvers", { permissions: [] }));
    const waited = await apply(other, runOptions(`sqlite:${file}`, { waitMs: 10_000, onWaiting }));
    expect(waited.outcome).toBe("applied");
    const reported: string[] = [];
    const nowhere = { waitMs: 10_000, onWaiting: (message: string) => void reported.push(message) };
    const options = runOptions(`sqlite:${join(file, "..", "later", "auth.db")}`, nowhere);
    await expect(apply(configuration, options)).rejects.toMatchObject({ reason: "refused" });
    expect(reported).toEqual([]);
  });
});
