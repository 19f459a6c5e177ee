import { setImmediate, setTimeout } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { withLock } from "../../src/database/lock.js";
import { openLiveDatabase } from "../../src/database/open.js";
import { openForTest } from "../support/run.js";
import { makeWorld, otherValue, principalIn, token, tokenValue } from "./verifier-world.js";

const header = `Token ${tokenValue}`;
const noon = Date.parse("2026-06-01T12:00:00.000Z");

/** Longer than uses are collected for. */
const writtenMs = 1300;
const soon = { timeout: 10_000, interval: 50 };

async function lastUsedIn(url: string) {
  const { kysely } = await openForTest(url);
  return async (identifier = "a") =>
    (
      await kysely
        .selectFrom("api_tokens")
        .select("last_used_at")
        .where("identifier", "=", identifier)
        .executeTakeFirstOrThrow()
    ).last_used_at;
}

describe("when a token was last used", () => {
  it("S68 is written a second later, for tokens that were accepted", async () => {
    const { authenticate, url, setNow } = await makeWorld([token("a", tokenValue), token("b", otherValue)]);
    const lastUsed = await lastUsedIn(url);
    setNow(noon);
    principalIn(await authenticate(header));
    await authenticate("Token nobodys");
    await setImmediate();
    expect(await lastUsed()).toBeNull();
    await vi.waitFor(async () => expect(await lastUsed("a")).toBe("2026-06-01T12:00:00.000Z"), soon);
    expect(await lastUsed("b")).toBeNull();
  });

  it("S68 is written at most once a minute, also by another verifier, and at the end", async () => {
    const { authenticate, verifier, url, setNow } = await makeWorld([token("a", tokenValue)]);
    const lastUsed = await lastUsedIn(url);
    setNow(noon);
    await authenticate(header);
    setNow(noon + 59_999);
    await authenticate(header);
    await verifier.close();
    expect(await lastUsed()).toBe("2026-06-01T12:00:00.000Z");

    const second = await makeWorld([token("a", tokenValue)], { url });
    second.setNow(noon + 59_999);
    await second.authenticate(header);
    await second.verifier.close();
    expect(await lastUsed()).toBe("2026-06-01T12:00:00.000Z");

    const third = await makeWorld([token("a", tokenValue)], { url });
    third.setNow(noon + 60_000);
    await third.authenticate(header);
    await third.verifier.close();
    expect(await lastUsed()).toBe("2026-06-01T12:01:00.000Z");
  });

  it("S68 waits for another writer, without delaying a request or dropping what is known", async () => {
    const { verifier, url, events, setNow } = await makeWorld([token("a", tokenValue)]);
    const lastUsed = await lastUsedIn(url);
    setNow(noon);
    const known = await verifier.authenticate(header);
    const options = { timeoutMs: 0, sleep: async () => {}, now: Date.now, newId: () => "", hasTables: true };
    await withLock(await openForTest(url), options, async (tx) => {
      await tx.updateTable("api_tokens").set({ email: "another@gemeente.example" }).execute();
      await setTimeout(writtenMs);
      expect(await verifier.authenticate(header)).toBe(known);
      expect(await lastUsed()).toBeNull();
      return { commit: false, value: undefined };
    });
    await vi.waitFor(async () => expect(await lastUsed()).toBe("2026-06-01T12:00:00.000Z"), soon);
    expect(await verifier.authenticate(header)).toBe(known);
    expect(events).toEqual([]);
  });

  it("S68 fails no request when it can't be written, and says so", async () => {
    const { authenticate, verifier, url, events } = await makeWorld([token("a", tokenValue)]);
    await (await openForTest(url)).kysely.schema
      .alterTable("api_tokens")
      .renameColumn("last_used_at", "moved")
      .execute();
    await (await openForTest(url)).kysely.schema.alterTable("api_tokens").addColumn("last_used_at", "text").execute();
    principalIn(await authenticate(header));
    await (await openForTest(url)).kysely.schema.alterTable("api_tokens").dropColumn("last_used_at").execute();
    await verifier.close();
    expect(events).toMatchObject([{ kind: "last_used_failed", tokens: 1 }]);
  });

  it("S68 S95 is the only row that is written: everything else is read through a connection that can't write", async () => {
    const { verifier, url, authenticate } = await makeWorld([token("a", tokenValue)]);
    const reader = await openLiveDatabase(url, "read");
    await expect(reader.kysely.deleteFrom("api_tokens").execute()).rejects.toThrow(/SQLITE_READONLY|is read-only/);
    await reader.close();
    const tables = async () => {
      const { kysely } = await openForTest(url);
      const state = await kysely.selectFrom("setup_state").selectAll().execute();
      const users = await kysely.selectFrom("users").selectAll().execute();
      return { state, users, tokens: await kysely.selectFrom("api_tokens").selectAll().execute() };
    };
    const before = await tables();
    principalIn(await authenticate(header));
    await verifier.close();
    const after = await tables();
    expect(after.tokens[0]?.last_used_at).not.toBeNull();
    expect({ ...after, tokens: after.tokens.map((row) => ({ ...row, last_used_at: null })) }).toEqual(before);
  });
});
