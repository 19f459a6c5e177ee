import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writtenIn } from "../support/databases.js";
import { tokenA, tokenItem, tokens } from "./outcome.js";
import { placeWith } from "./token-place.js";

const generated = (more = "grace_period: 24h") => tokens(tokenItem("a", "{generate: true}", more));

/** {@link placeWith}, on a clock that can be set. */
async function placeOf(yaml: string) {
  let now = Date.now();
  const { command, applied, use, url, ...place } = await placeWith(yaml, { now: () => now });
  return {
    ...place,
    command: (...args: readonly string[]) => command(args),
    first: applied.generated?.[0]?.token as string,
    rotate: async (...args: readonly string[]): Promise<string> => {
      const { status, stdout } = await command(["token", "rotate", "a", "--output", "json", ...args]);
      expect(status).toBe(0);
      return JSON.parse(stdout).generated[0].token;
    },
    pass: (ms: number) => {
      now += ms;
    },
    use: async (value: string): Promise<boolean> => (await use(value)) === "authenticated",
    written: () => writtenIn(url),
  };
}

const hour = 3_600_000;

describe("token rotate", () => {
  it("gives a generated token a new value; the old one works for the token's grace period, and apply changes nothing", async () => {
    const { first, rotate, use, pass, apply, command } = await placeOf(generated());
    const second = await rotate();
    expect(second).toMatch(/^vtb_[0-9A-Za-z]{46}$/);
    expect([await use(first), await use(second)]).toEqual([true, true]);
    expect(await apply(generated())).toMatchObject({ outcome: "unchanged", diagnostics: [] });
    expect((await command("token", "show", "a")).stdout).toMatch(/replaced value: since .*, works until /);
    pass(23 * hour);
    expect(await use(first)).toBe(true);
    pass(2 * hour);
    expect([await use(first), await use(second)]).toEqual([false, true]);
  });

  it("lets --grace decide, also that the old value ends at once", async () => {
    const { first, rotate, use, pass } = await placeOf(generated());
    const second = await rotate("--grace", "1h");
    pass(hour / 2);
    expect(await use(first)).toBe(true);
    pass(hour);
    expect(await use(first)).toBe(false);
    const third = await rotate("--grace", "0");
    expect([await use(second), await use(third)]).toEqual([false, true]);
  });

  it("revives neither a revoked value nor gives it grace, and makes a revoked or disabled token work", async () => {
    const { first, rotate, use, command } = await placeOf(generated());
    await command("token", "revoke", "a", "--reason", "leaked");
    const second = await rotate();
    expect([await use(first), await use(second)]).toEqual([false, true]);
    await command("token", "disable", "a");
    const third = await rotate();
    expect([await use(first), await use(third)]).toEqual([false, true]);
  });

  it("gives no grace to what was disabled or has expired: the new value revives neither it nor the values before it", async () => {
    const { first, rotate, use, command, kysely } = await placeOf(generated());
    const second = await rotate();
    expect([await use(first), await use(second)]).toEqual([true, true]);
    await command("token", "disable", "a");
    const third = await rotate("--grace", "1h");
    expect([await use(first), await use(second), await use(third)]).toEqual([false, false, true]);
    await kysely.updateTable("api_tokens").set({ expires_at: "2026-01-01T00:00:00.000Z" }).execute();
    const fourth = await rotate();
    await kysely.updateTable("api_tokens").set({ expires_at: null }).execute();
    expect([await use(third), await use(fourth)]).toEqual([false, true]);
    // The twin: what works until then has its grace.
    const fifth = await rotate();
    expect([await use(fourth), await use(fifth)]).toEqual([true, true]);
  });

  it("refuses a token whose value stands in a file, names owner and files, and changes nothing", async () => {
    const { command, contents, use } = await placeOf(tokens(tokenItem("a", tokenA)));
    const before = await contents();
    const { status, stderr, stdout } = await command("token", "rotate", "a", "--output", "json");
    expect(status).toBe(4);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout).diagnostics).toMatchObject([
      { code: "TOKEN_IN_FILE", message: "the token's value stands in a file of the owner default: config.yaml" },
    ]);
    expect(await contents()).toBe(before);
    expect(await use(tokenA)).toBe(true);
  });

  it("rotates a token that no file manages", async () => {
    const { kysely, rotate, use } = await placeOf(tokens(tokenItem("a", tokenA)));
    await kysely.updateTable("api_tokens").set({ owner: null }).execute();
    const second = await rotate("--grace", "1h");
    expect([await use(tokenA), await use(second)]).toEqual([true, true]);
  });

  it("is refused where nobody would see the value, and then changes nothing", async () => {
    const { command, contents, first, use } = await placeOf(generated());
    const before = await contents();
    const { status, stderr } = await command("token", "rotate", "a");
    expect(stderr).toContain("[TOKENS_UNSEEN]");
    expect(status).toBe(4);
    expect(await contents()).toBe(before);
    expect(await use(first)).toBe(true);
  });

  it("adds the value to the file of --tokens-out, mode 0600, and prints it nowhere else; the database has its digest", async () => {
    const { command, folder, use, written, kysely } = await placeOf(generated());
    const { status, stdout, stderr } = await command("token", "rotate", "a", "--tokens-out", join(folder, "out.json"));
    expect({ status, stdout }).toEqual({ status: 0, stdout: "  a\nRotated: 1 token.\n" });
    expect(stderr).toMatch(/^1 generated token was written to /);
    const { a: value } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
    expect(statSync(join(folder, "out.json")).mode & 0o777).toBe(0o600);
    expect(await use(value)).toBe(true);
    expect(stdout + stderr + (await written())).not.toContain(value);
    const changes = await kysely.selectFrom("run_changes").select("fields").where("action", "=", "update").execute();
    expect(changes).toEqual([{ fields: '[{"name":"token","sensitive":true}]' }]);
  });

  it("is refused where another program's file is in the way, and then changes nothing", async () => {
    const { command, folder, contents } = await placeOf(generated());
    writeFileSync(join(folder, "out.json"), "{}");
    const before = await contents();
    const { status, stderr } = await command("token", "rotate", "a", "--tokens-out", join(folder, "out.json"));
    expect(stderr).toContain("[OUTPUT_FILE]");
    expect(status).toBe(4);
    expect(await contents()).toBe(before);
  });

  it("refuses an unknown name, and a grace period over a year", async () => {
    const { command } = await placeOf(generated());
    expect(await command("token", "rotate", "b", "--output", "json")).toMatchObject({ status: 4 });
    expect(await command("token", "rotate", "a", "--grace", "366d")).toMatchObject({ status: 64 });
  });
});
