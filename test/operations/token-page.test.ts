import { describe, expect, it } from "vitest";
import { countTokens, findTokenByValue, readTokenOwners, readTokenPage } from "../../src/operations/token-page.js";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { openForTest } from "../support/run.js";
import { token, tokenValue } from "../verifier/verifier-world.js";
import { group, jan, makeTokensWorld } from "./tokens-world.js";

const dayMs = 86_400_000;
const nowMs = Date.parse("2026-03-01T12:00:00.000Z");
const at = (inDays: number) => new Date(nowMs + inDays * dayMs).toISOString();
const first = { isDescending: false, offset: 0, limit: 50 } as const;

/** Four tokens of two owners, at ages and with ends of all kinds. */
async function makePage() {
  const { apply, url } = await makeTokensWorld([group, jan]);
  await apply(["alfa", "bravo", "delta"].map((key, index) => token(key, `${tokenValue}${index}`)));
  await apply(
    [token("charlie", `${tokenValue}9`, { user: "jan", permissions: null, application: "Zaak%systeem" })].map(
      (entry) => ({ ...entry, owner: "shop" }),
    ),
    { owner: "shop" },
  );
  const database = await openForTest(url);
  const { kysely } = database;
  const times = {
    alfa: { created_at: at(-100), expires_at: at(20), last_used_at: null },
    bravo: { created_at: at(-95), expires_at: null, last_used_at: at(-1) },
    charlie: { created_at: at(-40), expires_at: at(300), last_used_at: at(-30) },
    delta: { created_at: at(-30), expires_at: at(-2), last_used_at: null },
  };
  for (const [identifier, columns] of Object.entries(times)) {
    await kysely
      .updateTable("api_tokens")
      .set({ ...columns, value_since: columns.created_at })
      .where("identifier", "=", identifier)
      .execute();
  }
  const rows = await kysely.selectFrom("api_tokens").select(["id", "identifier"]).execute();
  const idOf = (name: string) => rows.find(({ identifier }) => identifier === name)?.id ?? "";
  const page = (filter: Parameters<typeof readTokenPage>[1], more: Partial<Parameters<typeof readTokenPage>[2]> = {}) =>
    readTokenPage(database, filter, { sort: "name", ...first, ...more }, nowMs);
  const names = async (...given: Parameters<typeof page>) =>
    (await page(...given)).tokens.map(({ identifier }) => identifier);
  return { kysely, idOf, page, names };
}

describe("a page of tokens", () => {
  it("is sorted by each column, also by uses of earlier values, with what is missing at the sensible end", async () => {
    const { kysely, idOf, names } = await makePage();
    const retired = { digest: "0".repeat(64), token_id: idOf("delta"), valid_until: at(5), since: null };
    await kysely
      .insertInto("api_token_retired")
      .values({ ...retired, last_used_at: at(-3) })
      .execute();
    expect(await names({}, { sort: "name" })).toEqual(["alfa", "bravo", "charlie", "delta"]);
    expect(await names({}, { sort: "created", isDescending: true })).toEqual(["delta", "charlie", "bravo", "alfa"]);
    expect(await names({}, { sort: "expires" })).toEqual(["delta", "alfa", "charlie", "bravo"]);
    expect(await names({}, { sort: "expires", isDescending: true })).toEqual(["bravo", "charlie", "alfa", "delta"]);
    expect(await names({}, { sort: "used" })).toEqual(["alfa", "charlie", "delta", "bravo"]);
    expect(await names({}, { sort: "used", isDescending: true })).toEqual(["bravo", "delta", "charlie", "alfa"]);
    expect(await names({}, { sort: "user" })).toEqual(["alfa", "bravo", "delta", "charlie"]);
    expect(await names({}, { sort: "owner", isDescending: true })).toEqual(["charlie", "delta", "bravo", "alfa"]);
    expect(await names({}, { sort: "state" })).toEqual(["alfa", "bravo", "charlie", "delta"]);
  });

  it("is sorted by the end that a policy gives, as it is shown", async () => {
    const { kysely, page } = await makePage();
    const limits = { max_lifetime_seconds: 101 * 86_400, warn_before_seconds: null, unused_after_seconds: null };
    const noted = { created_at: at(-1), updated_at: at(-1) };
    await kysely
      .insertInto("owner_policies")
      .values({ id: "policy", owner: "default", require_expiry: 0, ...limits, ...noted })
      .execute();
    const { tokens } = await page({}, { sort: "expires" });
    expect(tokens.map(({ identifier, expiresAt }) => [identifier, expiresAt])).toEqual([
      ["delta", at(-2)],
      ["alfa", at(1)],
      ["bravo", at(6)],
      ["charlie", at(300)],
    ]);
  });

  it("is cut out of all that match, whose number it has", async () => {
    const { page } = await makePage();
    const { tokens, total } = await page({}, { offset: 1, limit: 2 });
    expect([tokens.map(({ identifier }) => identifier), total]).toEqual([["bravo", "charlie"], 4]);
    expect(await page({}, { offset: 4 })).toEqual({ tokens: [], total: 4 });
    expect((await page({ state: "expired" })).total).toBe(1);
  });

  it("is searched in any case, and a wildcard is only a character", async () => {
    const { names } = await makePage();
    expect(await names({ search: "BRAV" })).toEqual(["bravo"]);
    expect(await names({ search: "k%s" })).toEqual(["charlie"]);
    expect(await names({ search: "k_s" })).toEqual([]);
    expect(await names({ search: "jan" })).toEqual(["charlie"]);
  });

  it("may have the tokens of one user alone, or of no owner", async () => {
    const { kysely, names } = await makePage();
    const { id } = await kysely
      .selectFrom("users")
      .select("id")
      .where("username", "=", "jan")
      .executeTakeFirstOrThrow();
    expect(await names({ userId: id })).toEqual(["charlie"]);
    expect(await names({ owner: "shop" })).toEqual(["charlie"]);
    expect(await names({ owner: null })).toEqual([]);
    expect(await readTokenOwners(kysely)).toEqual(["default", "shop"]);
  });
});

describe("the counts of tokens", () => {
  it("are by state, soon to expire and unused among those that work", async () => {
    const { kysely } = await makePage();
    const spans = { expiringWithinMs: 30 * dayMs, unusedForMs: 90 * dayMs };
    const counts = { active: 3, expired: 1, disabled: 0, revoked: 0, unused: 0, "not-yet-valid": 0 };
    expect(await countTokens(kysely, {}, spans, nowMs)).toEqual({ ...counts, all: 4, expiring: 1, idle: 1 });
    const ofShop = { ...counts, active: 1, expired: 0, all: 1, expiring: 0, idle: 0 };
    expect(await countTokens(kysely, { owner: "shop" }, spans, nowMs)).toEqual(ofShop);
  });
});

describe("a value that is looked up", () => {
  it("is found as the current, a replaced or a revoked one, and by its whole alone", async () => {
    const { kysely, idOf } = await makePage();
    const find = (value: string) => findTokenByValue(kysely, new Secret(value));
    const replaced = { digest: digestToken(new Secret("earlier-value-of-bravo")), token_id: idOf("bravo") };
    await kysely
      .insertInto("api_token_retired")
      .values({ ...replaced, valid_until: at(5) })
      .execute();
    const revocation = { revoked_at: at(-1), revoked_by: "root", reason: "leaked" };
    await kysely
      .insertInto("api_token_revoked")
      .values([
        { ...revocation, digest: digestToken(new Secret(`${tokenValue}2`)), identifier: "delta" },
        { ...revocation, digest: digestToken(new Secret("value-of-a-token-that-is-gone")), identifier: "alfa" },
      ])
      .execute();
    expect(await find(`${tokenValue}0`)).toMatchObject({ identifier: "alfa", kind: "current" });
    expect(await find("earlier-value-of-bravo")).toMatchObject({ identifier: "bravo", kind: "replaced" });
    expect(await find(`${tokenValue}2`)).toMatchObject({ identifier: "delta", kind: "revoked" });
    // Another token has that name by now.
    expect(await find("value-of-a-token-that-is-gone")).toEqual({ identifier: "alfa", userId: null, kind: "revoked" });
    expect(await find(tokenValue)).toBeUndefined();
  });
});
