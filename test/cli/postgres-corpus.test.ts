import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { databaseOf, tablesOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { type CorpusProviders, type CorpusRow, rows, startCorpusProviders, title } from "./corpus-rows.js";
import { jsonRun } from "./outcome.js";

type Cell = string | number | null;
type TableRow = Readonly<Record<string, Cell>>;

let providers: CorpusProviders;

beforeAll(async () => {
  providers = await startCorpusProviders();
});

afterAll(() => providers.close());

/** Everything that a database holds, in an order that has nothing to do with it, but for ids, times, and what has a salt. */
async function everythingIn(url: string): Promise<Readonly<Record<string, readonly TableRow[]>>> {
  const { kysely } = await openForTest(url);
  const tables = kysely.withTables<Record<string, Record<string, Cell>>>();
  const read = await Promise.all(
    (await tablesOf(url)).map(async (name) => [name, await tables.selectFrom(name).selectAll().execute()] as const),
  );
  const names = new Map(
    read.flatMap(([table, found]) =>
      found.map((row) => [row.id, `${table} ${row.identifier ?? row.username ?? row.name ?? ""}`] as const),
    ),
  );
  const shown = (table: string, [column, value]: readonly [string, Cell]): readonly [string, Cell] => {
    if (value !== null && /_at$|^valid_until$|^(?:value_)?since$/.test(column)) return [column, "a time"];
    if (value !== null && /^(?:client_secret|sign_key|password_hash|key_id|store_id|signature)$/.test(column))
      return [column, "…"];
    // Of a run, with its id and times; a token's is that of its value.
    if (value !== null && column === "digest" && /^(?:runs|journal_head)$/.test(table)) return [column, "…"];
    return [column, names.get(value) ?? value];
  };
  return Object.fromEntries(
    read.map(([table, found]) => [
      table,
      found
        .map((row) =>
          Object.fromEntries(
            Object.entries(row)
              .map((cell) => shown(table, cell))
              .sort(),
          ),
        )
        .sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)),
    ]),
  );
}

/** What a plan, an apply and a second plan of a file say, and what there is then. */
async function storyOf(row: CorpusRow, folder: string, database: string) {
  const run = async (...args: readonly string[]) => {
    const options = { cwd: folder, env: { VTB_SETUP_KEY: "11".repeat(32), ...row.env } };
    const all = [...args, row.file, "--database", database, "--output", "json"];
    const { json, status, stderr } = jsonRun(await runCli(all, options));
    const { run: _, ...said } = json;
    return { status, stderr, said };
  };
  const runs = [await run("plan"), await run("apply"), await run("plan", "--detailed-exitcode")];
  return { runs, everything: row.outcome === "applied" ? await everythingIn(database) : {} };
}

describe("a file that is applied to both databases", () => {
  it.each(rows.map((row) => [title(row), row] as const))(
    "%s gives the same rows, the same plan and the same JSON",
    async (_title, row) => {
      const folder = temporaryFolder();
      writeFiles(folder, { [row.file]: providers.local(row.file) });
      const onServer = await storyOf(row, folder, databaseOf(folder));
      const inFile = await storyOf(row, folder, `sqlite:${join(folder, "auth.db")}`);
      expect(onServer).toEqual(inFile);
      expect(onServer.runs.map(({ status }) => status)).toEqual(row.outcome === "applied" ? [0, 0, 0] : [3, 3, 3]);
      if (row.outcome === "applied") expect(onServer.everything.runs).toHaveLength(1);
    },
  );
});
