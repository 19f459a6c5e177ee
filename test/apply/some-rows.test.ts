import { isDeepStrictEqual } from "node:util";
import { sql } from "kysely";
import { describe, expect, inject, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { migrate } from "../../src/apply/migrate.js";
import { settleOwners } from "../../src/apply/owners.js";
import { readPlan, type Seen } from "../../src/apply/read-plan.js";
import type { Configuration } from "../../src/apply/run.js";
import { createResourceTable, createSetTable } from "../../src/database/create-table.js";
import type { Migration } from "../../src/database/migrations.js";
import { SetupError } from "../../src/errors.js";
import type { PlannedWorld, Refusal } from "../../src/plan/kind.js";
import { endedAliases } from "../../src/plan/renames.js";
import type { Resource } from "../../src/plan/resource.js";
import { reference, setOf, text } from "../../src/resources/columns.js";
import { group, user } from "../../src/resources/kinds.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { Secret } from "../../src/secrets/secret.js";
import { filledDatabase, migratedDatabase } from "../support/migrated-database.js";
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

/**
 * Some of the keys as resources, in one of these ways each: `n` not at all, `p` present, `a` absent, `r` renamed, `x` protected or not any
 * more, `i` with changes of an attribute ignored.
 */
function anyEntries(
  pick: Pick,
  ways: string,
  { kind, keys }: { readonly kind: string; readonly keys: readonly string[] },
  made: (key: string) => Resource,
): Resource[] {
  return keys.flatMap((key): Resource[] => {
    const way = pick([...ways]);
    if (way === "n") return [];
    if (way === "a") return [absent(kind, key)];
    const renamedFrom = pick(keys.filter((name) => name !== key));
    const more = way === "r" ? { renamedFrom } : way === "x" ? { protect: pick([true, false]) } : {};
    const entry = { ...made(key), ...more };
    return [way === "i" ? { ...entry, ignored: [pick(Object.keys(entry.attributes))] } : entry];
  });
}

const password = new Secret("geheim-geheim");

const groups = { kind: "group", keys: names };
const users = { kind: "user", keys: names };
const tokens = { kind: "api_token", keys: ["d", "e", "f", "g"] };

function anyConfiguration(pick: Pick): Configuration {
  const ways = "nnnpppppparx";
  return configurationOf(
    ...anyEntries(pick, ways, groups, (key) => resource("group", key, { permissions: pick(permissions) })),
    ...anyEntries(pick, ways, users, (key) => {
      const more = { is_superuser: pick([false, false, true]), groups: pick([[], [], [], ["a"], ["a", "b"]]) };
      return userOf(key, { ...more, permissions: pick(permissions), password });
    }),
    ...anyEntries(pick, ways, tokens, (key) => anyToken(pick, key)),
  );
}

function anyToken(pick: Pick, key: string): Resource {
  const user = pick([null, null, null, null, "a", "b"]);
  const value = pick([key, key, key, key, key, key, ...names]).repeat(40);
  return tokenOf(key, value, { user, permissions: user === null ? pick(permissions) : pick([null, ...permissions]) });
}

const door = defineKind({
  name: "door",
  table: "doors",
  keyColumn: "name",
  columns: {
    chief: reference("chief_id", user, null),
    readers: setOf("door_readers", { rowColumn: "door_id", memberColumn: "group_id", target: group }, []),
  },
  migrations: [
    {
      name: "door:0001",
      up: async (db) => {
        const references = { chief_id: "users" };
        await createResourceTable(db, { name: "doors", keyColumn: "name", optionalTexts: ["chief_id"], references });
        const set = { name: "door_readers", rowColumn: "door_id", rowTable: "doors" };
        await createSetTable(db, { ...set, memberColumn: "group_id", memberTable: "groups" });
      },
    },
  ],
});
const doors = { kind: "door", keys: names };
const withDoors = [...coreKinds, door];
const databaseWithDoors = filledDatabase((database) => migrate({ database, kinds: withDoors }));

/** As files of one or two owners declare it, one of whom may take over another's, each entry on a line. */
function anyFiles(pick: Pick): Configuration {
  const ways = "nnnnnnnpppparxi";
  const settings = pick([["default"], ["shop"], ["default", "shop"]]).map((name) => {
    return { name, formerly: pick([undefined, undefined, undefined, name === "shop" ? "default" : "shop"]) };
  });
  const memberships = (of: readonly string[]) => ({
    groups: of,
    groups_until: Object.fromEntries(
      of.flatMap((name) => (pick([true, false]) ? [[name, "2131-01-01T00:00:00.000Z"]] : [])),
    ),
  });
  const entries = [
    ...anyEntries(pick, ways, groups, (key) => resource("group", key, { permissions: pick(permissions) })),
    ...anyEntries(pick, ways, { kind: "oidc_provider", keys: ["a", "b"] }, (key) =>
      resource("oidc_provider", key, { issuer: `https://${pick(["a", "b"])}.example`, former_issuers: [] }),
    ),
    ...anyEntries(pick, ways, { kind: "oidc_client", keys: ["admin-oidc", "api-oidc"] }, (key) =>
      resource("oidc_client", key, {
        provider: pick(["a", "b"]),
        client_id: "x",
        client_secret: password,
        enabled: true,
      }),
    ),
    ...anyEntries(pick, ways, users, (key) =>
      userOf(key, { is_superuser: pick([false, true]), ...memberships(pick([[], ["a"], ["a", "b"]])) }),
    ),
    ...differing(anyEntries(pick, ways, { kind: "api_token", keys: ["a", "d", "e"] }, (key) => anyToken(pick, key))),
    ...anyEntries(pick, ways, doors, (key) =>
      resource("door", key, { chief: pick([null, "a", "b"]), readers: pick([[], ["a"], ["b", "c"]]) }),
    ),
  ];
  const resources = entries.map((entry, index) => {
    const position = { file: "test.yaml", line: index + 1, column: 1 };
    return { ...entry, owner: pick(settings).name, range: { position, start: 0, end: 0 } };
  });
  const kinds = new Set(withDoors.map(({ name }) => name));
  const range = resource("group", "a").range;
  const owners = settings.map(({ name, formerly }) => ({ setting: { name, formerly, range }, kinds }));
  return { ...configurationOf(...resources), kinds: withDoors, owners };
}

/** Without those that have another one's value: no file with both gets that far. */
function differing(entries: readonly Resource[]): readonly Resource[] {
  const tokenIn = ({ key, attributes: { token } }: Resource) => (token instanceof Secret ? token.reveal() : key);
  return [...new Map(entries.map((entry) => [tokenIn(entry), entry])).values()];
}

const edits = [
  "update users set deactivated_at = '2026-01-01T00:00:00.000Z' where username = 'a'",
  "update users set username = 'by hand' where username = 'b' and not exists (select 1 from users where username = 'by hand')",
  "update users set owner = 'other' where username = 'c'",
  "update groups set owner = null where name = 'a'",
  "update api_tokens set disabled_at = '2026-01-01T00:00:00.000Z' where identifier = 'd'",
  "insert into user_groups (user_id, group_id, origin) select u.id, g.id, 'claim' from users u, groups g where g.name = 'b' and not exists (select 1 from user_groups m where m.user_id = u.id and m.group_id = g.id)",
  "insert into entry_settings (kind, resource_id, protect, renamed_from) select 'user', id, 0, 'former' from users where username = 'd' and id not in (select resource_id from entry_settings)",
];

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

  it("is the one that reads them all, with kinds of modules, several owners, and rows that were edited by hand", async () => {
    const rounds = inject("dialect") === "sqlite" ? 6 : 2;
    const seen = { some: 0, applied: 0 };
    for (let seed = 1; seed <= rounds; seed += 1) {
      const url = await databaseWithDoors();
      const database = await openForTest(url);
      const pick = picker(seed);
      for (let step = 0; step < 12; step += 1) {
        let declared = anyFiles(pick);
        const options = { ...runOptions(url), owner: undefined, prune: pick([false, false, false, true]) };
        // What is refused is left out, until the rest can be applied.
        for (let left = declared.resources.length; left > 0; ) {
          const configuration = settleOwners(declared, undefined);
          const { resources: desired } = configuration;
          const input = { configuration, desired, options: { ...options, newId: () => "new" } };
          const some = await readPlan(database.kysely, database, input, -2 * desired.length);
          const all = await readPlan(database.kysely, database, input, Number.MAX_SAFE_INTEGER);
          expect(shown(some, configuration), JSON.stringify({ seed, step })).toEqual(shown(all, configuration));
          seen.some += 1;
          const lines = new Set(some.plan.refusals.map(({ range }) => range?.position.line));
          const resources = desired.filter(({ range }) => !lines.has(range.position.line));
          declared = { ...declared, resources };
          left = resources.length < left ? resources.length : 0;
        }
        const result = await apply(declared, options).catch((error: unknown) => {
          if (!(error instanceof SetupError) || error.reason === "internal") throw error;
        });
        if (result?.outcome === "applied") seen.applied += 1;
        await sql.raw(pick(edits)).execute(database.kysely);
      }
      await database.close();
    }
    expect(seen.applied, JSON.stringify(seen)).toBeGreaterThan(3 * rounds);
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
