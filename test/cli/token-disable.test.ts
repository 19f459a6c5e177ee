import { describe, expect, it } from "vitest";
import { tokenA, tokenB, tokenC, tokenItem, tokens } from "./outcome.js";
import { placeWith } from "./token-place.js";

const grace = "grace_period: 24h";

/** {@link placeWith}, whose commands need no options. */
async function placeOf(yaml: string) {
  const { command, ...place } = await placeWith(yaml);
  return { ...place, command: (...args: readonly string[]) => command(args) };
}

describe("token disable and token enable", () => {
  it("stop and start all values of a token that a file manages, at a verifier that runs all the while, and no other token", async () => {
    const { apply, command, use } = await placeOf(tokens(tokenItem("a", tokenA, grace), tokenItem("b", tokenB)));
    await apply(tokens(tokenItem("a", tokenC, grace), tokenItem("b", tokenB)));
    expect([await use(tokenA), await use(tokenC)]).toEqual(["authenticated", "authenticated"]);
    expect(await command("token", "disable", "a")).toMatchObject({ status: 0, stdout: "  a\nDisabled: 1 token.\n" });
    expect([await use(tokenA), await use(tokenC), await use(tokenB)]).toEqual([
      "disabled a",
      "disabled a",
      "authenticated",
    ]);
    expect(await command("token", "enable", "a")).toMatchObject({ status: 0, stdout: "  a\nEnabled: 1 token.\n" });
    expect([await use(tokenA), await use(tokenC)]).toEqual(["authenticated", "authenticated"]);
  });

  it("is left so by apply, with a warning that fails nothing, until a new value", async () => {
    const { apply, command, use, contents } = await placeOf(tokens(tokenItem("a", tokenA, grace)));
    await command("token", "disable", "a");
    const before = await contents();
    expect(await apply(tokens(tokenItem("a", tokenA, grace)))).toMatchObject({
      outcome: "unchanged",
      diagnostics: [{ severity: "warning", code: "TOKEN_DISABLED", line: 4 }],
    });
    expect(await contents()).toBe(before);
    // Another change to the entry does not enable it.
    await apply(tokens(tokenItem("a", tokenA, `${grace}, organization: Org`)));
    expect(await use(tokenA)).toBe("disabled a");
    expect((await apply(tokens(tokenItem("a", tokenB, grace)))).diagnostics).toEqual([]);
    expect(await use(tokenB)).toBe("authenticated");
  });

  it("gives a disabled or expired value no grace when the file replaces it", async () => {
    const { apply, command, use } = await placeOf(tokens(tokenItem("a", tokenA, grace)));
    await command("token", "disable", "a");
    await apply(tokens(tokenItem("a", tokenB, grace)));
    expect([await use(tokenA), await use(tokenB)]).toEqual(["unknown_token", "authenticated"]);
    // By the file itself, and by its time.
    await apply(tokens(tokenItem("a", tokenB, `${grace}, enabled: false`)));
    await apply(tokens(tokenItem("a", tokenC, grace)));
    expect([await use(tokenB), await use(tokenC)]).toEqual(["unknown_token", "authenticated"]);
    await apply(tokens(tokenItem("a", tokenC, `${grace}, expires_at: 2020-01-01T00:00:00Z`)));
    await apply(tokens(tokenItem("a", tokenA, grace)));
    expect([await use(tokenC), await use(tokenA)]).toEqual(["unknown_token", "authenticated"]);
    // The twin: what works until then has its grace.
    await apply(tokens(tokenItem("a", tokenB, grace)));
    expect([await use(tokenA), await use(tokenB)]).toEqual(["authenticated", "authenticated"]);
  });

  it("warns of a generated token as well", async () => {
    const { apply, command, use } = await placeOf(tokens());
    const [{ token }] = (await apply(tokens(tokenItem("a", "{generate: true}")))).generated;
    await command("token", "disable", "a");
    const again = await apply(tokens(tokenItem("a", "{generate: true}")));
    expect(again).toMatchObject({ outcome: "unchanged", diagnostics: [{ code: "TOKEN_DISABLED" }] });
    expect(await use(token)).toBe("disabled a");
  });

  it("shows and lists who disabled it, and enabling does not revive what was revoked", async () => {
    const { command, use, kysely } = await placeOf(tokens(tokenItem("a", tokenA), tokenItem("b", tokenB)));
    await command("token", "disable", "a", "b", "--actor", "jan");
    expect((await command("token", "show", "a")).stdout).toMatch(/^ {2}disabled: +\d{4}-\d\d-\d\d \d\d:\d\dZ by jan$/m);
    const listed = await command("token", "list", "--state", "disabled", "--output", "json");
    expect(JSON.parse(listed.stdout).items).toHaveLength(2);
    await command("token", "revoke", "a");
    await command("token", "enable", "a", "b");
    const runs = await kysely.selectFrom("runs").select("through").orderBy("started_at").execute();
    const commands = ["token disable", "token revoke", "token enable"];
    expect(runs.map(({ through }) => through)).toEqual(["apply", ...commands]);
    expect([await use(tokenA), await use(tokenB)]).toEqual(["revoked a", "authenticated"]);
  });

  it("change nothing the second time, and are in the journal once", async () => {
    const { command, contents, kysely } = await placeOf(tokens(tokenItem("a", tokenA)));
    await command("token", "disable", "a");
    const before = await contents();
    const { status, stdout } = await command("token", "disable", "a", "--output", "json");
    expect({ status, json: JSON.parse(stdout) }).toMatchObject({
      status: 0,
      json: { command: "token disable", outcome: "unchanged", summary: { update: 0, unchanged: 1 } },
    });
    expect(await contents()).toBe(before);
    const changes = await kysely.selectFrom("run_changes").select("fields").where("action", "=", "update").execute();
    expect(changes.map(({ fields }) => JSON.parse(fields))).toEqual([
      [{ name: "disabled", before: false, after: true }],
    ]);
  });

  it("refuse all where one name is unknown, without quoting it", async () => {
    const { command, use } = await placeOf(tokens(tokenItem("a", tokenA)));
    const { status, stderr } = await command("token", "disable", "a", tokenB);
    expect(status).toBe(4);
    expect(stderr).toContain("[TOKEN_NOT_FOUND]");
    expect(stderr).not.toContain(tokenB);
    expect(await use(tokenA)).toBe("authenticated");
  });
});
