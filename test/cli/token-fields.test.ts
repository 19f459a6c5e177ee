import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { tokenA, tokenB, tokenC, tokenItem, tokens, users } from "./outcome.js";
import { placeWith } from "./token-place.js";

const start = "2040-01-01T00:00:00.000Z";
const startMs = Date.parse(start);
const end = "2040-01-02T00:00:00.000Z";

/** {@link placeWith}, whose verifier's clock the test sets. */
async function placeAt(nowMs: number, yaml: string) {
  let clockMs = nowMs;
  const place = await placeWith(yaml, { now: () => clockMs });
  return {
    ...place,
    command: (...args: readonly string[]) => place.command(args),
    setNow: (ms: number) => {
      clockMs = ms;
    },
  };
}

describe("valid_from of a token", () => {
  it("holds to the millisecond, at a verifier that runs all the while, and the token beside it works", async () => {
    const from = tokenItem("a", tokenA, 'valid_from: "2040-01-01T01:00+01:00", expires_at: "2040-01-02T00:00:00Z"');
    const { setNow, use } = await placeAt(startMs - 1, tokens(from, tokenItem("b", tokenB)));
    expect([await use(tokenA), await use(tokenB)]).toEqual(["not_yet_valid a", "authenticated"]);
    setNow(startMs);
    expect(await use(tokenA)).toBe("authenticated");
    // A clock that goes back meets a result that is kept.
    setNow(startMs - 1);
    expect(await use(tokenA)).toBe("not_yet_valid a");
    setNow(Date.parse(end) - 1);
    expect(await use(tokenA)).toBe("authenticated");
    setNow(Date.parse(end));
    expect(await use(tokenA)).toBe("expired a");
  });

  it("is followed when a file changes it, in both directions, and changes nothing the second time", async () => {
    const later = tokens(tokenItem("a", tokenA, `valid_from: "${start}"`));
    const { apply, kysely, use } = await placeAt(startMs - 1000, tokens(tokenItem("a", tokenA)));
    expect(await use(tokenA)).toBe("authenticated");
    expect((await apply(later)).changes).toMatchObject([
      { action: "update", fields: [{ name: "valid_from", before: null, after: start }] },
    ]);
    expect(await use(tokenA)).toBe("not_yet_valid a");
    const written = async () => [
      await kysely.selectFrom("api_tokens").select("updated_at").execute(),
      await kysely.selectFrom("runs").select("id").execute(),
    ];
    const before = await written();
    expect((await apply(later)).outcome).toBe("unchanged");
    expect(await written()).toEqual(before);
    await apply(tokens(tokenItem("a", tokenA)));
    expect(await use(tokenA)).toBe("authenticated");
  });

  it.each([
    ["after", '"2040-01-03T00:00:00Z"', "before `expires_at`"],
    ["at", '"2040-01-02T01:00:00+01:00"', "before `expires_at`"],
    ["without an offset to", '"2040-01-01T00:00:00"', "such as `2030-01-31T12:00:00+01:00`"],
  ])("is an error %s expires_at, with its place", async (_, from, message) => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      "config.yaml": tokens(tokenItem("a", tokenA, `expires_at: "${end}", valid_from: ${from}`)),
    });
    const { status, stderr } = await runCli(["validate", "config.yaml"], { cwd: folder });
    expect(status).toBe(3);
    expect(stderr).toContain("[INVALID_VALUE]");
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/config\.yaml:4:\d+: error/);
  });

  it("is the state not-yet-valid of the list, after disabled, revoked and expired", async () => {
    const from = `valid_from: "${start}"`;
    const { command } = await placeAt(
      startMs,
      tokens(tokenItem("a", tokenA, from), tokenItem("b", tokenB, from), tokenItem("c", tokenC)),
    );
    await command("token", "disable", "b");
    const states = async (...args: readonly string[]) =>
      JSON.parse((await command("token", "list", "--output", "json", ...args)).stdout).items.map(
        (token: { readonly identifier: string; readonly state: string; readonly validFrom: string | null }) =>
          `${token.identifier} ${token.state} ${token.validFrom}`,
      );
    expect(await states()).toEqual([`a not-yet-valid ${start}`, `b disabled ${start}`, "c active null"]);
    expect(await states("--state", "not-yet-valid")).toEqual([`a not-yet-valid ${start}`]);
    expect(await states("--state", "active")).toEqual(["c active null"]);
    expect((await command("token", "list")).stdout).toMatch(/^a .* not-yet-valid .* {2}2040-01-01 00:00Z {2}never /m);
    expect((await command("token", "show", "a")).stdout).toMatch(/^ {2}valid from: +2040-01-01 00:00Z$/m);
    expect((await command("token", "list", "--output", "csv")).stdout).toContain(`,not-yet-valid,`);
  });
});

describe("enabled of a token", () => {
  const off = "enabled: false";

  it("false rejects all its values until a file says true, and no other token's", async () => {
    const grace = "grace_period: 24h";
    const { apply, use } = await placeAt(Date.now(), tokens(tokenItem("a", tokenA, grace), tokenItem("b", tokenB)));
    await apply(tokens(tokenItem("a", tokenC, `${grace}, ${off}`), tokenItem("b", tokenB)));
    expect([await use(tokenA), await use(tokenC), await use(tokenB)]).toEqual([
      "disabled a",
      "disabled a",
      "authenticated",
    ]);
    expect((await apply(tokens(tokenItem("a", tokenC, `${grace}, ${off}`), tokenItem("b", tokenB)))).outcome).toBe(
      "unchanged",
    );
    await apply(tokens(tokenItem("a", tokenC, `${grace}, enabled: true`), tokenItem("b", tokenB)));
    expect([await use(tokenA), await use(tokenC)]).toEqual(["authenticated", "authenticated"]);
  });

  it("can't be switched by a command, which names the owner and the file, and changes no other token", async () => {
    const { command, use, contents } = await placeAt(
      Date.now(),
      tokens(tokenItem("a", tokenA, off), tokenItem("b", tokenB)),
    );
    await command("token", "disable", "b");
    const before = await contents();
    const { status, stderr } = await command("token", "enable", "b", "a");
    expect(status).toBe(4);
    expect(stderr).toContain(
      "api_token a is disabled by `enabled: false` in a file of the owner default: config.yaml [TOKEN_IN_FILE]",
    );
    expect(await contents()).toBe(before);
    expect(await command("token", "enable", "b")).toMatchObject({ status: 0 });
    expect([await use(tokenA), await use(tokenB)]).toEqual(["disabled a", "authenticated"]);
  });

  it("and token disable are two switches: each stays until it is turned back", async () => {
    const { apply, command, use } = await placeAt(Date.now(), tokens(tokenItem("a", tokenA, off)));
    await command("token", "disable", "a");
    // The file expects no more than this.
    expect((await apply(tokens(tokenItem("a", tokenA, off)))).diagnostics).toEqual([]);
    const enabled = await apply(tokens(tokenItem("a", tokenA)));
    expect(enabled.diagnostics).toMatchObject([{ code: "TOKEN_DISABLED" }]);
    expect(await use(tokenA)).toBe("disabled a");
    await command("token", "enable", "a");
    expect(await use(tokenA)).toBe("authenticated");
    await command("token", "disable", "a");
    // A new value ends the command's switch, and not the file's.
    await apply(tokens(tokenItem("a", tokenB, off)));
    expect(await use(tokenB)).toBe("disabled a");
    await apply(tokens(tokenItem("a", tokenB)));
    expect(await use(tokenB)).toBe("authenticated");
  });

  it("is told by list and show, and enabling works where no file manages the token any more", async () => {
    const { command, kysely, use } = await placeAt(Date.now(), tokens(tokenItem("a", tokenA, off)));
    const listed = await command("token", "list", "--state", "disabled", "--output", "json");
    expect(JSON.parse(listed.stdout).items).toMatchObject([{ identifier: "a" }]);
    const shown = await command("token", "show", "a", "--output", "json");
    expect(JSON.parse(shown.stdout).items).toMatchObject([{ isEnabled: false, disabled: null, state: "disabled" }]);
    expect((await command("token", "show", "a")).stdout).toMatch(/^ {2}enabled: +false, in a file$/m);
    await kysely.updateTable("api_tokens").set({ owner: null }).execute();
    await kysely.updateTable("setup_state").set({ revision: 100 }).execute();
    await command("token", "enable", "a");
    expect(await use(tokenA)).toBe("authenticated");
  });
});

describe("description, valid_from and enabled of a token", () => {
  it("go out with export and make the same token again", async () => {
    const written = `description: "For the café's API", enabled: false, valid_from: "${start}"`;
    const { command, folder } = await placeAt(Date.now(), tokens(tokenItem("a", tokenA, written)));
    const exported = await command("export", "--owner", "default");
    expect(exported.stdout).toContain(`description: "For the café's API"`);
    writeFiles(folder, { "exported.yaml": exported.stdout });
    const again = await command("apply", "exported.yaml", "--output", "json");
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: "unchanged" });
    const other = temporaryFolder();
    writeFiles(other, { "exported.yaml": exported.stdout });
    expect(await runCli(["apply", "exported.yaml"], { cwd: other })).toMatchObject({ status: 0 });
    const { kysely } = await openForTest(databaseOf(other));
    expect(await kysely.selectFrom("api_tokens").select(["description", "enabled", "valid_from"]).execute()).toEqual([
      { description: "For the café's API", enabled: 0, valid_from: start },
    ]);
  });

  it("an invisible character in a description is an error, and 1001 characters are", async () => {
    const folder = temporaryFolder();
    for (const [text, message] of [
      [`"a\\u202eb"`, "U+202E"],
      ["x".repeat(1001), "1000"],
    ]) {
      writeFiles(folder, { "config.yaml": tokens(tokenItem("a", tokenA, `description: ${text}`)) });
      const { status, stderr } = await runCli(["validate", "config.yaml"], { cwd: folder });
      expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining(message ?? "") });
    }
    writeFiles(folder, { "config.yaml": tokens(tokenItem("a", tokenA, `description: ${"x".repeat(1000)}`)) });
    expect(await runCli(["validate", "config.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
  });
});

describe("token create --valid-from --description", () => {
  it("makes a token that starts later, which list and show tell", async () => {
    const { command, setNow, use } = await placeAt(startMs - 1, users("username: jan, email: jan@example.nl"));
    const made = await command(
      ...["token", "create", "t", "--user", "jan", "--description", "For a test", "--output", "json"],
      ...["--valid-from", start, "--expires-at", end],
    );
    const [{ token }] = JSON.parse(made.stdout).generated;
    expect(await use(token)).toBe("not_yet_valid t");
    setNow(startMs);
    expect(await use(token)).toBe("authenticated");
    expect((await command("token", "show", "t")).stdout).toMatch(/^ {2}description: +For a test$/m);
  });

  it("refuses a start that is not before the end, and one without an offset", async () => {
    const { command, contents } = await placeAt(startMs, users("username: jan, email: jan@example.nl"));
    const before = await contents();
    const create = (...args: readonly string[]) => command("token", "create", "t", "--user", "jan", ...args);
    expect(await create("--valid-from", end, "--expires-at", end)).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("--valid-from: expected a time before the token expires"),
    });
    expect(await create("--valid-from", "2040-01-01T00:00")).toMatchObject({
      status: 64,
      stderr: expect.stringContaining("--valid-from is not a date and time with an offset"),
    });
    expect(await contents()).toBe(before);
  });
});
