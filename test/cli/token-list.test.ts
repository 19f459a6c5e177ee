import { describe, expect, it } from "vitest";
import { createCliContext } from "../../src/cli/context.js";
import { printList } from "../../src/cli/print-list.js";
import { insertTokens, insertUsers } from "../../src/database/write-rows.js";
import { setupError } from "../../src/errors.js";
import { readTokens } from "../../src/operations/list-tokens.js";
import { jsonList } from "../../src/report/list-format.js";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { type CliResult, runCli, writeFiles } from "../support/cli.js";
import { databaseOf, sealingEnv } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { tokenA, tokenB, tokenC, tokenItem, tokens, users } from "./outcome.js";

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day).toISOString();

/** A folder whose database says this. */
async function folderWith(...yaml: readonly string[]) {
  const folder = temporaryFolder();
  const command = (...args: readonly string[]): Promise<CliResult> => runCli(args, { cwd: folder });
  const apply = async (text: string, ...args: readonly string[]) => {
    writeFiles(folder, { "config.yaml": text });
    expect(await command("apply", "config.yaml", ...args)).toMatchObject({ status: 0 });
  };
  for (const text of yaml) await apply(text);
  const list = async (...args: readonly string[]) => {
    const { status, stdout } = await command("token", "list", "--output", "json", ...args);
    return { status, json: JSON.parse(stdout) };
  };
  return {
    folder,
    command,
    apply,
    list,
    names: async (...args: readonly string[]): Promise<readonly string[]> =>
      (await list(...args)).json.items.map(({ identifier }: { readonly identifier: string }) => identifier),
    tables: async () => (await openForTest(databaseOf(folder))).kysely,
  };
}

const four = `${users("username: jan, email: jan@example.nl")}${tokens(
  tokenItem("b-of-jan", tokenB, "user: jan"),
  tokenItem("a-soon", tokenA, `expires_at: "${inDays(20)}"`),
  tokenItem("c-over", tokenC, 'expires_at: "2020-01-01T00:00:00Z"'),
)}`;

/** Four tokens: one of them of nobody's files. */
async function world() {
  const place = await folderWith(four);
  const kysely = await place.tables();
  const { id } = await kysely.selectFrom("users").select("id").where("username", "=", "jan").executeTakeFirstOrThrow();
  const columns = { contact_person: "Jan", email: "jan@example.nl", organization: "", application: "" };
  await insertTokens(kysely, "2024-01-01T00:00:00.000Z", [
    {
      ...columns,
      id: "by-hand",
      identifier: "d-by-hand",
      user_id: id,
      owner: null,
      digest: "0".repeat(64),
      generated: 1,
      administration: "",
      permissions: null,
      expires_at: null,
      grace_seconds: 0,
    },
  ]);
  return place;
}

describe("token list", () => {
  it("lists every token by identifier, with user, owner, state and times, as text, JSON and CSV", async () => {
    const { command, list } = await world();
    const { json, status } = await list();
    expect(status).toBe(0);
    expect(json).toMatchObject({ formatVersion: 1, command: "token list", outcome: "ok", diagnostics: [] });
    expect(json.items).toMatchObject([
      { identifier: "a-soon", user: "a-soon", owner: "default", state: "active" },
      { identifier: "b-of-jan", user: "jan", owner: "default", state: "active", expiresAt: null },
      {
        identifier: "c-over",
        user: "c-over",
        owner: "default",
        state: "expired",
        expiresAt: "2020-01-01T00:00:00.000Z",
      },
      { identifier: "d-by-hand", user: "jan", owner: null, state: "active", createdAt: "2024-01-01T00:00:00.000Z" },
    ]);
    const text = (await command("token", "list")).stdout.split("\n");
    expect(text[0]).toMatch(/^IDENTIFIER +USER +OWNER +STATE +CREATED +VALID FROM +EXPIRES +VALUE SINCE +LAST USED$/);
    expect(text[3]).toMatch(
      /^c-over {6}c-over {2}default {4}expired {2}\S+ \S+ {14}2020-01-01 00:00Z {2}\S+ \S+ {2}never$/,
    );
    expect(text[4]).toMatch(/^d-by-hand {3}jan {5}\(by hand\) {2}active {3}2024-01-01 00:00Z {14}never /);
    const csv = (await command("token", "list", "--output", "csv")).stdout.split("\r\n");
    expect(csv[0]).toBe(
      "identifier,user,owner,state,created_at,valid_from,expires_at,value,value_since,value_last_used_at,value_valid_until,description,allowed_ips,rate_limit",
    );
    expect(csv[4]).toBe("d-by-hand,jan,,active,2024-01-01T00:00:00.000Z,,,current,2024-01-01T00:00:00.000Z,,,,,");
    expect(csv).toHaveLength(6);
  });

  it.each([
    [
      ["--user", "jan"],
      ["b-of-jan", "d-by-hand"],
    ],
    [["--user", "ja"], []],
    [
      ["--owner", "default"],
      ["a-soon", "b-of-jan", "c-over"],
    ],
    [["--owner", "other"], []],
    [["--by-hand"], ["d-by-hand"]],
    [["--state", "expired"], ["c-over"]],
    [
      ["--state", "active"],
      ["a-soon", "b-of-jan", "d-by-hand"],
    ],
    [["--expiring", "30d"], ["a-soon"]],
    [["--expiring", "10d"], []],
    [["--unused", "90d"], ["d-by-hand"]],
    [["--prefix", "b-"], ["b-of-jan"]],
    [["--prefix", "B-"], []],
    [["--prefix", "%"], []],
    [["--user", "jan", "--by-hand", "--state", "active"], ["d-by-hand"]],
  ])("lists only what matches %j", async (filter, expected) => {
    expect(await (await world()).names(...filter)).toEqual(expected);
  });

  it("counts a token that was used in time as used, also by a value that was replaced", async () => {
    const { names, tables } = await world();
    const kysely = await tables();
    const use = (at: string) => kysely.updateTable("api_tokens").set({ last_used_at: at }).where("id", "=", "by-hand");
    await use(inDays(-91)).execute();
    expect(await names("--unused", "90d")).toEqual(["d-by-hand"]);
    await use(inDays(-89)).execute();
    expect(await names("--unused", "90d")).toEqual([]);
    await use(inDays(-91)).execute();
    const retired = { digest: "1".repeat(64), token_id: "by-hand", valid_until: inDays(1), last_used_at: inDays(-1) };
    await kysely.insertInto("api_token_retired").values(retired).execute();
    expect(await names("--unused", "90d")).toEqual([]);
  });

  it("ends with 2 only where it lists some and was asked to", async () => {
    const { list } = await world();
    expect((await list("--state", "expired", "--detailed-exitcode")).status).toBe(2);
    expect((await list("--user", "nobody", "--detailed-exitcode")).status).toBe(0);
    expect((await list("--state", "expired")).status).toBe(0);
  });

  it("says that none match, in each format", async () => {
    const { command, list } = await world();
    expect((await command("token", "list", "--user", "nobody")).stdout).toBe("No tokens match.\n");
    expect((await list("--user", "nobody")).json.items).toEqual([]);
    const csv = await command("token", "list", "--user", "nobody", "--output", "csv");
    expect(csv.stdout.split("\r\n")).toEqual([expect.stringMatching(/^identifier,/), ""]);
  });

  it("refuses --owner together with --by-hand, a state that does not exist and a duration without a unit", async () => {
    const { command } = await folderWith();
    for (const args of [
      ["--owner", "a", "--by-hand"],
      ["--state", "lost"],
      ["--expiring", "30"],
    ]) {
      expect(await command("token", "list", ...args)).toMatchObject({ status: 64, stdout: "" });
    }
  });

  it("asks to try again where nothing was applied yet, and creates nothing", async () => {
    const { command } = await folderWith();
    const { status, stderr } = await command("token", "list");
    expect(stderr).toContain("[DATABASE_OLDER]");
    expect(status).toBe(5);
  });

  it("prints neither a value nor a digest", async () => {
    const { command } = await world();
    for (const args of [["list"], ["list", "--output", "json"], ["list", "--output", "csv"], ["show", "b-of-jan"]]) {
      const { stdout, stderr } = await command("token", ...args);
      expect(stdout).toContain("b-of-jan");
      expect(stdout + stderr).not.toContain(tokenB);
      expect(stdout + stderr).not.toContain(digestToken(new Secret(tokenB)));
    }
  });

  it("makes text of a name that a spreadsheet would run", async () => {
    const { command, tables } = await world();
    await (await tables())
      .updateTable("users")
      .set({ username: '=HYPERLINK("x")' })
      .where("username", "=", "jan")
      .execute();
    const { stdout } = await command("token", "list", "--output", "csv", "--by-hand");
    expect(stdout).toContain(`d-by-hand,"'=HYPERLINK(""x"")",,active,`);
  });

  it("reads page by page, and has each of 1,200 tokens once, in order", async () => {
    const { names, tables } = await folderWith(tokens());
    const kysely = await tables();
    await insertUsers(kysely, inDays(0), [{ id: "u", owner: null, username: "u" }]);
    const rows = Array.from({ length: 1200 }, (_, index) => ({
      ...{
        id: `t${index}`,
        identifier: `t-${String(index).padStart(4, "0")}`,
        user_id: "u",
        owner: null,
        generated: 1 as const,
      },
      ...{ digest: `d${index}`, contact_person: "", email: "", organization: "", application: "", administration: "" },
      ...{ permissions: null, expires_at: null, grace_seconds: 0 },
    }));
    await insertTokens(kysely, inDays(0), rows);
    expect(await names()).toEqual(rows.map(({ identifier }) => identifier));
    const pages = readTokens(kysely, {}, Date.now());
    expect((await pages.next()).value).toHaveLength(500);
    await kysely.deleteFrom("api_tokens").where("identifier", ">=", "t-0700").execute();
    expect((await pages.next()).value).toHaveLength(200);
    expect(await pages.next()).toEqual({ done: true, value: undefined });
  });

  it("prints one whole JSON object that says so where a later page can't be read", async () => {
    async function* pages() {
      yield await Promise.resolve([{ name: "a" }]);
      throw setupError("unavailable", "DATABASE_UNREACHABLE", "gone");
    }
    const session = createCliContext(process);
    let printed = "";
    const out = (pieces: Iterable<string>) => {
      printed += [...pieces].join("");
      return Promise.resolve({ kind: "written" as const });
    };
    const terminal = { ...session.terminal, out };
    expect(await printList({ ...session, terminal }, pages(), jsonList("token list"))).toEqual({ status: 5, count: 1 });
    expect(JSON.parse(printed)).toMatchObject({
      items: [{ name: "a" }],
      outcome: "failed",
      diagnostics: [{ code: "DATABASE_UNREACHABLE" }],
    });
  });
});

describe("token show", () => {
  it("shows what a token may: its own permissions, those of its service user, or all of its user's", async () => {
    const { command, apply } = await world();
    await apply(
      `${users("username: jan, email: jan@example.nl")}${tokens(
        tokenItem("own", tokenA.replace("f", "e"), "permissions: [taken.view_b, taken.view_a]"),
        tokenItem("narrow", tokenB.replace("0", "1"), "user: jan, permissions: [taken.view_a]"),
        tokenItem("boss", tokenC.replace("5", "6"), "is_superuser: true"),
      )}`,
    );
    const show = async (name: string) =>
      JSON.parse((await command("token", "show", name, "--output", "json")).stdout).items;
    expect(await show("own")).toMatchObject([{ permissions: ["taken.view_a", "taken.view_b"], isSuperuser: false }]);
    expect(await show("narrow")).toMatchObject([{ user: "jan", permissions: ["taken.view_a"] }]);
    expect(await show("b-of-jan")).toMatchObject([{ user: "jan", permissions: null }]);
    expect(await show("boss")).toMatchObject([{ isSuperuser: true }]);
    expect((await command("token", "show", "own")).stdout).toContain("  may:        taken.view_a, taken.view_b\n");
  });

  it("refuses a name that no token has, without quoting it", async () => {
    const { command } = await world();
    const { status, stdout, stderr } = await command("token", "show", "a-soo");
    expect({ status, stdout }).toEqual({ status: 4, stdout: "" });
    expect(stderr).toContain("[TOKEN_NOT_FOUND]");
    expect(stderr).not.toContain("a-soo");
  });

  it("shows since when each value works and when it was last used, so that one sees when the old one can go", async () => {
    const { apply, folder, list } = await folderWith(tokens(tokenItem("a", tokenA, "grace_period: 24h")));
    const url = databaseOf(folder);
    let now = Date.now() + 60_000;
    const use = async (value: string) => {
      const verifier = await createVerifier({ database: url, now: () => now, env: sealingEnv() });
      expect(await verifier.authenticate(`Token ${value}`)).toMatchObject({ kind: "authenticated" });
      await verifier.close();
      return new Date(now).toISOString();
    };
    const before = await use(tokenA);
    const [{ values: only }] = (await list()).json.items;
    expect(only).toEqual([{ since: expect.any(String), lastUsedAt: before, validUntil: null }]);

    await apply(tokens(tokenItem("a", tokenB, "grace_period: 24h")));
    const [replaced] = (await list()).json.items;
    expect(replaced).toMatchObject({ lastUsedAt: before });
    expect(replaced.values[1]).toEqual({ ...only[0], validUntil: expect.any(String) });

    now += 3_600_000;
    const withOld = await use(tokenA);
    expect((await list()).json.items).toMatchObject([{ lastUsedAt: withOld, values: [{}, { lastUsedAt: withOld }] }]);
    now += 60_000;
    const withNew = await use(tokenB);
    expect((await list()).json.items).toMatchObject([
      { lastUsedAt: withNew, values: [{ lastUsedAt: withNew }, { lastUsedAt: withOld }] },
    ]);
  });

  it("shows a replaced value until its grace period ends, and none where there is no grace period", async () => {
    const { apply, list, tables } = await folderWith(tokens(tokenItem("a", tokenA, "grace_period: 24h")));
    const valuesNow = async () => (await list()).json.items[0].values.length;
    await apply(tokens(tokenItem("a", tokenB, "grace_period: 24h")));
    expect(await valuesNow()).toBe(2);
    await (await tables())
      .updateTable("api_token_retired")
      .set({ valid_until: inDays(-1) } as object)
      .execute();
    expect(await valuesNow()).toBe(1);
    await apply(tokens(tokenItem("a", tokenC)));
    expect(await valuesNow()).toBe(1);
  });
});
