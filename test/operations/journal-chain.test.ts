import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { anyTables, type Database } from "../../src/database/database.js";
import { chainDigest, noLink } from "../../src/database/journal-chain.js";
import { type RunRecord, writeRun } from "../../src/database/write-rows.js";
import {
  type JournalBreak,
  type JournalHead,
  readJournalHead,
  verifyJournal,
} from "../../src/operations/journal/verify.js";
import { signRun } from "../../src/secrets/journal-key.js";
import type { Keys } from "../../src/secrets/key.js";
import { configurationOf, openForTest, resource, runOptions, temporaryDatabase } from "../support/run.js";

const key = randomBytes(32);
const keys: Keys = [key];

interface Journal {
  readonly database: Database;
  readonly verify: (kept?: JournalHead, held?: Keys | undefined) => ReturnType<typeof verifyJournal>;
  /** Writes a run with two changes, signed unless said otherwise. */
  readonly write: (number: number, more?: Partial<RunRecord>, signer?: Buffer | undefined) => Promise<void>;
}

async function emptyJournal(): Promise<Journal> {
  const url = temporaryDatabase();
  await apply(configurationOf(), runOptions(url));
  const database = await openForTest(url);
  return {
    database,
    verify: (kept, held = keys) => verifyJournal(database.kysely, held, kept),
    write: async (number, more = {}, signer = key) => {
      const at = new Date(Date.UTC(2026, 0, number)).toISOString();
      const run = { id: `r-${number}`, startedAt: at, finishedAt: at, actor: "jan@host", version: "1", ...more };
      const changes = ["els", "piet"].map((name) => ({
        action: "update" as const,
        kind: "user",
        key: name,
        id: `u-${name}`,
        fields: [{ name: "email", sensitive: true }],
      }));
      await database.kysely
        .transaction()
        .execute((tx) =>
          writeRun(tx, { through: "user deactivate", ...run }, changes, (digest) =>
            signer.length > 0 ? signRun(signer, digest) : undefined,
          ),
        );
    },
  };
}

const unsigned = Buffer.alloc(0);

async function journalOf(count: number): Promise<Journal> {
  const journal = await emptyJournal();
  for (let number = 1; number <= count; number += 1) await journal.write(number);
  return journal;
}

function shown(breaks: readonly JournalBreak[]): readonly unknown[] {
  return breaks.map((found) => {
    const run = "run" in found ? found.run?.number : undefined;
    return "from" in found ? [found.kind, found.from, found.to] : run === undefined ? [found.kind] : [found.kind, run];
  });
}

/** Gives a run and all after it the digests that they would have, as someone without the key can. */
async function chainAgain({ database }: Journal, signature: "kept" | "taken away"): Promise<void> {
  const db = anyTables(database.kysely);
  let link = noLink;
  for (const { id } of await db.selectFrom("runs").select("id").orderBy("number").execute()) {
    const run = await db
      .selectFrom("runs")
      .selectAll()
      .where("id", "=", id ?? "")
      .executeTakeFirstOrThrow();
    const changes = await db
      .selectFrom("run_changes")
      .selectAll()
      .where("run_id", "=", id ?? "")
      .orderBy("sequence")
      .execute();
    const number = link.number + 1;
    const digest = chainDigest(link, number, run as never, changes as never);
    const kept = signature === "kept" ? (run.signature as string | null) : null;
    link = { number, digest, signature: kept };
    await db
      .updateTable("runs")
      .set({ ...link })
      .where("id", "=", id ?? "")
      .execute();
  }
  await db
    .updateTable("journal_head")
    .set({ ...link })
    .execute();
}

describe("S109: the journal is a keyed chain", () => {
  it("that holds for what apply wrote, as far as that can be said without a key", async () => {
    const url = temporaryDatabase();
    await apply(configurationOf(resource("group", "lezers", { permissions: ["taken.view_taak"] })), runOptions(url));
    const { kysely } = await openForTest(url);
    expect(await verifyJournal(kysely, undefined)).toMatchObject({ runs: 1, breaks: [], hasKey: false });
  });

  it("that holds, and says up to where a signature speaks for it", async () => {
    const { verify } = await journalOf(3);
    expect(await verify()).toMatchObject({
      runs: 3,
      breaks: [],
      unsigned: [],
      signed: { number: 3, id: "r-3", at: "2026-01-03T00:00:00.000Z" },
      firstSigned: { number: 1 },
      head: { count: 3 },
      trimmed: { count: 0 },
    });
  });

  it("in which every column of a run and of a change counts", async () => {
    const journal = await journalOf(3);
    const db = anyTables(journal.database.kysely);
    const tables = [
      { table: "runs", id: "id" },
      { table: "run_changes", id: "run_id" },
    ];
    for (const { table, id } of tables) {
      const row = await db.selectFrom(table).selectAll().where(id, "=", "r-2").executeTakeFirstOrThrow();
      for (const [column, value] of Object.entries(row)) {
        if (column === "number" || column === id) continue;
        const other = typeof value === "number" ? value + 7 : `${value ?? ""}x`;
        const change = sql`update ${sql.table(table)} set ${sql.ref(column)} = ${other}
          where ${sql.ref(id)} = 'r-2' ${table === "runs" ? sql`` : sql`and sequence = ${row.sequence}`}`;
        await change.execute(db);
        const found = shown((await journal.verify()).breaks);
        expect(found.length, `${table}.${column}`).toBeGreaterThan(0);
        expect(String(found[0]), `${table}.${column}`).toMatch(/^(changed|forged),[23]$/);
        const back = sql`update ${sql.table(table)} set ${sql.ref(column)} = ${value}
          where ${sql.ref(id)} = 'r-2' ${table === "runs" ? sql`` : sql`and sequence = ${column === "sequence" ? other : row.sequence}`}`;
        await back.execute(db);
        expect((await journal.verify()).breaks, `${table}.${column}, put back`).toEqual([]);
      }
    }
  });

  it("in which a deleted run or change is missed", async () => {
    const journal = await journalOf(4);
    const { kysely } = journal.database;
    await kysely.deleteFrom("run_changes").where("run_id", "=", "r-1").where("sequence", "=", 1).execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["changed", 1]]);
    await kysely.deleteFrom("run_changes").where("run_id", "=", "r-3").execute();
    await kysely.deleteFrom("runs").where("id", "=", "r-3").execute();
    expect(shown((await journal.verify()).breaks)).toEqual([
      ["changed", 1],
      ["missing", 3, 3],
    ]);
  });

  it("in which a run or change that was put in stands out", async () => {
    const journal = await journalOf(3);
    const db = anyTables(journal.database.kysely);
    const run = await db.selectFrom("runs").selectAll().where("id", "=", "r-2").executeTakeFirstOrThrow();
    await db
      .insertInto("runs")
      .values({ ...run, id: "r-x", number: null })
      .execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["inserted", null]]);
    await db.updateTable("runs").set({ number: 4 }).where("id", "=", "r-x").execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["changed", 4], ["head_changed"]]);
    await db.deleteFrom("runs").where("id", "=", "r-x").execute();
    const change = await db.selectFrom("run_changes").selectAll().where("run_id", "=", "r-2").executeTakeFirstOrThrow();
    await db
      .insertInto("run_changes")
      .values({ ...change, sequence: 9 })
      .execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["changed", 2]]);
  });

  it("in which runs can't change places", async () => {
    const journal = await journalOf(3);
    const db = anyTables(journal.database.kysely);
    for (const [id, number] of [
      ["r-2", -1],
      ["r-1", 2],
      ["r-2", 1],
    ] as const) {
      await db.updateTable("runs").set({ number }).where("id", "=", id).execute();
    }
    expect(shown((await journal.verify()).breaks).slice(0, 2)).toEqual([
      ["changed", 1],
      ["changed", 2],
    ]);
  });

  it("that nobody can write again without the key", async () => {
    const journal = await journalOf(4);
    const db = anyTables(journal.database.kysely);
    await db.updateTable("runs").set({ actor: "somebody-else" }).where("id", "=", "r-2").execute();
    await chainAgain(journal, "kept");
    expect(shown((await journal.verify()).breaks)).toEqual([
      ["forged", 2],
      ["forged", 3],
      ["forged", 4],
    ]);
    // Near twin: the run before it holds, and is what a signature still speaks for.
    expect(await journal.verify()).toMatchObject({ signed: { number: 1 } });
  });

  it("that says where signatures were taken away, and finds that by the next signed run or a head kept elsewhere", async () => {
    const journal = await journalOf(4);
    const kept = await readJournalHead(journal.database.kysely);
    const db = anyTables(journal.database.kysely);
    await db.updateTable("runs").set({ signature: null }).where("id", "=", "r-2").execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["changed", 3]]);
    await chainAgain(journal, "taken away");
    // Nothing in the database can tell this from programs without the key.
    expect(await journal.verify()).toMatchObject({ breaks: [], signed: undefined, firstSigned: undefined });
    expect(shown((await journal.verify(kept)).breaks)).toEqual([["other_head", 4]]);
    await journal.write(5);
    expect(await journal.verify()).toMatchObject({ breaks: [], signed: { number: 5 }, firstSigned: { number: 5 } });
    expect(shown((await journal.verify(kept)).breaks)).toEqual([["other_head", 4]]);
  });

  it("whose cut-off end is found by its record, or by a head kept elsewhere", async () => {
    const journal = await journalOf(4);
    const kept = await readJournalHead(journal.database.kysely);
    const db = anyTables(journal.database.kysely);
    await db.deleteFrom("runs").where("number", ">", 2).execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["cut_off", 3, 4]]);
    const last = await db
      .selectFrom("runs")
      .select(["number", "digest", "signature"])
      .where("id", "=", "r-2")
      .executeTakeFirstOrThrow();
    await db.updateTable("journal_head").set(last).execute();
    expect((await journal.verify()).breaks).toEqual([]);
    expect(shown((await journal.verify(kept)).breaks)).toEqual([["behind_head"]]);
    // Near twin: a head from before holds for ever.
    await journal.write(3);
    expect((await journal.verify({ count: 2, digest: String(last.digest) })).breaks).toEqual([]);
  });

  it("whose runs without a signature are named from the first signed one on", async () => {
    const journal = await emptyJournal();
    const other = randomBytes(32);
    for (const [number, signer] of [unsigned, key, unsigned, unsigned, key, other, unsigned].entries()) {
      await journal.write(number + 1, {}, signer);
    }
    expect(await journal.verify()).toMatchObject({
      breaks: [],
      firstSigned: { number: 2 },
      signed: { number: 5 },
      unsigned: [
        { from: 3, to: 4, reason: "no_signature" },
        { from: 6, to: 6, reason: "unknown_key" },
        { from: 7, to: 7, reason: "no_signature" },
      ],
    });
  });

  it("whose first runs can't be passed off as trimmed", async () => {
    const journal = await journalOf(4);
    const db = anyTables(journal.database.kysely);
    const { number, digest, signature } = await db
      .selectFrom("runs")
      .selectAll()
      .where("id", "=", "r-2")
      .executeTakeFirstOrThrow();
    await db.deleteFrom("runs").where("number", "<=", 2).execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["missing", 1, 2]]);
    await db
      .updateTable("journal_head")
      .set({ trimmed_number: number, trimmed_digest: digest, trimmed_signature: signature } as never)
      .execute();
    expect(shown((await journal.verify()).breaks)).toEqual([["not_trimmed"]]);
  });
});
