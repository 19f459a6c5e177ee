import { createServer, type Socket } from "node:net";
import { sql } from "kysely";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { openDatabase, openLiveDatabase } from "../../../src/database/open.js";
import { SetupError } from "../../../src/errors.js";
import { configurationOf, resource, runOptions, temporaryDatabase } from "../../support/run.js";

/** A server that refuses each start of a session as PgBouncer does: with this code and text. */
async function refusing(code: string, message: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
      const length = Buffer.alloc(4);
      length.writeInt32BE(fields.length + 4);
      socket.end(Buffer.concat([Buffer.from("E"), length, fields]));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it listens nowhere");
  return `postgres://vtb:p@127.0.0.1:${address.port}/auth?sslmode=disable`;
}

async function failureOf(work: Promise<unknown>): Promise<SetupError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SetupError) return error;
  throw new Error("expected a refusal", { cause: error });
}

const section = "see the section Poolers of docs/postgresql.md";

describe("F27: a pooler in front of the server", () => {
  it("that refuses a start option is reported as wrongly configured, and its temporary refusals as temporary", async () => {
    const option = await failureOf(
      openDatabase(await refusing("08P01", "unsupported startup parameter: options"), "read"),
    );
    expect(option).toMatchObject({
      reason: "refused",
      diagnostics: [{ code: "DATABASE_REFUSED", hint: expect.stringContaining(section) }],
    });
    expect(option.message).toMatch(
      /a pooler in front of the database \S+ does not support what vtb-setup needs \(08P01\)/,
    );
    const waited = await failureOf(openDatabase(await refusing("08P01", "query_wait_timeout"), "read"));
    expect(waited).toMatchObject({
      reason: "unavailable",
      diagnostics: [{ code: "DATABASE_UNREACHABLE", hint: expect.stringContaining(section) }],
    });
  });

  it("that gives each transaction another session is recognized by the errors of prepared statements", async () => {
    const url = temporaryDatabase();
    await apply(configurationOf(resource("group", "lezers", { permissions: [] })), runOptions(url));
    const live = await openLiveDatabase(url, "read");
    onTestFinished(() => live.close());
    const ask = live.prepare(live.kysely.selectFrom("groups").select("name").compile());
    expect(await ask()).toEqual(["lezers"]);
    // The session that had it prepared belongs to another client now: 26000, by the server itself.
    await sql`deallocate all`.execute(live.kysely);
    const lost = await failureOf(Promise.resolve(ask()));
    expect(lost).toMatchObject({
      reason: "refused",
      diagnostics: [{ code: "DATABASE_REFUSED", hint: expect.stringContaining(section) }],
    });
    expect(lost.message).toContain("(26000)");
  });

  it("that has the name already is reported too", async () => {
    const database = await openDatabase(inject("postgresUrl"), "write");
    onTestFinished(() => database.close());
    // What another client of the pooler left in the session: 42P05, by the server itself.
    await sql`prepare taken as select 1`.execute(database.kysely);
    const error = await sql`prepare taken as select 1`.execute(database.kysely).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      reason: "refused",
      diagnostics: [
        {
          code: "DATABASE_REFUSED",
          message: expect.stringContaining("(42P05)"),
          hint: expect.stringContaining(section),
        },
      ],
    });
  });
});
