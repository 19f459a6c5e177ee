import { describe, expect, it } from "vitest";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { absent, openForTest, resource } from "../support/run.js";
import { makeWorld, otherValue, principalIn, token, tokenValue, type World } from "./verifier-world.js";

const second = 1000;
const minute = 60 * second;
const day = 86_400 * second;
const bearing = `Token ${tokenValue}`;

function policy(attributes: Attributes, owner = "default"): Resource {
  const limits = { max_lifetime_seconds: null, warn_before_seconds: null, unused_after_seconds: null };
  return resource("policy", owner, { require_expiry: false, ...limits, ...attributes });
}

const days = (count: number) => count * 86_400;

/** The token's one value is as old as the database; time is counted from there. */
async function worldOf(
  resources: readonly Resource[],
): Promise<World & { readonly useAfter: (ms: number) => Promise<string> }> {
  const world = await makeWorld(resources);
  const { kysely } = await openForTest(world.url);
  const { created_at: createdAt } = await kysely
    .selectFrom("api_tokens")
    .select("created_at")
    .executeTakeFirstOrThrow();
  return {
    ...world,
    useAfter: async (ms) => {
      world.setNow(Date.parse(createdAt) + ms);
      const outcome = await world.authenticate(bearing);
      return outcome.kind === "rejected" ? (world.reasons().at(-1) ?? "") : outcome.kind;
    },
  };
}

describe("max_lifetime", () => {
  it("ends a token that never expires by itself, also between two look-ups", async () => {
    const { useAfter, events } = await worldOf([policy({ max_lifetime_seconds: days(30) }), token("a", tokenValue)]);
    // The answer would be kept for a minute.
    expect(await useAfter(30 * day - 1)).toBe("authenticated");
    expect(await useAfter(30 * day)).toBe("lifetime_ended");
    expect(events.at(-1)).toMatchObject({ kind: "rejected", token: "a", username: "a", reason: "lifetime_ended" });
  });

  it("is no longer than what the token itself says", async () => {
    const expiresAt = new Date(Date.now() + day).toISOString();
    const { useAfter } = await worldOf([
      policy({ max_lifetime_seconds: days(30) }),
      token("a", tokenValue, { expires_at: expiresAt }),
    ]);
    expect(await useAfter(0)).toBe("authenticated");
    expect(await useAfter(2 * day)).toBe("expired");
  });

  it("counts from the value, and from when it is valid", async () => {
    const { useAfter, apply, authenticate, setNow } = await worldOf([
      policy({ max_lifetime_seconds: days(30) }),
      token("a", tokenValue),
    ]);
    const now = Date.now();
    await apply([token("a", otherValue, { grace_seconds: days(90) })], { now: () => new Date(now + 20 * day) });
    setNow(now + 40 * day);
    principalIn(await authenticate(`Token ${otherValue}`));
    // The replaced one is older, whatever its grace period says.
    expect(await useAfter(40 * day)).toBe("lifetime_ended");
    await apply([token("a", otherValue, { valid_from: new Date(now + 60 * day).toISOString() })]);
    setNow(now + 89 * day);
    principalIn(await authenticate(`Token ${otherValue}`));
  });

  it("follows a change of the policy, and its end", async () => {
    const { useAfter, apply } = await worldOf([policy({ max_lifetime_seconds: days(30) }), token("a", tokenValue)]);
    expect(await useAfter(20 * day)).toBe("authenticated");
    await apply([policy({ max_lifetime_seconds: days(10) })]);
    expect(await useAfter(20 * day)).toBe("lifetime_ended");
    await apply([absent("policy", "default")]);
    expect(await useAfter(20 * day)).toBe("authenticated");
  });
});

describe("unused_after", () => {
  it("ends a token that nobody used for so long, and names it", async () => {
    const { useAfter, events } = await worldOf([policy({ unused_after_seconds: days(90) }), token("a", tokenValue)]);
    expect(await useAfter(90 * day + 2 * minute)).toBe("unused");
    expect(events.at(-1)).toMatchObject({ kind: "rejected", token: "a", username: "a", reason: "unused" });
  });

  it("counts from the last use, which is noted up to a minute late", async () => {
    const world = await worldOf([policy({ unused_after_seconds: days(90) }), token("a", tokenValue)]);
    expect(await world.useAfter(80 * day)).toBe("authenticated");
    expect(await world.useAfter(80 * day + 59 * second)).toBe("authenticated");
    await world.verifier.close();
    const again = await makeWorld([], { url: world.url });
    const { kysely } = await openForTest(world.url);
    const row = await kysely.selectFrom("api_tokens").select("last_used_at").executeTakeFirstOrThrow();
    const usedMs = Date.parse(row.last_used_at ?? "");
    again.setNow(usedMs + 90 * day + 59 * second);
    principalIn(await again.authenticate(bearing));
    await again.verifier.close();
    const late = await makeWorld([], { url: world.url });
    late.setNow(usedMs + 181 * day);
    expect((await late.authenticate(bearing)).kind).toBe("rejected");
    expect(late.reasons()).toEqual(["unused"]);
  });

  it("counts a use of any of the token's values", async () => {
    const world = await worldOf([policy({ unused_after_seconds: days(90) }), token("a", tokenValue)]);
    const now = Date.now();
    await world.apply([token("a", otherValue, { grace_seconds: days(200) })], { now: () => new Date(now + day) });
    expect(await world.useAfter(80 * day)).toBe("authenticated");
    await world.verifier.close();
    const again = await makeWorld([], { url: world.url });
    again.setNow(now + 160 * day);
    // This value was never used, and is older than 90 days.
    principalIn(await again.authenticate(`Token ${otherValue}`));
  });

  it("counts no time before the token started to work, in which nobody could use it", async () => {
    const validFrom = new Date(Date.now() + 100 * day).toISOString();
    const resources = [policy({ unused_after_seconds: days(90) }), token("a", tokenValue, { valid_from: validFrom })];
    const { useAfter } = await worldOf(resources);
    expect(await useAfter(95 * day)).toBe("not_yet_valid");
    expect(await useAfter(180 * day)).toBe("authenticated");
    const other = await worldOf(resources);
    expect(await other.useAfter(191 * day)).toBe("unused");
  });

  it("counts no time before the policy was first applied", async () => {
    const { useAfter, apply } = await worldOf([token("a", tokenValue)]);
    const now = Date.now();
    await apply([policy({ unused_after_seconds: days(90) })], { now: () => new Date(now + 100 * day) });
    expect(await useAfter(180 * day)).toBe("authenticated");
    const other = await worldOf([token("a", tokenValue)]);
    await other.apply([policy({ unused_after_seconds: days(90) })], { now: () => new Date(now + 100 * day) });
    expect(await other.useAfter(191 * day)).toBe("unused");
  });
});

describe("the policy of another owner", () => {
  it("does not count for what an owner manages, and does for what none does", async () => {
    const world = await worldOf([token("a", tokenValue)]);
    await world.apply([policy({ max_lifetime_seconds: days(10) }, "shop")], { owner: "shop" });
    await world.apply([policy({ max_lifetime_seconds: days(20) }, "bank")], { owner: "bank" });
    expect(await world.useAfter(30 * day)).toBe("authenticated");
    const { kysely } = await openForTest(world.url);
    await kysely.updateTable("api_tokens").set({ owner: null }).execute();
    const byHand = await makeWorld([], { url: world.url });
    byHand.setNow(Date.now() + 15 * day);
    expect((await byHand.authenticate(bearing)).kind).toBe("rejected");
    expect(byHand.reasons()).toEqual(["lifetime_ended"]);
  });
});

describe("warn_before", () => {
  it("reports once a day that a token expires, by the policy or by itself", async () => {
    const { useAfter, events } = await worldOf([
      policy({ max_lifetime_seconds: days(60), warn_before_seconds: days(30) }),
      token("a", tokenValue),
    ]);
    const soon = () => events.filter(({ kind }) => kind === "token_expires_soon");
    await useAfter(29 * day);
    expect(soon()).toEqual([]);
    for (const ms of [30 * day, 30 * day + 2 * minute, 31 * day - minute]) await useAfter(ms);
    expect(soon()).toMatchObject([{ token: "a", username: "a", expiresAt: expect.stringMatching(/Z$/) }]);
    await useAfter(31 * day);
    expect(soon()).toHaveLength(2);
  });

  it("says nothing of what never expires, nor without a policy", async () => {
    const expiresAt = new Date(Date.now() + day).toISOString();
    const without = await worldOf([token("a", tokenValue, { expires_at: expiresAt })]);
    const never = await worldOf([policy({ warn_before_seconds: days(30) }), token("a", tokenValue)]);
    for (const { useAfter, events } of [without, never]) {
      expect(await useAfter(0)).toBe("authenticated");
      expect(events).toEqual([]);
    }
  });
});
