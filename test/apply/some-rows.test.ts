import { isDeepStrictEqual } from "node:util";
import { describe, expect, inject, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { settleOwners } from "../../src/apply/owners.js";
import { readPlan, type Seen } from "../../src/apply/read-plan.js";
import type { Configuration } from "../../src/apply/run.js";
import { createResourceTable } from "../../src/database/create-table.js";
import type { Migration } from "../../src/database/migrations.js";
import { SetupError } from "../../src/errors.js";
import type { PlannedWorld, Refusal } from "../../src/plan/kind.js";
import { endedAliases } from "../../src/plan/renames.js";
import type { Resource } from "../../src/plan/resource.js";
import { text } from "../../src/resources/columns.js";
import { group } from "../../src/resources/kinds.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { Secret } from "../../src/secrets/secret.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { absent, configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";
import { recordStatements } from "../support/statements.js";
import { token as tokenOf, user as userOf } from "../verifier/verifier-world.js";

type Pick = <T>(choices: readonly T[]) => T;

/** The same choices for the same seed (a linear congruential generator). */
function picker(seed: number): Pick {
  let state = seed * 2_654_435_761;
  return (choices) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    // A list of choices is never empty.
    return choices[Math.floor((state / 2 ** 32) * choices.length)] as (typeof choices)[number];
  };
}

const names = ["a", "b", "c", "d"];
const permissions = [[], ["taken.a"], ["taken.a", "taken.b"]];

function anyConfiguration(pick: Pick): Configuration {
  const resources: Resource[] = [];
  const add = (kind: string, keys: readonly string[], made: (key: string) => Resource): void => {
    for (const key of keys) {
      const way = pick([..."nnnpppppparx"]);
      if (way === "n") continue;
      if (way === "a") resources.push(absent(kind, key));
      else {
        const renamedFrom = pick(keys.filter((name) => name !== key));
        const more = way === "r" ? { renamedFrom } : way === "x" ? { protect: pick([true, false]) } : {};
        resources.push({ ...made(key), ...more });
      }
    }
  };
  add("group", names, (key) => resource("group", key, { permissions: pick(permissions) }));
  add("user", names, (key) => {
    const more = { is_superuser: pick([false, false, true]), groups: pick([[], [], [], ["a"], ["a", "b"]]) };
    return userOf(key, { ...more, permissions: pick(permissions), password: new Secret("geheim-geheim") });
  });
  add("api_token", ["d", "e", "f", "g"], (key) => {
    const user = pick([null, null, null, null, "a", "b"]);
    const value = pick([key, key, key, key, key, key, ...names]).repeat(40);
    return tokenOf(key, value, { user, permissions: user === null ? pick(permissions) : pick([null, ...permissions]) });
  });
  return configurationOf(...resources);
}

const placeOf = <Name extends string>(name: Name) => ({ name, table: `${name}s`, keyColumn: "name" }) as const;

function refuseBesideOther(world: PlannedWorld): readonly Refusal[] {
  if (!world.keys(group).has("other")) return [];
  return [{ reason: "refused", code: "NAME_TAKEN", message: "there is a group called other", hint: "delete it" }];
}

const shown = ({ plan, access }: Seen, { kinds, resources }: Configuration) => {
  const { world: _, ...rest } = plan;
  return { ...rest, access, ended: endedAliases(kinds, resources, plan) };
};

describe("a plan that reads some of the rows", () => {
  it("is the one that reads them all, whatever follows whatever, over a few names", async () => {
    // The twelfth, thirteenth and twenty-fourth find what is not read of former names, administrators and owners.
    const rounds = inject("dialect") === "sqlite" ? 24 : 4;
    const seen = { alone: 0, all: 0, changed: 0 };
    for (let seed = 1; seed <= rounds; seed += 1) {
      const url = await migratedDatabase();
      const database = await openForTest(url);
      const pick = picker(seed);
      for (let step = 0; step < 8; step += 1) {
        const declared = anyConfiguration(pick);
        const options = { ...runOptions(url), newId: () => "new", prune: pick([false, false, true]) };
        const configuration = settleOwners(declared, pick([..."mmmo"]));
        const { resources: desired } = configuration;
        const input = { configuration, desired, options };
        // Every table that has a row counts as one with many.
        const some = await readPlan(database.kysely, database, input, -2 * desired.length);
        const all = await readPlan(database.kysely, database, { ...input, needsFacts: true });
        expect(shown(some, configuration), JSON.stringify({ seed, step })).toEqual(shown(all, configuration));
        if (some.plan.changes.some(({ action }) => action === "delete")) seen.all += 1;
        else seen.alone += 1;
        const owner = configuration.runOwners[0]?.name;
        const applied = await apply(declared, { ...runOptions(url), prune: options.prune, owner }).catch(
          (error: unknown) => {
            if (!(error instanceof SetupError)) throw error;
          },
        );
        if (applied?.outcome === "applied") seen.changed += 1;
      }
      await database.close();
    }
    // Each has to be tried for this to say something.
    expect(Math.min(seen.alone, seen.all, seen.changed), JSON.stringify(seen)).toBeGreaterThan(rounds);
  }, 90_000);

  it("reads and writes no more rows than it declares, among thousands of the same owner and of others", async () => {
    const url = await migratedDatabase();
    const many = Array.from({ length: 2000 }, (_, index) =>
      tokenOf(`many-${index}`, `value-${index}`.padEnd(40, "x"), { user: null }),
    );
    const few = [tokenOf("few-1", "f".repeat(40), { user: null }), tokenOf("few-2", "g".repeat(40), { user: null })];
    await apply(configurationOf(...many.slice(0, 1000)), runOptions(url));
    await apply(configurationOf(...many.slice(1000)), runOptions(url, { owner: "other" }));
    await apply(configurationOf(...few), runOptions(url));
    const ran = recordStatements();
    const nothing = await apply(configurationOf(...few), runOptions(url));
    expect(nothing).toMatchObject({ outcome: "unchanged", undeclared: { count: 1000 } });
    expect(nothing.undeclared.first).toHaveLength(20);
    const [one, two] = few as [Resource, Resource];
    const changed = { ...two, attributes: { ...two.attributes, permissions: ["taken.b"] } };
    const result = await apply(configurationOf(one, changed), runOptions(url));
    expect(result.changes.map(({ key }) => key)).toEqual(["few-2"]);
    expect(result.access.gains.map(({ principal }) => principal.key)).toEqual(["few-2"]);
    // The first twenty keys of what its owner manages beside them, and the names of the migrations, are the most.
    expect(Math.max(...ran.map(({ rows }) => rows))).toBeLessThan(40);
    expect(ran.filter(({ sql }) => /^(?:insert|update) .*(?:api_tokens|run_changes)/.test(sql))).toHaveLength(2);
  });

  it.each([
    ["checks what it likes", { check: refuseBesideOther }, "NAME_TAKEN"],
    ["has an attribute that no two entries can share", {}, "DUPLICATE_SECRET"],
  ])("reads all for a module's kind that %s, whichever kind's migration makes its table", async (_, more, code) => {
    const url = temporaryDatabase();
    const up: Migration["up"] = async (db) => {
      await createResourceTable(db, { name: "doors", keyColumn: "name" });
      await createResourceTable(db, { name: "hooks", keyColumn: "name", texts: ["url"] });
    };
    const door = defineKind({ ...placeOf("door"), columns: {}, migrations: [{ name: "door:0001", up }] });
    const address = { ...text("url"), identity: String, same: isDeepStrictEqual };
    const hook = defineKind({ ...placeOf("hook"), columns: { url: address }, ...more });
    const hooks = (...keys: readonly string[]) =>
      keys.map((key) => resource("hook", key, { url: "https://a.example" }));
    const other = resource("group", "other", { permissions: [] });
    const before = {
      ...configurationOf(other, ...hooks("a")),
      kinds: [...coreKinds, door, { ...hook, check: undefined }],
    };
    await apply(before as Configuration, runOptions(url));
    const database = await openForTest(url);
    const configuration = settleOwners(
      { ...configurationOf(...hooks("b")), kinds: [...coreKinds, door, hook] },
      "mine",
    );
    const input = { configuration, desired: configuration.resources, options: runOptions(url) };
    const { plan } = await readPlan(database.kysely, database, input, -2);
    expect(plan.refusals.map((refusal) => refusal.code)).toContain(code);
  });

  it("reads all where that is not more", async () => {
    const url = await migratedDatabase();
    const tokens = names.map((name) => tokenOf(name, name.repeat(40), { user: null }));
    await apply(configurationOf(...tokens), runOptions(url));
    const ran = recordStatements();
    const result = await apply(configurationOf(...tokens.slice(0, 2)), runOptions(url));
    expect(result.undeclared).toEqual({
      count: 2,
      first: [
        { kind: "api_token", key: "c" },
        { kind: "api_token", key: "d" },
      ],
    });
    expect(ran.filter(({ sql, rows }) => sql.includes('from "api_tokens" inner join') && rows === 4)).toHaveLength(1);
  });
});
