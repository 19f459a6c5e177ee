import { describe, expect, it } from "vitest";
import { tokenA, tokenB, tokenItem, tokens, users } from "./outcome.js";
import { placeWith } from "./token-place.js";

const jan = "username: jan, email: jan@example.nl";
const file = (more = "", of = jan) =>
  `${users(`${of}${more}`, "username: els")}${tokens(tokenItem("of-jan", tokenA, "user: jan"), tokenItem("own", tokenB))}`;

/** {@link placeWith}, whose commands need no options. */
async function placeOf(yaml = file()) {
  const { command, ...place } = await placeWith(yaml);
  return { ...place, command: (...args: readonly string[]) => command(args) };
}

describe("user deactivate and user activate", () => {
  it("lock a user that a file manages out with its tokens, at a verifier that runs all the while, and no other user", async () => {
    const { command, use } = await placeOf();
    expect(await use(tokenA)).toBe("authenticated");
    expect(await command("user", "deactivate", "jan")).toMatchObject({
      status: 0,
      stdout: "  jan\nDeactivated: 1 user.\n",
    });
    expect([await use(tokenA), await use(tokenB)]).toEqual(["inactive_user of-jan", "authenticated"]);
    expect(await command("user", "activate", "jan")).toMatchObject({
      status: 0,
      stdout: "  jan\nActivated: 1 user.\n",
    });
    expect(await use(tokenA)).toBe("authenticated");
  });

  it("is left so by apply, with a warning that fails nothing, and by every change to its entry", async () => {
    const { apply, command, use, contents } = await placeOf();
    await command("user", "deactivate", "jan");
    const before = await contents();
    expect(await apply(file())).toMatchObject({
      outcome: "unchanged",
      diagnostics: [{ severity: "warning", code: "USER_DEACTIVATED", line: 4 }],
    });
    expect(await contents()).toBe(before);
    await apply(file(", is_active: true, first_name: Jan"));
    expect(await use(tokenA)).toBe("inactive_user of-jan");
    // Its own file says the same, so there is nothing to warn of.
    expect((await apply(file(", is_active: false"))).diagnostics).toEqual([]);
  });

  it("raises the warning with --strict, unless it is allowed", async () => {
    const { command } = await placeOf();
    await command("user", "deactivate", "jan");
    const strict = ["apply", "config.yaml", "--strict"];
    expect(await command(...strict)).toMatchObject({ status: 3, stderr: expect.stringContaining("USER_DEACTIVATED") });
    expect(await command(...strict, "--allow", "USER_DEACTIVATED")).toMatchObject({ status: 0 });
  });

  it("refuses to activate whom a file makes inactive, and names the owner and the file", async () => {
    const { apply, command, contents } = await placeOf(file(", is_active: false"));
    const before = await contents();
    const refused = await command("user", "activate", "els", "jan");
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(refused.stderr).toMatch(
      /^error: the user jan is inactive in a file of the owner default \(config\.yaml\) \[USER_INACTIVE\]$/m,
    );
    expect(await contents()).toBe(before);
    await apply(file(", is_active: true"));
    expect(await command("user", "activate", "jan")).toMatchObject({
      status: 0,
      stdout: "Activated: 0 users, 1 unchanged.\n",
    });
  });

  it("changes nothing the second time, and is in the journal once, with whom it was done for", async () => {
    const { command, contents, kysely } = await placeOf();
    await command("user", "deactivate", "jan", "els", "--actor", "piet");
    const before = await contents();
    const again = await command("user", "deactivate", "jan", "els", "--output", "json");
    expect(JSON.parse(again.stdout)).toMatchObject({
      command: "user deactivate",
      outcome: "unchanged",
      summary: { update: 0, unchanged: 2 },
    });
    expect(await contents()).toBe(before);
    const rows = await kysely
      .selectFrom("runs")
      .innerJoin("run_changes", "run_changes.run_id", "runs.id")
      .select(["key", "fields", "claimed_actor"])
      .where("through", "=", "user deactivate")
      .orderBy("key")
      .execute();
    expect(rows.map(({ key, fields, claimed_actor: by }) => [key, by, JSON.parse(fields)])).toEqual([
      ["els", "piet", [{ name: "deactivated", before: false, after: true }]],
      ["jan", "piet", [{ name: "deactivated", before: false, after: true }]],
    ]);
    expect((await command("user", "show", "jan")).stdout).toMatch(
      /^ {2}deactivated: +\d{4}-\d\d-\d\d \d\d:\d\dZ by piet$/m,
    );
  });

  it.each([
    [["jan", tokenB], "USER_NOT_FOUND", "the username at position 2 of 2"],
    [["jan", "own"], "USER_OF_TOKEN", "the users at position 2 exist for one API token only"],
  ])("refuse %j all together, without quoting a name", async (names, code, message) => {
    const { command, contents } = await placeOf();
    const before = await contents();
    const { status, stderr } = await command("user", "deactivate", ...names);
    expect({ status, stderr }).toMatchObject({ status: 4, stderr: expect.stringContaining(`[${code}]`) });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(tokenB);
    expect(await contents()).toBe(before);
  });

  it("keep a deactivated user's tokens out of what its owner exports, and the others in it", async () => {
    const { command } = await placeOf();
    await command("user", "deactivate", "jan");
    const { stdout } = await command("export");
    expect(stdout).toContain("username: els");
    expect(stdout).toContain("identifier: own");
    expect(stdout).not.toContain("username: jan");
    expect(stdout).not.toContain("identifier: of-jan");
    expect(stdout).toMatch(/^# .*Left out, since a command ended it: user jan$/m);
  });

  it("let nobody make a token for a deactivated user", async () => {
    const { command } = await placeOf();
    await command("user", "deactivate", "els");
    const made = await command(
      "token",
      "create",
      "new",
      "--user",
      "els",
      "--email",
      "a@example.nl",
      "--output",
      "json",
    );
    expect(JSON.parse(made.stdout)).toMatchObject({ outcome: "failed", diagnostics: [{ code: "INVALID_VALUE" }] });
  });
});
