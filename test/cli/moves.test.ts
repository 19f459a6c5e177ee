import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { migratedWorkplace, tokenA, tokenB, tokenC, tokenItem, tokens, users, type Workplace } from "./outcome.js";

const digest = (value: string) => digestToken(new Secret(value));

async function storedTokens(place: Workplace) {
  return (await place.open()).kysely
    .selectFrom("api_tokens")
    .innerJoin("users", "users.id", "api_tokens.user_id")
    .select(["api_tokens.id", "identifier", "digest", "username", "is_service"])
    .orderBy("identifier")
    .execute();
}

/** What stands in the database by identifier, without ids. */
async function digests(place: Workplace): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await storedTokens(place)).map((row) => [row.identifier, row.digest]));
}

describe("one apply", () => {
  it("renames a token's identifier and keeps its value, its row and its service user", async () => {
    const place = await migratedWorkplace();
    await place.apply(tokens(tokenItem("old-name", tokenA), tokenItem("other", tokenB)));
    const before = await storedTokens(place);
    const renamed = tokens(tokenItem("new-name", tokenA).replace("new-name@", "old-name@"), tokenItem("other", tokenB));
    const run = await place.apply(renamed);
    expect(run.status).toBe(0);
    expect(run.json.changes?.map(({ action, key, fields }) => ({ action, key, fields }))).toEqual([
      { action: "update", key: "new-name", fields: [{ name: "key", before: "old-name", after: "new-name" }] },
    ]);
    expect(await storedTokens(place)).toEqual(
      before
        .map((row) => (row.identifier === "old-name" ? { ...row, identifier: "new-name", username: "new-name" } : row))
        .sort((one, other) => one.identifier.localeCompare(other.identifier)),
    );
    expect((await place.apply(renamed)).json.outcome).toBe("unchanged");
  });

  it("swaps the values of two tokens", async () => {
    const place = await migratedWorkplace();
    await place.apply(tokens(tokenItem("one", tokenA), tokenItem("two", tokenB)));
    const swapped = tokens(tokenItem("one", tokenB), tokenItem("two", tokenA));
    const run = await place.apply(swapped);
    expect(run.status).toBe(0);
    expect(run.changes).toEqual(["update api_token one", "update api_token two"]);
    expect(await digests(place)).toEqual({ one: digest(tokenB), two: digest(tokenA) });
    expect((await place.apply(swapped)).json.outcome).toBe("unchanged");
  });

  it("passes the values of three tokens round", async () => {
    const place = await migratedWorkplace();
    await place.apply(tokens(tokenItem("one", tokenA), tokenItem("two", tokenB), tokenItem("three", tokenC)));
    const run = await place.apply(
      tokens(tokenItem("one", tokenC), tokenItem("two", tokenA), tokenItem("three", tokenB)),
    );
    expect(run.status).toBe(0);
    expect(await digests(place)).toEqual({ one: digest(tokenC), two: digest(tokenA), three: digest(tokenB) });
  });

  it("gives a value to a new token while its own gets another", async () => {
    const place = await migratedWorkplace();
    await place.apply(tokens(tokenItem("one", tokenA)));
    const run = await place.apply(tokens(tokenItem("one", tokenB), tokenItem("two", tokenA)));
    expect(run.changes).toEqual(["update api_token one", "create api_token two"]);
    expect(await digests(place)).toEqual({ one: digest(tokenB), two: digest(tokenA) });
  });

  it("moves an e-mail address from one user to another, also in a circle", async () => {
    const place = await migratedWorkplace();
    const emails = async () =>
      (await place.open()).kysely.selectFrom("users").select(["username", "email"]).orderBy("username").execute();
    await place.apply(users("username: anna, email: shared@example.nl", "username: bram, email: bram@example.nl"));
    const moved = users("username: anna, email: anna@example.nl", "username: bram, email: shared@example.nl");
    const run = await place.apply(moved);
    expect(run.status).toBe(0);
    expect(run.changes).toEqual(["update user anna", "update user bram"]);
    expect(await emails()).toEqual([
      { username: "anna", email: "anna@example.nl" },
      { username: "bram", email: "shared@example.nl" },
    ]);
    expect((await place.apply(moved)).json.outcome).toBe("unchanged");
    await place.apply(users("username: anna, email: shared@example.nl", "username: bram, email: anna@example.nl"));
    expect(await emails()).toEqual([
      { username: "anna", email: "shared@example.nl" },
      { username: "bram", email: "anna@example.nl" },
    ]);
  });

  it("refuses a value that a token which no file declares still has, and takes it once that one is absent or pruned", async () => {
    const place = await migratedWorkplace();
    await place.apply(tokens(tokenItem("one", tokenA), tokenItem("two", tokenB)));
    const contents = await place.contents();
    const shifted = tokens(tokenItem("two", tokenA), tokenItem("three", tokenB));
    const refused = await place.apply(shifted);
    expect(refused.status).toBe(4);
    expect(refused.diagnostics).toEqual(["refusal DUPLICATE_SECRET 4:7"]);
    expect(refused.json.diagnostics[0]?.message).toBe(
      "api_token two has the same token as api_token one, which this run does not change",
    );
    expect(await place.contents()).toBe(contents);
    const absent = await place.apply(`${shifted}    - {identifier: one, state: absent}\n`);
    expect(absent.status).toBe(0);
    expect(await digests(place)).toEqual({ two: digest(tokenA), three: digest(tokenB) });

    const other = await migratedWorkplace();
    await other.apply(tokens(tokenItem("one", tokenA), tokenItem("two", tokenB)));
    await other.apply(shifted);
    expect((await other.run(["apply", "config.yaml", "--prune"])).status).toBe(0);
    expect(await digests(other)).toEqual({ two: digest(tokenA), three: digest(tokenB) });
  });

  it("refuses the value of another owner's token", async () => {
    const place = await migratedWorkplace({ "theirs.yaml": tokens(tokenItem("theirs", tokenA)) });
    await place.run(["apply", "theirs.yaml", "--owner", "them"]);
    const run = await place.apply(tokens(tokenItem("ours", tokenA)));
    expect(run.status).toBe(4);
    expect(run.diagnostics).toEqual(["refusal DUPLICATE_SECRET 4:7"]);
    expect((await place.apply(tokens(tokenItem("ours", tokenB)))).status).toBe(0);
  });

  it("refuses a value that an entry keeps: one that ignores changes, or comes from a former owner", async () => {
    const place = await migratedWorkplace();
    await place.apply(tokens(tokenItem("one", tokenA), tokenItem("two", tokenB)));
    const keeps = tokenItem("one", tokenC, "description: changed, ignore_changes: [token]");
    const ignored = await place.apply(tokens(keeps, tokenItem("two", tokenA)));
    expect([ignored.status, ignored.diagnostics]).toEqual([4, ["refusal DUPLICATE_SECRET 5:7"]]);
    const takes = "vtb_setup: {owner: {name: shop, formerly: default}}\n";
    const handed = await place.apply(takes + tokens(tokenItem("two", tokenA)));
    expect([handed.status, handed.diagnostics]).toEqual([4, ["refusal DUPLICATE_SECRET 5:7"]]);
    expect((await place.apply(takes + tokens(keeps, tokenItem("two", tokenB)))).status).toBe(0);
    expect(await digests(place)).toEqual({ one: digest(tokenA), two: digest(tokenB) });
  });
});
