import { describe, expect, inject, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { ApplyOptions } from "../../src/apply/options.js";
import { plan } from "../../src/apply/plan.js";
import type { Configuration, RunResult } from "../../src/apply/run.js";
import { createResourceTable } from "../../src/database/create-table.js";
import { SetupError } from "../../src/errors.js";
import type { Resource } from "../../src/plan/resource.js";
import { text } from "../../src/resources/columns.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { contentsOf } from "../support/databases.js";
import { absent, configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";
import { otherValue, token, tokenValue, user } from "../verifier/verifier-world.js";

type Outcome =
  | { readonly changes: readonly object[] }
  | { readonly refused: readonly string[]; readonly reason: string };

async function outcomeOf(run: Promise<RunResult>): Promise<Outcome> {
  try {
    const { changes } = await run;
    return { changes: changes.map(({ action, kind, key, fields }) => ({ action, kind, key, fields })) };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { refused: error.diagnostics.map(({ code, message }) => `${code} ${message}`), reason: error.reason };
  }
}

/** Plans and applies, which must agree, and applies again, which must change nothing. */
async function settle(url: string, configuration: Configuration, given: Partial<ApplyOptions> = {}): Promise<Outcome> {
  const options = runOptions(url, given);
  const planned = await outcomeOf(plan(configuration, options));
  const applied = await outcomeOf(apply(configuration, options));
  expect(applied).toEqual(planned);
  if ("changes" in applied) {
    expect(await apply(configuration, options)).toMatchObject({ outcome: "unchanged", changes: [] });
  } else {
    expect(applied.reason).not.toBe("internal");
  }
  return applied;
}

/** Which users there are, and whose the tokens are. */
async function namesIn(url: string) {
  const { kysely } = await openForTest(url);
  const users = await kysely.selectFrom("users").select(["username", "is_service"]).orderBy("username").execute();
  const tokens = await kysely
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .select(["identifier", "username"])
    .orderBy("identifier")
    .execute();
  return {
    users: users.filter((row) => row.is_service === 0).map(({ username }) => username),
    services: users.filter((row) => row.is_service === 1).map(({ username }) => username),
    tokens: tokens.map(({ identifier, username }) => `${identifier} of ${username}`),
  };
}

const service = token("zaak", tokenValue);
const tied = (key: string, username: string, value = tokenValue) =>
  token(key, value, { user: username, permissions: null });

describe("F28: plan and apply agree on who has a name, service users included", () => {
  it("refuses a user with the name of a service user that stays, and each solution in the hint works", async () => {
    const ways: readonly Configuration[] = [
      configurationOf(user("zaak"), tied("zaak", "zaak")),
      configurationOf(user("zaak"), absent("api_token", "zaak")),
      configurationOf(user("zaken")),
    ];
    for (const way of ways) {
      const url = temporaryDatabase();
      await settle(url, configurationOf(service));
      const before = await contentsOf(url);
      const refused = await settle(url, configurationOf(user("zaak")));
      expect(refused).toMatchObject({
        reason: "refused",
        refused: [
          "NAME_TAKEN the service user of api_token zaak, which this run does not change, has the name of user zaak",
        ],
      });
      expect(await contentsOf(url)).toBe(before);
      expect(await settle(url, way)).toHaveProperty("changes");
    }
  });

  it("refuses a service user with the name of a user, and the solution in the hint works on the existing rows", async () => {
    const url = temporaryDatabase();
    await settle(url, configurationOf(user("zaak")));
    expect(await settle(url, configurationOf(service))).toMatchObject({
      refused: [expect.stringMatching(/^NAME_TAKEN/)],
    });
    expect(await settle(url, configurationOf(tied("zaak", "zaak")))).toHaveProperty("changes");
    expect(await namesIn(url)).toEqual({ users: ["zaak"], services: [], tokens: ["zaak of zaak"] });
  });

  it("hands a name over when the token gets another identifier", async () => {
    const url = temporaryDatabase();
    await settle(url, configurationOf(service));
    await settle(url, configurationOf(user("zaak"), token("zaken", tokenValue)));
    expect(await namesIn(url)).toEqual({ users: ["zaak"], services: ["zaken"], tokens: ["zaken of zaken"] });
  });

  it("hands a name over when the token is tied to that user, to another one, is absent or pruned", async () => {
    const ways: readonly (readonly [Configuration, Partial<ApplyOptions>, readonly string[]])[] = [
      [configurationOf(user("zaak"), tied("zaak", "zaak")), {}, ["zaak of zaak"]],
      [configurationOf(user("zaak"), user("jan"), tied("zaak", "jan")), {}, ["zaak of jan"]],
      [configurationOf(user("zaak"), absent("api_token", "zaak")), {}, []],
      [configurationOf(user("zaak"), tied("b", "zaak", otherValue)), { prune: true }, ["b of zaak"]],
    ];
    for (const [way, options, tokens] of ways) {
      const url = temporaryDatabase();
      await settle(url, configurationOf(service));
      expect(await settle(url, way, options)).toHaveProperty("changes");
      expect(await namesIn(url)).toMatchObject({ services: [], tokens });
    }
  });

  it("hands a user's name over to a service user, and swaps the two", async () => {
    const url = temporaryDatabase();
    await settle(url, configurationOf(user("a"), token("b", tokenValue), tied("c", "a", otherValue)));
    const swapped = configurationOf(absent("user", "a"), user("b"), token("a", tokenValue), tied("c", "b", otherValue));
    await settle(url, swapped);
    expect(await namesIn(url)).toEqual({ users: ["b"], services: ["a"], tokens: ["a of a", "c of b"] });
    await settle(url, configurationOf(absent("user", "b"), token("a", tokenValue), token("c", otherValue)));
    expect(await namesIn(url)).toEqual({ users: [], services: ["a", "c"], tokens: ["a of a", "c of c"] });
  });

  it("names the owner of the token whose service user is in the way", async () => {
    const url = temporaryDatabase();
    await settle(url, configurationOf(service), { owner: "zaken" });
    await expect(plan(configurationOf(user("zaak")), runOptions(url))).rejects.toMatchObject({
      diagnostics: [
        {
          code: "NAME_TAKEN",
          hint: expect.stringMatching(/^choose another username, or change the token in the files of the owner zaken:/),
        },
      ],
    });
  });

  it("reports a broken rule of the tables as such, not as damage, and without the value", async () => {
    const url = temporaryDatabase();
    const door = defineKind({
      name: "door",
      table: "doors",
      keyColumn: "name",
      columns: { lock: text("lock") },
      migrations: [
        {
          name: "door:0001",
          up: (db) =>
            createResourceTable(db, { name: "doors", keyColumn: "name", texts: ["lock"], unique: [["lock"]] }),
        },
      ],
    });
    const doors = ["a", "b"].map((key) => resource("door", key, { lock: "kanarie" }));
    const desired = { ...configurationOf(...doors), kinds: [...coreKinds, door] };
    const error = await apply(desired, runOptions(url)).catch((reason: unknown) => reason);
    const rule = inject("dialect") === "sqlite" ? "UNIQUE constraint failed: doors.lock" : "constraint doors_lock";
    expect(error).toMatchObject({ reason: "internal", diagnostics: [{ message: expect.stringContaining(rule) }] });
    expect(JSON.stringify(error)).not.toMatch(/damage|kanarie/);
  });

  it("for whatever follows whatever, over a few names", async () => {
    const rounds = inject("dialect") === "sqlite" ? 24 : 5;
    const seen = { done: 0, refused: 0 };
    for (let seed = 1; seed <= rounds; seed += 1) {
      const url = temporaryDatabase();
      const pick = picker(seed);
      for (let step = 0; step < 8; step += 1) {
        const desired = anyConfiguration(pick);
        const options = { prune: pick([false, true]), owner: pick([..."mmmmmmmmmo"]) };
        const what = JSON.stringify({ seed, step, options, desired: desired.resources.map(short) });
        const outcome = await settle(url, desired, options).catch((error: unknown) => {
          throw new Error(`plan and apply disagree: ${what}`, { cause: error });
        });
        seen["changes" in outcome ? "done" : "refused"] += 1;
      }
    }
    // Both have to be tried for this to say something.
    expect(Math.min(seen.done, seen.refused)).toBeGreaterThan(rounds);
  });
});

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

function anyConfiguration(pick: Pick): Configuration {
  const names = ["a", "b", "c"];
  const users = names.flatMap((name): readonly Resource[] => {
    const account = pick(["none", "none", "none", "present", "absent"]);
    if (account === "none") return [];
    return [account === "present" ? user(name) : absent("user", name)];
  });
  const present = users.filter((account) => account.present).map(({ key }) => key);
  const from = pick([0, 0, 0, 1, 2]);
  const tokens = names.flatMap((name, index): readonly Resource[] => {
    const value = (names[(index + from) % names.length] ?? "").repeat(40);
    const credential = pick(["none", "none", "service", "tied", "absent"]);
    if (credential === "none") return [];
    if (credential === "absent") return [absent("api_token", name)];
    return [credential === "tied" ? tied(name, pick([...present, ...names]), value) : token(name, value)];
  });
  return configurationOf(...users, ...tokens);
}

function short({ kind, key, present, attributes }: Resource): string {
  return `${present ? "" : "-"}${kind} ${key}${typeof attributes.user === "string" ? `→${attributes.user}` : ""}`;
}
