import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { anyTables, type Connection, chunk } from "../../src/database/database.js";
import { withLock } from "../../src/database/lock.js";
import { runMigrations } from "../../src/database/migrate.js";
import { coreMigrations } from "../../src/database/migrations.js";
import { type ChangeRecord, type RunRecord, writeRun } from "../../src/database/write-rows.js";
import {
  formatPosition,
  type JournalEntry,
  type JournalFilter,
  parsePosition,
  readJournal,
  readJournalChoices,
  readJournalPage,
} from "../../src/operations/read-journal.js";
import type { Resource } from "../../src/plan/resource.js";
import { journalCsvHeading, journalToCsv, journalToJson } from "../../src/report/journal.js";
import { csvList, jsonList, listText } from "../../src/report/list-format.js";
import { Secret } from "../../src/secrets/secret.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { absent, configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";
import { token, tokenValue, user } from "../verifier/verifier-world.js";

async function emptyWorld() {
  const url = await migratedDatabase();
  const { kysely } = await openForTest(url);
  const applyTo = (at: string, ...resources: readonly Resource[]) =>
    apply(configurationOf(...resources), runOptions(url, { now: () => new Date(at) }));
  return { url, kysely, apply: applyTo };
}

/** Such as `update user jan`. */
function names(entries: readonly JournalEntry[]): readonly string[] {
  return entries.map(({ action, kind, key }) => `${action} ${kind} ${key}`);
}

async function read(db: Connection, filter: JournalFilter = {}): Promise<readonly JournalEntry[]> {
  const all: JournalEntry[] = [];
  for await (const page of readJournal(db, filter)) all.push(...page);
  return all;
}

function change(kind: string, key: string, more: Partial<ChangeRecord> = {}): ChangeRecord {
  return { action: "update", kind, key, id: `${kind}-${key}`, fields: [], ...more };
}

async function record(db: Connection, run: Partial<RunRecord> & { readonly id: string }, ...changes: ChangeRecord[]) {
  const at = run.finishedAt ?? "2026-01-01T00:00:00.000Z";
  const usual = { startedAt: at, finishedAt: at, actor: "jan@host", through: "user deactivate" as const };
  await db
    .transaction()
    .execute((tx) => writeRun(tx, { ...usual, version: "1.0.0", ...run }, changes, () => undefined));
}

describe("the journal", () => {
  it("has what each run did, the newest first, with who, when and through what", async () => {
    const { kysely, apply } = await emptyWorld();
    await apply("2026-01-01T10:00:00.000Z", resource("group", "lezers", { permissions: ["taken.view_taak"] }));
    await apply("2026-01-02T10:00:00.000Z", resource("group", "lezers", { permissions: ["taken.add_taak"] }));
    const run = { id: "r-3", finishedAt: "2026-01-03T10:00:00.000Z", actor: "els", claimedActor: "piet" };
    await record(kysely, { ...run, actorUserId: "u-1", through: "admin" }, change("user", "jan"));
    const entries = await read(kysely);
    expect(names(entries)).toEqual(["update user jan", "update group lezers", "create group lezers"]);
    expect(entries[0]).toMatchObject({
      run: { id: "r-3", at: run.finishedAt, actor: "els", claimedActor: "piet", actorUserId: "u-1", through: "admin" },
      fields: [],
    });
    expect(entries[1]).toMatchObject({
      run: {
        at: "2026-01-02T10:00:00.000Z",
        actor: "tester@host",
        claimedActor: null,
        actorUserId: null,
        through: "apply",
        owners: ["default"],
        files: [{ file: "test.yaml", sha256: "0".repeat(64) }],
        version: "0.0.0",
      },
      fields: [{ name: "permissions", before: ["taken.view_taak"], after: ["taken.add_taak"] }],
    });
  });

  it("is read in pages that have each change once, also of runs of the same moment", async () => {
    const { kysely } = await emptyWorld();
    for (const id of ["r-1", "r-2", "r-3"]) {
      await record(kysely, { id }, change("user", `${id}-a`), change("user", `${id}-b`), change("user", `${id}-c`));
    }
    await record(kysely, { id: "r-0", finishedAt: "2026-02-01T00:00:00.000Z" }, change("user", "late"));
    const keys: string[] = [];
    for (let after: string | undefined = ""; after !== undefined; ) {
      const page = await readJournalPage(kysely, {}, { after: parsePosition(after), limit: 4 });
      keys.push(...page.entries.map(({ key }) => key));
      after = page.next && formatPosition(page.next);
    }
    const ofRun = (id: string) => [`${id}-c`, `${id}-b`, `${id}-a`];
    expect(keys).toEqual(["late", ...ofRun("r-3"), ...ofRun("r-2"), ...ofRun("r-1")]);
  });

  it.each(["", "x", "2026-01-01T00:00:00.000Z_r_-1", "2026-01-01T00:00:00.000Z_r'_1", "_r_1"])(
    "knows no position %j",
    (text) => {
      expect(parsePosition(text)).toBeUndefined();
    },
  );

  it("follows an object through its names, and has what had the name before it", async () => {
    const { kysely, apply } = await emptyWorld();
    await apply("2026-01-01T00:00:00.000Z", user("jan"), user("piet"));
    await apply("2026-01-02T00:00:00.000Z", absent("user", "jan"), user("piet"));
    await apply("2026-01-03T00:00:00.000Z", { ...user("jan"), renamedFrom: "piet" });
    await apply("2026-01-04T00:00:00.000Z", user("jan", { first_name: "Jan" }), user("piet"));
    const days = (entries: readonly JournalEntry[]) =>
      entries.map(({ run: { at }, action, key }) => `${at.slice(8, 10)} ${action} ${key}`);
    const jan = await read(kysely, { entry: { kind: "user", key: "jan" } });
    expect(days(jan)).toEqual(["04 update jan", "03 update jan", "02 delete jan", "01 create piet", "01 create jan"]);
    // Another one has the name now; what the first one did under it stays.
    const piet = await read(kysely, { entry: { kind: "user", key: "piet" } });
    expect(days(piet)).toEqual(["04 create piet", "01 create piet"]);
    expect(await read(kysely, { entry: { kind: "group", key: "jan" } })).toEqual([]);
  });

  it("is filtered by all that is given", async () => {
    const { kysely } = await emptyWorld();
    const day = (number: number) => `2026-03-0${number}T00:00:00.000Z`;
    await record(
      kysely,
      { id: "r-1", finishedAt: day(1), actor: "Jan@Host" },
      change("user", "Beheer_1"),
      change("api_token", "open-forms", { action: "delete" }),
    );
    await record(
      kysely,
      { id: "r-2", finishedAt: day(2), through: "admin", actorUserId: "u-1" },
      change("user", "els"),
    );
    await record(
      kysely,
      { id: "r-3", finishedAt: day(3), actor: "ci@runner", claimedActor: "100% jan", through: "apply", owner: "shop" },
      change("group", "beheerders", { action: "create" }),
    );
    const found = async (filter: JournalFilter) => (await read(kysely, filter)).map(({ key }) => key);
    expect(await found({ kind: "user" })).toEqual(["els", "Beheer_1"]);
    expect(await found({ action: "create" })).toEqual(["beheerders"]);
    expect(await found({ through: "admin" })).toEqual(["els"]);
    expect(await found({ actorUserId: "u-1" })).toEqual(["els"]);
    expect(await found({ actorUserId: "u-2" })).toEqual([]);
    expect(await found({ actor: "jan@host" })).toEqual(["els", "open-forms", "Beheer_1"]);
    expect(await found({ actor: "% JAN" })).toEqual(["beheerders"]);
    expect(await found({ text: "BEHEER" })).toEqual(["beheerders", "Beheer_1"]);
    expect(await found({ text: "r_1" })).toEqual(["Beheer_1"]);
    expect(await found({ text: "r%" })).toEqual([]);
    expect(await found({ sinceMs: Date.parse(day(2)), untilMs: Date.parse(day(3)) })).toEqual(["els"]);
    expect(await found({ kind: "user", through: "user deactivate", text: "beheer" })).toEqual(["Beheer_1"]);
    expect(await found({ kind: "group", actor: "host" })).toEqual([]);
    expect(await readJournalChoices(kysely)).toEqual({
      kinds: ["api_token", "group", "user"],
      throughs: ["admin", "apply", "user deactivate"],
    });
  });

  it("is filtered by who and through what where more runs match than are looked up", async () => {
    const { kysely } = await emptyWorld();
    const numbers = Array.from({ length: 2100 }, (_, number) => number);
    for (const batch of chunk(numbers, 300)) {
      const rows = batch.map((number) => {
        const at = new Date(1_700_000_000_000 + number * 1000).toISOString();
        const through = number % 100 === 0 ? ("admin" as const) : ("sign-in" as const);
        const run = { id: `r-${number}`, started_at: at, finished_at: at, actor: "sign-in", through };
        const change = {
          run_id: run.id,
          sequence: 0,
          action: "update",
          kind: "user",
          key: `u-${number}`,
          resource_id: "",
        };
        return {
          run: { ...run, owner: "", version: "1.0.0", files: "[]" },
          change: { ...change, fields: "[]", recorded_at: at },
        };
      });
      await kysely
        .insertInto("runs")
        .values(rows.map(({ run }) => run))
        .execute();
      await kysely
        .insertInto("run_changes")
        .values(rows.map(({ change }) => change))
        .execute();
    }
    expect(await read(kysely, { through: "sign-in" })).toHaveLength(2079);
    expect(await read(kysely, { actor: "sign-in" })).toHaveLength(2100);
    expect(await read(kysely, { actor: "sign-in", through: "admin" })).toHaveLength(21);
  });

  it("never has a secret, in any form", async () => {
    const { kysely, apply } = await emptyWorld();
    const password = "a-password-of-somebody";
    await apply(
      "2026-01-01T00:00:00.000Z",
      token("open-forms", tokenValue),
      user("jan", { password: new Secret(password) }),
    );
    const entries = await read(kysely);
    expect(entries.find(({ key }) => key === "jan")?.fields).toContainEqual({ name: "password", sensitive: true });
    const texts = [JSON.stringify(entries), ...entries.map(journalToCsv)].join("\n");
    expect(texts).toContain('{"name":"token","sensitive":true}');
    expect(texts).not.toContain(tokenValue);
    expect(texts).not.toContain(password);
  });

  it("is written as CSV that no spreadsheet runs, a line for each field", async () => {
    const { kysely } = await emptyWorld();
    await record(
      kysely,
      { id: "r-1", actor: "=cmd()", claimedActor: 'a "b", c', owner: "shop\ndesk", files: [] },
      change("user", "-jan", {
        fields: [
          { name: "email", before: "+31", after: "jan@gemeente.example" },
          { name: "options", before: {}, after: { user_settings: { a: "@x" } } },
          { name: "password", sensitive: true },
        ],
      }),
    );
    await record(kysely, { id: "r-2", finishedAt: "2025-01-01T00:00:00.000Z" }, change("user", "els"));
    let text = "";
    for await (const part of listText(readJournal(kysely, {}), csvList(journalCsvHeading, journalToCsv))) text += part;
    const run = `2026-01-01T00:00:00.000Z,r-1,'=cmd(),"a ""b"", c",user deactivate,shop desk,,1.0.0,update,user,'-jan`;
    expect(text.split("\r\n")).toEqual([
      "time,run,actor,claimed_actor,through,owner,files,version,action,kind,name,field,before,after",
      `${run},email,'+31,jan@gemeente.example`,
      `${run},options.user_settings.a,(none),'@x`,
      `${run},password,(secret),(secret)`,
      "2025-01-01T00:00:00.000Z,r-2,jan@host,,user deactivate,,,1.0.0,update,user,els,,,",
      "",
    ]);
  });

  it("is written as JSON, with the digests of files and without what may be a secret", async () => {
    const { kysely } = await emptyWorld();
    const digest = "0123456789abcdef".repeat(4);
    const run = { id: "r-1", owner: "shop", files: [{ file: "shop.yaml", sha256: digest }] };
    await record(
      kysely,
      run,
      change("user", tokenValue, { id: "u-1", fields: [{ name: "email", before: "", after: tokenValue }] }),
    );
    let text = "";
    for await (const part of listText(readJournal(kysely, {}), jsonList("history", journalToJson))) text += part;
    expect(text).not.toContain(tokenValue);
    expect(JSON.parse(text)).toMatchObject({
      command: "history",
      outcome: "ok",
      items: [
        {
          action: "update",
          kind: "user",
          key: "•••",
          fields: [{ name: "email", before: "", after: "•••" }],
          run: { id: "r-1", owners: ["shop"], files: [{ file: "shop.yaml", sha256: digest }] },
        },
      ],
    });
  });

  it("has the changes of earlier versions at the time of their runs", async () => {
    const database = await openForTest(temporaryDatabase());
    const lock = { timeoutMs: 0, sleep: async () => {}, now: Date.now, newId: () => "store", hasTables: false };
    const [at, later] = ["2024-05-01T00:00:00.000Z", "2024-06-01T00:00:00.000Z"];
    await withLock(database, lock, async (tx) => {
      await runMigrations(tx, coreMigrations.slice(0, 22), at);
      for (const [id, finished] of [
        ["r-1", later],
        ["r-2", at],
      ]) {
        const run = { id, started_at: at, finished_at: finished, actor: "a", owner: "", version: "0", files: "[]" };
        const made = {
          run_id: id,
          sequence: 0,
          action: "create",
          kind: "group",
          key: id,
          resource_id: id,
          fields: "[]",
        };
        await anyTables(tx).insertInto("runs").values(run).execute();
        await anyTables(tx).insertInto("run_changes").values(made).execute();
      }
      return { commit: true, value: undefined };
    });
    await withLock(database, { ...lock, hasTables: true }, async (tx) => {
      await runMigrations(tx, coreMigrations.slice(22), at);
      return { commit: true, value: undefined };
    });
    expect(names(await read(database.kysely))).toEqual(["create group r-1", "create group r-2"]);
    expect(names(await read(database.kysely, { sinceMs: Date.parse(later) }))).toEqual(["create group r-1"]);
  });
});
