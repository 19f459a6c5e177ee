import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { withLock } from "../../src/database/lock.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { noticeChange } from "../support/databases.js";
import { absent, openForTest, temporaryDatabase } from "../support/run.js";
import { countUp, sqlInAnotherProcess } from "../support/sql-in-another-process.js";
import { makeWorld, otherValue, principalIn, problemIn, token, tokenValue, user } from "./verifier-world.js";

const header = `Token ${tokenValue}`;

describe("a verifier whose database changes", () => {
  it("S55 S63 refuses a token that another process has revoked, at the next request", async () => {
    const { authenticate, url, reasons } = await makeWorld([token("a", tokenValue), token("b", otherValue)]);
    principalIn(await authenticate(header));
    sqlInAnotherProcess(url, `DELETE FROM api_tokens WHERE identifier = 'a'; ${countUp}`);
    await noticeChange();
    expect((await authenticate(header)).kind).toBe("rejected");
    principalIn(await authenticate(`Token ${otherValue}`));
    expect(reasons()).toEqual(["unknown_token"]);
  });

  it("S63 refuses the token of a user that became inactive at the next request, and accepts it again", async () => {
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
    const before = await verifier.authenticate(header);
    sqlInAnotherProcess(url, "UPDATE api_tokens SET last_used_at = '2026-01-01T00:00:00.000Z'");
    await noticeChange();
    expect(await verifier.authenticate(header)).toBe(before);
    sqlInAnotherProcess(url, countUp);
    await noticeChange();
    expect(await verifier.authenticate(header)).not.toBe(before);
  });

  it("S54 reads again after a minute what was changed by hand without a new revision", async () => {
    const { authenticate, url, setNow } = await makeWorld([token("a", tokenValue)]);
    const begin = Date.now();
    setNow(begin);
    principalIn(await authenticate(header));
    sqlInAnotherProcess(url, "UPDATE users SET is_active = 0");
    await noticeChange();
    setNow(begin + 59_999);
    principalIn(await authenticate(header));
    setNow(begin + 60_000);
    expect((await authenticate(header)).kind).toBe("rejected");
  });

  it("refuses to go on when a newer version has migrated the database", async () => {
    const { authenticate, url } = await makeWorld([token("a", tokenValue)]);
    principalIn(await authenticate(header));
    sqlInAnotherProcess(
      url,
      `INSERT INTO setup_migrations VALUES ('9999_new', '2026-01-01T00:00:00.000Z'); ${countUp}`,
    );
    await noticeChange();
    await expect(authenticate(header)).rejects.toThrow("migrated by a newer version of vtb-setup [DATABASE_NEWER]");
    sqlInAnotherProcess(url, `DELETE FROM setup_migrations WHERE name = '9999_new'; ${countUp}`);
    await noticeChange();
    principalIn(await authenticate(header));
  });

  it("follows an apply that replaces everything, while requests run", async () => {
    const { authenticate, apply } = await makeWorld([token("a", tokenValue)]);
    const values = Array.from({ length: 4 }, (_, index) => String(index).repeat(40));
    for (const value of values) {
      await apply([token("a", value)]);
      expect(principalIn(await authenticate(`Token ${value}`)).credential).toBe("a");
    }
    for (const value of values.slice(0, -1)) expect((await authenticate(`Token ${value}`)).kind).toBe("rejected");
  });

  it("goes on while another run holds the lock", async () => {
    const { authenticate, url } = await makeWorld([token("a", tokenValue)]);
    const options = { timeoutMs: 0, sleep: async () => {}, now: Date.now, newId: () => "", hasTables: true };
    await withLock(await openForTest(url), options, async (tx) => {
      await tx.deleteFrom("api_tokens").execute();
      await setImmediate();
      principalIn(await authenticate(header));
      return { commit: false, value: undefined };
    });
  });
});

describe("a verifier that starts", () => {
  it("says that a database was not prepared by this version yet", async () => {
    const url = temporaryDatabase();
    const database = await openForTest(url);
    await database.kysely.schema.createTable("something").addColumn("id", "integer").execute();
    await expect(createVerifier({ database: url, env: {} })).rejects.toThrow(
      "this version of vtb-setup has not migrated the database yet [DATABASE_OLDER]",
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
