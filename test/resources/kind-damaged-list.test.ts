import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { plan } from "../../src/apply/plan.js";
import { configurationOf, openForTest, runOptions, temporaryDatabase } from "../support/run.js";
import { token, tokenValue, user } from "../verifier/verifier-world.js";

describe("a token's permissions in the database", () => {
  it.each(['["taken.view', "{}", "[1]", ""])("are reported as damaged where they are %j", async (damaged) => {
    const url = temporaryDatabase();
    const desired = configurationOf(user("jan"), token("a", tokenValue, { user: "jan" }));
    await apply(desired, runOptions(url));
    const { kysely } = await openForTest(url);
    const write = (permissions: string) => kysely.updateTable("api_tokens").set({ permissions }).execute();
    await write(damaged);
    const damage = "a list of permissions in the database is damaged [DATABASE_DAMAGED]";
    await expect(plan(desired, runOptions(url))).rejects.toThrow(damage);
    await expect(apply(desired, runOptions(url))).rejects.toThrow(damage);
    await write('["taken.add_externetaak"]');
    expect(await plan(desired, runOptions(url))).toMatchObject({ changes: [{ action: "update", key: "a" }] });
  });
});
