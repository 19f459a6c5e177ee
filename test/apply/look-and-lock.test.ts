import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { RunResult } from "../../src/apply/run.js";
import { withLock } from "../../src/database/lock.js";
import { configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";
import { type RanStatement, recordStatements } from "../support/statements.js";

const groups = (permission: string) =>
  configurationOf(...["a", "b", "c"].map((name) => resource("group", name, { permissions: [permission] })));

const readings = (ran: readonly RanStatement[]) => ran.filter(({ sql }) => sql === 'select * from "groups"').length;

/** Applies while another transaction holds the lock, which then changes a permission and commits, or rolls that back. */
async function applyBehind(
  url: string,
  commit: boolean,
): Promise<{ readonly result: RunResult; readonly permissions: readonly string[] }> {
  const other = await openForTest(url);
  let applying: Promise<RunResult> | undefined;
  const lock = {
    timeoutMs: 0,
    hasTables: true,
    sleep: (ms: number) => delay(ms).then(() => {}),
    now: () => Date.now(),
  };
  await withLock(other, { ...lock, newId: () => "store" }, async (tx) => {
    await new Promise<void>((resolve) => {
      const onWaiting = () => resolve();
      applying = apply(groups("taken.change"), runOptions(url, { onWaiting }));
    });
    const { id } = await tx.selectFrom("groups").select("id").where("name", "=", "b").executeTakeFirstOrThrow();
    const row = tx.updateTable("group_permissions").set({ permission: "taken.change" }).where("group_id", "=", id);
    await row.execute();
    return { commit, value: undefined };
  });
  const result = await (applying as Promise<RunResult> | undefined);
  if (result === undefined) throw new Error("it was not started");
  const rows = await other.kysely.selectFrom("group_permissions").select("permission").execute();
  return { result, permissions: rows.map(({ permission }) => permission) };
}

describe("apply, between its look and its lock", () => {
  it("writes what it found, without reading it again, where no other run has committed since", async () => {
    const url = temporaryDatabase();
    await apply(groups("taken.view"), runOptions(url));
    const ran = recordStatements();
    const { changes } = await apply(groups("taken.change"), runOptions(url));
    expect(changes).toHaveLength(3);
    expect(readings(ran)).toBe(1);
  });

  it("compares again where another run has committed since, and not where that was rolled back", async () => {
    const [behind, rolledBack] = [temporaryDatabase(), temporaryDatabase()];
    for (const url of [behind, rolledBack]) await apply(groups("taken.view"), runOptions(url));
    const ran = recordStatements();
    const after = await applyBehind(behind, true);
    expect(after.result.changes.map(({ key }) => key)).toEqual(["a", "c"]);
    expect(after.result.unchanged).toEqual([{ kind: "group", key: "b" }]);
    expect(readings(ran)).toBe(2);
    const same = await applyBehind(rolledBack, false);
    expect(same.result.changes.map(({ key }) => key)).toEqual(["a", "b", "c"]);
    expect(readings(ran)).toBe(3);
    for (const { permissions } of [after, same]) {
      expect(permissions).toEqual(["taken.change", "taken.change", "taken.change"]);
    }
  });

  it("reads nothing of a database that it creates", async () => {
    const ran = recordStatements();
    await apply(groups("taken.view"), runOptions(temporaryDatabase()));
    expect(readings(ran)).toBe(0);
  });
});
