import { describe, expect, it } from "vitest";
import { readToken, readTokens } from "../../src/operations/list-tokens.js";
import { limitsOf } from "../../src/operations/token-limits.js";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { readPolicies } from "../../src/users/read-token-policies.js";
import { openForTest, resource } from "../support/run.js";
import { token, tokenValue } from "../verifier/verifier-world.js";
import { created, errorsOf, group, jan, makeTokensWorld, verify } from "./tokens-world.js";

const dayMs = 86_400_000;
const days = (count: number) => count * 86_400;
const inDays = (count: number) => new Date(Date.now() + count * dayMs);

function policy(attributes: Attributes, owner = "shop"): Resource {
  const limits = { max_lifetime_seconds: null, warn_before_seconds: null, unused_after_seconds: null };
  return resource("policy", owner, { require_expiry: false, ...limits, ...attributes });
}

describe("a token that a person makes", () => {
  it("must comply with the policies of all owners, and is told whose", async () => {
    const { tokens, newToken, apply } = await makeTokensWorld();
    await apply([policy({ max_lifetime_seconds: days(90) })], { owner: "shop" });
    await apply([policy({ require_expiry: true }, "bank")], { owner: "bank" });
    for (const [expiresAt, owner] of [
      [undefined, "bank"],
      [inDays(91), "shop"],
    ] as const) {
      const outcome = await tokens.create(await newToken({ expiresAt }));
      expect(errorsOf(outcome)).toEqual(["policy_violated expiresAt"]);
      expect(JSON.stringify(outcome)).toContain(`the owner ${owner}`);
    }
    expect(created(await tokens.create(await newToken({ expiresAt: inDays(89) }))).kind).toBe("created");
    const invalid = await newToken({ identifier: "b", expiresAt: new Date(Number.NaN) });
    expect(errorsOf(await tokens.create(invalid))).toContain("invalid_value expiresAt");
  });

  it("ends by the policy where it has no expiry itself, which its list shows", async () => {
    const { tokens, newToken, apply, url } = await makeTokensWorld();
    await apply([policy({ max_lifetime_seconds: days(90) })], { owner: "shop" });
    const outcome = created(await tokens.create(await newToken()));
    const [listed] = await tokens.list((await newToken()).userId);
    expect(Date.parse(listed?.expiresAt ?? "")).toBe(Date.parse(listed?.createdAt ?? "") + 90 * dayMs);
    const authenticate = await verify(url);
    expect(await authenticate(outcome.token.reveal())).toMatchObject({ kind: "authenticated" });
  });
});

describe("the states of a list", () => {
  it("are those that the policies make, in SQL as for a verifier", async () => {
    const { apply, url } = await makeTokensWorld([group, jan]);
    const now = Date.now();
    const at = (ageDays: number) => new Date(now - ageDays * dayMs).toISOString();
    const ages = { old: 100, lazy: 60, used: 60, retired: 60, fresh: 1 };
    await apply(Object.keys(ages).map((key, index) => token(key, `${tokenValue}${index}`)));
    const limits = { max_lifetime_seconds: days(90), unused_after_seconds: days(50) };
    await apply([policy(limits, "default")]);
    const { kysely } = await openForTest(url);
    await kysely
      .updateTable("owner_policies")
      .set({ created_at: at(80) })
      .execute();
    for (const [identifier, age] of Object.entries(ages)) {
      const times = { created_at: at(age), value_since: at(age), last_used_at: identifier === "used" ? at(10) : null };
      await kysely.updateTable("api_tokens").set(times).where("identifier", "=", identifier).execute();
    }
    const { id } = await kysely
      .selectFrom("api_tokens")
      .select("id")
      .where("identifier", "=", "retired")
      .executeTakeFirstOrThrow();
    const value = { digest: "0".repeat(64), token_id: id, valid_until: at(-5), since: at(70), last_used_at: at(3) };
    await kysely.insertInto("api_token_retired").values(value).execute();
    const statesOf = async (filter: Parameters<typeof readTokens>[1] = {}) => {
      const states: Record<string, string> = {};
      for await (const page of readTokens(kysely, filter, now)) {
        for (const { identifier, state } of page) states[identifier] = state;
      }
      return states;
    };
    const expected = { fresh: "active", lazy: "unused", old: "expired", retired: "active", used: "active" };
    expect(await statesOf()).toEqual(expected);
    expect(await statesOf({ state: "unused" })).toEqual({ lazy: "unused" });
    // Of those that work, they have 30 days left.
    expect(await statesOf({ expiringWithinMs: 31 * dayMs })).toEqual({ retired: "active", used: "active" });
    expect(await statesOf({ expiringWithinMs: 29 * dayMs })).toEqual({});
    expect((await readToken(kysely, "used", now))?.expiresAt).toBe(at(-30));
    // Those without an owner are judged by all policies.
    await kysely.updateTable("api_tokens").set({ owner: null }).execute();
    expect(await statesOf()).toEqual(expected);
    await kysely.updateTable("api_tokens").set({ owner: "other" }).execute();
    expect(new Set(Object.values(await statesOf()))).toEqual(new Set(["active"]));
  });

  it("need no condition where there is no policy", async () => {
    const { url } = await makeTokensWorld();
    const { kysely } = await openForTest(url);
    expect(await readPolicies(kysely)).toEqual([]);
    const { isUnused } = limitsOf([], Date.now());
    expect(kysely.selectFrom("api_tokens").select("id").where(isUnused).compile().sql).toContain("1 = 0");
  });
});
