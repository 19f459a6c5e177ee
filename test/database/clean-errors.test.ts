import { inspect } from "node:util";
import { sql } from "kysely";
import { describe, expect, it, onTestFinished } from "vitest";
import { DatabaseError } from "../../src/database/database.js";
import { openDatabase, openLiveDatabase } from "../../src/database/open.js";
import { SetupError } from "../../src/errors.js";
import { migratedDatabase } from "../support/migrated-database.js";

const openers = {
  "a run": (url: string) => openDatabase(url, "write"),
  "a server": (url: string) => openLiveDatabase(url, "write"),
};

describe.each(Object.entries(openers))("an error of a database that %s opened", (_, open) => {
  it("is a SetupError that says what it means, and quotes nothing", async () => {
    const database = await open(await migratedDatabase());
    onTestFinished(() => database.close());
    const row = { id: "kanarie-id", owner: null, created_at: "", updated_at: "", name: "kanarie" };
    const write = () => database.kysely.insertInto("groups").values(row).execute();
    await write();
    const taken: unknown = await write().catch((error: unknown) => error);
    expect(taken).toBeInstanceOf(SetupError);
    expect(taken).toMatchObject({ reason: "internal", failure: "other", diagnostics: [{ code: "DATABASE_FAILED" }] });
    expect(inspect(taken, { depth: 9, showHidden: true })).not.toMatch(/kanarie|insert into/i);
    const missing: unknown = await sql`select 1 from not_there`
      .execute(database.kysely)
      .catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(DatabaseError);
    expect(missing).toMatchObject({ failure: "table_missing" });
    // The next statement works.
    expect(await database.kysely.selectFrom("groups").select("name").execute()).toEqual([{ name: "kanarie" }]);
  });
});
