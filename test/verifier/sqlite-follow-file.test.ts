import { existsSync, renameSync, rmSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { openDatabase, openLiveDatabase } from "../../src/database/open.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { configurationOf, runOptions, temporaryDatabase } from "../support/run.js";
import { countUp, sqlInAnotherProcess } from "../support/sql-in-another-process.js";
import { makeWorld, otherValue, principalIn, token, tokenValue } from "./verifier-world.js";

const header = `Token ${tokenValue}`;
const fileOf = (url: string) => url.slice("sqlite:".length);

/** Longer than a replaced file may go unnoticed. */
const noticeMs = 1100;

describe("a verifier whose database file changes", () => {
  it("looks for changes once in a turn of the event loop", async () => {
    const { url } = await makeWorld([token("a", tokenValue)]);
    const database = await openLiveDatabase(url, "read");
    const first = await database.changes.current();
    sqlInAnotherProcess(url, countUp);
    expect(database.changes.current()).toBe(first);
    await setImmediate();
    expect((await database.changes.current()).revision).toBe(first.revision + 1);
    await database.close();
  });

  it("continues with a database that replaced its own", async () => {
    const { authenticate, url, reasons } = await makeWorld([token("a", tokenValue)]);
    principalIn(await authenticate(header));
    const next = temporaryDatabase();
    await apply(configurationOf(token("b", otherValue)), runOptions(next));
    renameSync(fileOf(next), fileOf(url));
    await setTimeout(noticeMs);
    expect((await authenticate(header)).kind).toBe("rejected");
    expect(principalIn(await authenticate(`Token ${otherValue}`)).credential).toBe("b");
    expect(reasons()).toEqual(["unknown_token"]);
  });

  it("says so when the earlier database's log is still in the way of another one, and goes on without it", async () => {
    const { authenticate, url } = await makeWorld([token("a", tokenValue)]);
    // A reader of the state before a change prevents that the log is emptied.
    const held = await openDatabase(url, "write");
    const reading = await held.kysely.startTransaction().execute();
    await reading.selectFrom("users").select("id").execute();
    const writer = await openDatabase(url, "write");
    await writer.kysely.updateTable("api_tokens").set({ last_used_at: "2026-01-01T00:00:00.000Z" }).execute();
    await writer.close();
    principalIn(await authenticate(header));
    expect(existsSync(`${fileOf(url)}-wal`)).toBe(true);
    await setTimeout(noticeMs);
    principalIn(await authenticate(header));
    const next = temporaryDatabase();
    await apply(configurationOf(token("b", otherValue)), runOptions(next));
    renameSync(fileOf(next), fileOf(url));
    await setTimeout(noticeMs);
    await expect(authenticate(header)).rejects.toThrow("was replaced or overwritten while the earlier one was in use");
    await reading.rollback().execute();
    await held.close();
    rmSync(`${fileOf(url)}-wal`, { force: true });
    rmSync(`${fileOf(url)}-shm`, { force: true });
    expect(principalIn(await authenticate(`Token ${otherValue}`)).credential).toBe("b");
  });

  it("throws while there is no database, and recovers by itself", async () => {
    const { authenticate, verifier, url, events } = await makeWorld([token("a", tokenValue)]);
    principalIn(await authenticate(header));
    const aside = `${fileOf(url)}.aside`;
    renameSync(fileOf(url), aside);
    await setTimeout(noticeMs);
    await expect(authenticate(header)).rejects.toThrow("there is no such file [DATABASE_UNREACHABLE]");
    const decision = await verifier.authorize(header);
    expect(decision).toMatchObject({
      kind: "refused",
      problem: {
        status: 503,
        headers: { "Retry-After": "1", "Cache-Control": "no-store" },
        body: { code: "service_unavailable" },
      },
    });
    expect(events.filter(({ kind }) => kind === "unavailable")).toMatchObject([{ reason: "database" }]);
    renameSync(aside, fileOf(url));
    principalIn(await authenticate(header));
  });

  it("says that there is no database yet, and does not create one", async () => {
    const url = temporaryDatabase();
    await expect(createVerifier({ database: url, env: {} })).rejects.toThrow(
      "there is no such file [DATABASE_UNREACHABLE]",
    );
    expect(existsSync(fileOf(url))).toBe(false);
    await makeWorld([], { url });
  });
});
