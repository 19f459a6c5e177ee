import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, it, onTestFinished } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { channelName } from "../../src/verifier/event.js";
import { noticeChange } from "../support/databases.js";
import { openForTest } from "../support/run.js";
import { makeWorld, otherValue, token, tokenValue, type World } from "./verifier-world.js";

const hourMs = 3_600_000;
const third = "0123456789abcdef0123456789abcdef01234567";

/** Marks a value as `token revoke` does. */
async function revoke({ url }: World, value: string, identifier: string): Promise<void> {
  const { kysely } = await openForTest(url);
  const row = { digest: digestToken(new Secret(value)), identifier, revoked_at: "2026-01-01T00:00:00.000Z" };
  await kysely
    .insertInto("api_token_revoked")
    .values({ ...row, revoked_by: "jan", reason: "leaked" })
    .execute();
  await kysely
    .updateTable("setup_state")
    .set((eb) => ({ revision: eb("revision", "+", 1) }))
    .execute();
  await noticeChange();
}

const endedUses = ({ events }: World) => events.filter(({ kind }) => kind === "revoked_token_used");

describe("revoked_token_used", () => {
  it("is a separate event behind the rejection, at most once an hour for each token", async () => {
    const startMs = Date.now();
    const world = await makeWorld([token("a", tokenValue), token("b", otherValue), token("c", third)]);
    await revoke(world, tokenValue, "a");
    await revoke(world, otherValue, "b");
    const use = (value: string) => world.authenticate(`Token ${value}`);
    world.setNow(startMs);
    await use(tokenValue);
    await use(tokenValue);
    await use(otherValue);
    // Its value is as good as ever.
    await use(third);
    expect(endedUses(world)).toMatchObject([
      { token: "a", reason: "revoked" },
      { token: "b", reason: "revoked" },
    ]);
    const [rejected, used] = world.events;
    expect(rejected).toMatchObject({ kind: "rejected", reason: "revoked", token: "a" });
    expect(used).toEqual({
      kind: "revoked_token_used",
      reason: "revoked",
      token: "a",
      instance: expect.stringContaining("urn:uuid:"),
    });
    expect(world.reasons()).toEqual(["revoked", "revoked", "revoked"]);
    world.setNow(startMs + hourMs - 1);
    await use(tokenValue);
    expect(endedUses(world)).toHaveLength(2);
    world.setNow(startMs + hourMs);
    await use(tokenValue);
    expect(endedUses(world).slice(2)).toMatchObject([{ token: "a" }]);
    expect(JSON.stringify(world.events)).not.toContain(tokenValue);
  });

  it("tells of a replaced value once its grace period is over, and not of one that still works", async () => {
    const startMs = Date.now();
    const world = await makeWorld([token("a", tokenValue, { grace_seconds: 60 })]);
    await world.apply([token("a", otherValue, { grace_seconds: 60 })]);
    const use = () => world.authenticate(`Token ${tokenValue}`);
    expect((await use()).kind).toBe("authenticated");
    expect(endedUses(world)).toEqual([]);
    world.setNow(startMs + 2 * hourMs);
    await use();
    expect(endedUses(world)).toMatchObject([{ token: "a", reason: "grace_ended" }]);
  });

  it("goes to the diagnostics_channel too, and not for other rejections", async () => {
    const seen: unknown[] = [];
    const listener = (message: unknown) => void seen.push(message);
    subscribe(channelName, listener);
    onTestFinished(() => void unsubscribe(channelName, listener));
    const world = await makeWorld([
      token("a", tokenValue, { enabled: false }),
      token("b", otherValue, { expires_at: "2020-01-01T00:00:00.000Z" }),
      token("c", third),
    ]);
    await revoke(world, third, "c");
    for (const value of [tokenValue, otherValue, `${tokenValue}0`, third]) await world.authenticate(`Token ${value}`);
    expect(seen.filter((event) => (event as { kind: string }).kind === "revoked_token_used")).toMatchObject([
      { token: "c" },
    ]);
  });
});

describe("a rejection for the state of a token", () => {
  it.each([
    ["disabled", { enabled: false }],
    ["expired", { expires_at: "2020-01-01T00:00:00.000Z" }],
    ["not_yet_valid", { valid_from: "2990-01-01T00:00:00.000Z" }],
  ])("%s names the token, and its user", async (reason, attributes) => {
    const world = await makeWorld([token("a", tokenValue, attributes)]);
    await world.authenticate(`Token ${tokenValue}`);
    expect(world.events).toMatchObject([{ kind: "rejected", reason, token: "a", username: "a" }]);
  });

  it("revoked and grace_ended name the token, also one that is gone", async () => {
    const world = await makeWorld([token("a", tokenValue, { grace_seconds: 60 }), token("b", third)]);
    await world.apply([token("a", otherValue, { grace_seconds: 60 })]);
    await revoke(world, third, "b");
    const { kysely } = await openForTest(world.url);
    await kysely.deleteFrom("api_tokens").where("identifier", "=", "b").execute();
    await noticeChange();
    world.setNow(Date.now() + hourMs);
    await world.authenticate(`Token ${tokenValue}`);
    await world.authenticate(`Token ${third}`);
    expect(world.events.filter(({ kind }) => kind === "rejected")).toMatchObject([
      { reason: "grace_ended", token: "a" },
      { reason: "revoked", token: "b" },
    ]);
  });
});
