import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { plan } from "../../src/apply/plan.js";
import { SetupError } from "../../src/errors.js";
import { configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";

const group = (name: string, permissions: readonly string[] = []) => resource("group", name, { permissions });

describe("what a database keeps", () => {
  it("is never a NUL character, which not every database can store: it is an error with its position, before anything is written", async () => {
    const options = runOptions(temporaryDatabase());
    for (const bad of [group("a\0b"), group("a", ["a.b", "c\0.d"])]) {
      for (const run of [plan, apply]) {
        const error: unknown = await run(configurationOf(bad, group("good")), options).catch((reason) => reason);
        if (!(error instanceof SetupError)) throw new Error("expected a refusal", { cause: error });
        expect(error.reason).toBe("invalid");
        expect(error.diagnostics).toMatchObject([{ code: "INVALID_VALUE", position: { line: 1 } }]);
        expect(error.message).toMatch(
          /^(?:key|permissions) of a resource of the kind group contains a NUL character \[/,
        );
      }
    }
    expect((await apply(configurationOf(group("a␀b", ["c.d"])), options)).outcome).toBe("applied");
  });

  it("comes back as it was: letters beyond ASCII, quotes, backslashes, percent signs and 900 entries", async () => {
    const options = runOptions(temporaryDatabase());
    const names = [
      "é",
      "É",
      "😀",
      "ß",
      "a'b",
      'a"b',
      "a\\b",
      "50%",
      "_",
      ...Array.from({ length: 891 }, (_, n) => `g${n}`),
    ];
    const configuration = configurationOf(...names.map((name) => group(name, ["a.b"])));
    expect((await apply(configuration, options)).changes).toHaveLength(900);
    expect((await apply(configuration, options)).outcome).toBe("unchanged");
    const { kysely } = await openForTest(options.database);
    const rows = await kysely.selectFrom("groups").select("name").execute();
    expect(rows.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(await kysely.selectFrom("group_permissions").select("permission").execute()).toHaveLength(900);
  });

  it("is pruned in the order of keys, whatever the order of rows and of the database's language", async () => {
    const options = runOptions(temporaryDatabase());
    const names = ["b", "a", "Z", "É", "z", "e", "_", "10", "9"];
    await apply(configurationOf(group("stays"), ...names.map((name) => group(name))), options);
    // A row that is written again may end up behind the others.
    await apply(
      configurationOf(group("stays"), ...names.map((name) => group(name, name === "b" ? ["a.b"] : []))),
      options,
    );
    const pruned = await plan(configurationOf(group("stays")), { ...options, prune: true });
    expect(pruned.changes.map(({ key }) => key)).toEqual(["10", "9", "Z", "_", "a", "b", "e", "z", "É"]);
  });
});
