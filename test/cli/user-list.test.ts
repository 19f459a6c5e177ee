import type { Kysely } from "kysely";
import { describe, expect, it } from "vitest";
import type { Tables } from "../../src/database/tables.js";
import { tokenA, tokenItem, tokens, users } from "./outcome.js";
import { placeWith } from "./token-place.js";

const yaml = `groups_config_enable: true
groups_config: {items: [{name: beheer, permissions: [a.b]}]}
${users(
  'username: "=els", groups: [beheer], first_name: Els',
  "username: jan, email: jan@example.nl, is_superuser: true, is_staff: true, password: Jan-his-2nd-password",
  "username: weg, is_active: false",
)}${tokens(tokenItem("own", tokenA))}`;

/** Three users of a file, one of a sign-in, and one for a token alone. */
async function world() {
  const { command, kysely, ...place } = await placeWith(yaml);
  const old = "2024-01-01T00:00:00.000Z";
  const row = { email: "", first_name: "", last_name: "", is_active: 1, is_staff: 0, is_superuser: 0 } as const;
  const link = { issuer: "https://op.example", subject: "s1" };
  await kysely
    .insertInto("users")
    .values({
      id: "u1",
      username: "piet",
      owner: null,
      created_at: old,
      updated_at: old,
      is_service: 0,
      password_hash: null,
      ...row,
      ...link,
    })
    .execute();
  const list = async (...args: readonly string[]) => {
    const { status, stdout } = await command(["user", "list", "--output", "json", ...args]);
    return { status, json: JSON.parse(stdout) };
  };
  return {
    ...place,
    kysely,
    command,
    list,
    names: async (...args: readonly string[]): Promise<readonly string[]> =>
      (await list(...args)).json.items.map(({ username }: { readonly username: string }) => username),
  };
}

describe("user list", () => {
  it("lists every person by name, with owner, state, rights and how it signs in, as text, JSON and CSV", async () => {
    const { command, list } = await world();
    const { json, status } = await list();
    expect({ status, json }).toMatchObject({ status: 0, json: { command: "user list", outcome: "ok" } });
    expect(json.items).toMatchObject([
      { username: "=els", owner: "default", state: "active", firstName: "Els", hasPassword: false, lastSeenAt: null },
      { username: "jan", isStaff: true, isSuperuser: true, isService: false, hasPassword: true, isLinked: false },
      { username: "piet", owner: null, state: "active", isLinked: true, createdAt: "2024-01-01T00:00:00.000Z" },
      { username: "weg", state: "inactive" },
    ]);
    const text = (await command(["user", "list"])).stdout.split("\n");
    expect(text[0]).toMatch(/^USERNAME +OWNER +STATE +RIGHTS +SIGNS IN WITH +CREATED +LAST SEEN$/);
    expect(text[2]).toMatch(/^jan +default +active +superuser, staff +password +\S+ \S+ +never$/);
    expect(text[3]).toMatch(/^piet +\(by hand\) +active +- +provider +2024-01-01 00:00Z +never$/);
    const csv = (await command(["user", "list", "--output", "csv"])).stdout.split("\r\n");
    expect(csv[1]).toMatch(/^'=els,default,active,false,false,false,,Els,,false,false,[^,]+,$/);
    expect(csv).toHaveLength(6);
    for (const output of [text.join(), csv.join(), JSON.stringify(json)]) expect(output).not.toContain("scrypt");
  });

  it.each([
    [
      ["--owner", "default"],
      ["=els", "jan", "weg"],
    ],
    [["--owner", "other"], []],
    [["--by-hand"], ["piet"]],
    [["--state", "inactive"], ["weg"]],
    [
      ["--state", "active"],
      ["=els", "jan", "piet"],
    ],
    [["--state", "deactivated"], []],
    [["--superuser"], ["jan"]],
    [["--staff", "--state", "inactive"], []],
    [["--group", "beheer"], ["=els"]],
    [["--group", "BEHEER"], []],
    [["--prefix", "j"], ["jan"]],
    [["--prefix", "%"], []],
    [["--unused", "90d"], ["piet"]],
    [["--service"], ["=els", "jan", "own", "piet", "weg"]],
  ])("lists only what matches %j", async (filter, expected) => {
    expect(await (await world()).names(...filter)).toEqual(expected);
  });

  const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  it.each([
    ["a login", (tables, seen) => tables.updateTable("users").set({ last_sign_in_at: seen }).where("id", "=", "u1")],
    [
      "a session",
      (tables, seen) =>
        tables.insertInto("login_sessions").values({
          digest: "d",
          user_id: "u1",
          client: "c",
          client_id: null,
          created_at: seen,
          seen_at: seen,
          expires_at: seen,
          id_token: null,
          code_digest: null,
        }),
    ],
    [
      "one of its tokens",
      (tables, seen) =>
        tables.updateTable("api_tokens").set({ user_id: "u1", last_used_at: seen }).where("identifier", "=", "own"),
    ],
  ] as readonly [string, (tables: Kysely<Tables>, seen: string) => { execute: () => Promise<unknown> }][])(
    "counts a user as seen by %s",
    async (_by, seenBy) => {
      const { names, kysely, list } = await world();
      const seen = at(89);
      await seenBy(kysely, seen).execute();
      expect(await names("--unused", "90d")).toEqual([]);
      expect(await names("--unused", "88d")).toEqual(["piet"]);
      expect((await list("--prefix", "piet")).json.items).toMatchObject([{ lastSeenAt: seen }]);
    },
  );

  it("ends with 2 only where it lists some and was asked to, and takes one of two owners alone", async () => {
    const { list, command } = await world();
    expect((await list("--superuser", "--detailed-exitcode")).status).toBe(2);
    expect((await list("--prefix", "x", "--detailed-exitcode")).status).toBe(0);
    expect((await list("--superuser")).status).toBe(0);
    expect((await command(["user", "list", "--owner", "a", "--by-hand"])).status).toBe(64);
  });

  it("reads more users than a page holds, each once", async () => {
    const { kysely, names } = await world();
    const row = await kysely.selectFrom("users").selectAll().where("id", "=", "u1").executeTakeFirstOrThrow();
    const many = Array.from({ length: 1203 }, (_, index) => `z${String(index).padStart(5, "0")}`);
    for (let start = 0; start < many.length; start += 100) {
      const rows = many.slice(start, start + 100).map((name) => ({ ...row, id: name, username: name, subject: name }));
      await kysely.insertInto("users").values(rows).execute();
    }
    expect(await names("--prefix", "z")).toEqual(many);
  });
});

describe("user show", () => {
  it("shows groups and permissions with their sources, tokens, link and sessions, and never the password's hash", async () => {
    const { command, kysely } = await world();
    const { id } = await kysely
      .selectFrom("users")
      .select("id")
      .where("username", "=", "jan")
      .executeTakeFirstOrThrow();
    const group = await kysely.selectFrom("groups").select("id").executeTakeFirstOrThrow();
    await kysely.insertInto("user_groups").values({ user_id: id, group_id: group.id, origin: "claim" }).execute();
    await kysely.insertInto("user_permissions").values({ user_id: id, permission: "x.y", origin: "manual" }).execute();
    const json = JSON.parse((await command(["user", "show", "jan", "--output", "json"])).stdout);
    expect(json.items).toMatchObject([
      {
        username: "jan",
        hasPassword: true,
        groups: [{ name: "beheer", source: "claim", until: null }],
        permissions: [{ permission: "x.y", source: "manual" }],
        tokens: [],
        link: null,
        deactivation: null,
        sessions: { count: 0, lastSeenAt: null },
      },
    ]);
    const text = (await command(["user", "show", "jan"])).stdout;
    expect(text).toMatch(/^ {2}groups: +beheer \(sign-in\)$/m);
    expect(text).toMatch(/^ {2}password: +set$/m);
    expect(text + JSON.stringify(json)).not.toContain("scrypt");
    expect((await command(["user", "show", "piet"])).stdout).toMatch(
      /^ {2}linked to: +the subject s1 of https:\/\/op\.example$/m,
    );
  });

  it("refuses an unknown name without quoting it", async () => {
    const { command } = await world();
    const { status, stderr } = await command(["user", "show", tokenA]);
    expect({ status, stderr }).toMatchObject({ status: 4, stderr: expect.stringContaining("[USER_NOT_FOUND]") });
    expect(stderr).not.toContain(tokenA);
  });
});
