import { spawnSync } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { withLock } from "../../src/database/lock.js";
import { openDatabase } from "../../src/database/open.js";
import { openLiveDatabase } from "../../src/database/open-live.js";
import { apply } from "../../src/engine/apply.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { absent, configurationOf, openForTest, runOptions, temporaryDatabase } from "../support/run.js";
import { makeWorld, otherValue, principalIn, problemIn, token, tokenValue, user } from "./verifier-world.js";

const header = `Token ${tokenValue}`;
const fileOf = (url: string) => url.slice("sqlite:".length);

/** Longer than a replaced file may go unnoticed. */
const noticeMs = 1100;

/** What an operator does in another process, with nothing of ours in between. */
function sqlInAnotherProcess(url: string, sql: string): void {
  const program = `
    const [file, sql] = process.argv.slice(1);
    const Driver = require(Number(process.versions.node.split(".")[0]) >= 22 ? "better-sqlite3-13" : "better-sqlite3");
    const database = new Driver(file);
    database.exec(sql);
    database.close();`;
  const { status, stderr } = spawnSync(process.execPath, ["-e", program, fileOf(url), sql], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

const countUp = "UPDATE setup_state SET revision = revision + 1;";

describe("a verifier whose database changes", () => {
  it("S55 S63 refuses a token that another process has revoked, at the next request", async () => {
    const { authenticate, url, reasons } = await makeWorld([token("a", tokenValue), token("b", otherValue)]);
    principalIn(await authenticate(header));
    await setImmediate();
    sqlInAnotherProcess(url, `DELETE FROM api_tokens WHERE identifier = 'a'; ${countUp}`);
    await setImmediate();
    expect((await authenticate(header)).kind).toBe("rejected");
    principalIn(await authenticate(`Token ${otherValue}`));
    expect(reasons()).toEqual(["unknown_token"]);
  });

  it("S63 refuses the token of a user that was made inactive at the next request, and takes it again", async () => {
    const { authenticate, apply, reasons } = await makeWorld([user("jan"), token("a", tokenValue, { user: "jan" })]);
    principalIn(await authenticate(header));
    await apply([user("jan", { is_active: false })]);
    expect((await authenticate(header)).kind).toBe("rejected");
    await apply([user("jan", { is_active: true })]);
    principalIn(await authenticate(header));
    expect(reasons()).toEqual(["inactive_user"]);
  });

  it("sees a permission that was given or taken, at the next request", async () => {
    const { authenticate, apply } = await makeWorld([
      user("jan"),
      token("a", tokenValue, { user: "jan", permissions: null }),
    ]);
    const may = async () => principalIn(await authenticate(header)).hasPermission("taken.add_externetaak");
    expect(await may()).toBe(false);
    await apply([user("jan", { permissions: ["taken.add_externetaak"] })]);
    expect(await may()).toBe(true);
    await apply([user("jan", { permissions: [] })]);
    expect(await may()).toBe(false);
  });

  it("sees a token that was added, since what is unknown is not remembered", async () => {
    const { authenticate, apply } = await makeWorld([token("a", otherValue)]);
    expect((await authenticate(header)).kind).toBe("rejected");
    await apply([token("b", tokenValue)]);
    principalIn(await authenticate(header));
  });

  it("S55 trusts what it knows when others only wrote when tokens were used", async () => {
    const { verifier, url } = await makeWorld([token("a", tokenValue)]);
    const before = verifier.authenticate(header);
    await setImmediate();
    sqlInAnotherProcess(url, "UPDATE api_tokens SET last_used_at = '2026-01-01T00:00:00.000Z'");
    await setImmediate();
    expect(verifier.authenticate(header)).toBe(before);
    sqlInAnotherProcess(url, countUp);
    await setImmediate();
    expect(verifier.authenticate(header)).not.toBe(before);
  });

  it("S54 reads again after a minute what somebody changed by hand without counting the revision up", async () => {
    const { authenticate, url, setNow } = await makeWorld([token("a", tokenValue)]);
    const begin = Date.now();
    setNow(begin);
    principalIn(await authenticate(header));
    sqlInAnotherProcess(url, "UPDATE users SET is_active = 0");
    await setImmediate();
    setNow(begin + 59_999);
    principalIn(await authenticate(header));
    setNow(begin + 60_000);
    expect((await authenticate(header)).kind).toBe("rejected");
  });

  it("looks for changes once in a turn of the event loop", async () => {
    const { url } = await makeWorld([token("a", tokenValue)]);
    const database = openLiveDatabase(url, "read");
    const first = database.changes.current();
    sqlInAnotherProcess(url, countUp);
    expect(database.changes.current()).toBe(first);
    await setImmediate();
    expect(database.changes.current().revision).toBe(first.revision + 1);
    await database.close();
  });

  it("goes on with a database that was put in the place of its own", async () => {
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
    const held = openDatabase(url, "write");
    await held.kysely.updateTable("api_tokens").set({ last_used_at: "2026-01-01T00:00:00.000Z" }).execute();
    principalIn(await authenticate(header));
    expect(existsSync(`${fileOf(url)}-wal`)).toBe(true);
    await setTimeout(noticeMs);
    principalIn(await authenticate(header));
    const next = temporaryDatabase();
    await apply(configurationOf(token("b", otherValue)), runOptions(next));
    renameSync(fileOf(next), fileOf(url));
    await setTimeout(noticeMs);
    await expect(authenticate(header)).rejects.toThrow("was replaced while its log");
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

  it("refuses to go on when a newer version has migrated the database", async () => {
    const { authenticate, url } = await makeWorld([token("a", tokenValue)]);
    principalIn(await authenticate(header));
    sqlInAnotherProcess(
      url,
      `INSERT INTO setup_migrations VALUES ('9999_new', '2026-01-01T00:00:00.000Z'); ${countUp}`,
    );
    await setImmediate();
    await expect(authenticate(header)).rejects.toThrow("migrated by a newer version of vtb-setup [DATABASE_NEWER]");
    sqlInAnotherProcess(url, `DELETE FROM setup_migrations WHERE name = '9999_new'; ${countUp}`);
    await setImmediate();
    principalIn(await authenticate(header));
  });

  it("follows an apply that replaces everything, while requests run", async () => {
    const { authenticate, apply } = await makeWorld([token("a", tokenValue)]);
    const values = Array.from({ length: 10 }, (_, index) => String(index).repeat(40));
    for (const value of values) {
      await apply([token("a", value)]);
      expect(principalIn(await authenticate(`Token ${value}`)).credential).toBe("a");
    }
    for (const value of values.slice(0, -1)) expect((await authenticate(`Token ${value}`)).kind).toBe("rejected");
  });

  it("goes on while another run holds the lock", async () => {
    const { authenticate, url } = await makeWorld([token("a", tokenValue)]);
    const options = { timeoutMs: 0, sleep: async () => {}, now: Date.now, newId: () => "", hasTables: true };
    await withLock(openForTest(url), options, async (tx) => {
      await tx.deleteFrom("api_tokens").execute();
      await setImmediate();
      principalIn(await authenticate(header));
      return { commit: false, value: undefined };
    });
  });
});

describe("a verifier that starts", () => {
  it("says that there is no database yet, and does not make one", async () => {
    const url = temporaryDatabase();
    await expect(createVerifier({ database: url, env: {} })).rejects.toThrow(
      "there is no such file [DATABASE_UNREACHABLE]",
    );
    expect(existsSync(fileOf(url))).toBe(false);
    await makeWorld([], { url });
  });

  it("says that a database was not prepared by this version yet", async () => {
    const url = temporaryDatabase();
    const database = openForTest(url);
    await database.kysely.schema.createTable("something").addColumn("id", "integer").execute();
    await expect(createVerifier({ database: url, env: {} })).rejects.toThrow(
      "not prepared by this version of vtb-setup yet [DATABASE_OLDER]",
    );
    const { authenticate } = await makeWorld([token("a", tokenValue)], { url });
    principalIn(await authenticate(header));
  });

  it("refuses a URL that is no database's", async () => {
    await expect(createVerifier({ database: "mysql://x", env: {} })).rejects.toThrow("[DATABASE_URL]");
  });

  it("A10.77 serves tokens without an OIDC client, and says of a Bearer token that nothing is configured", async () => {
    const { authenticate } = await makeWorld([token("a", tokenValue)]);
    principalIn(await authenticate(header));
    const jwt = [{ alg: "RS256" }, { iss: "https://idp.example.nl", aud: "a", sub: "a", iat: 0, exp: 9_999_999_999 }]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const problem = problemIn(await authenticate(`Bearer ${jwt}.c2ln`));
    expect(problem).toMatchObject({
      status: 401,
      body: { detail: "OIDC authentication failed: authentication is not properly configured." },
    });
  });

  it("takes an absent token as absent", async () => {
    const world = await makeWorld([token("a", tokenValue)]);
    await world.apply([absent("api_token", "a")]);
    expect((await world.authenticate(header)).kind).toBe("rejected");
  });
});
