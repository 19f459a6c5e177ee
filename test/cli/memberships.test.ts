import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { openLiveDatabase } from "../../src/database/open.js";
import { createLruCache } from "../../src/lru-cache.js";
import { createTokenOperations } from "../../src/operations/token-operations.js";
import { prepareUserLookup } from "../../src/users/principal.js";
import { readPrincipal, type UserContext } from "../../src/verifier/authenticate-user.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCli, writeFiles } from "../support/cli.js";
import { databaseOf, noticeChange, sealingEnv } from "../support/databases.js";
import { configurationOf, openForTest, resource, runOptions, temporaryFolder } from "../support/run.js";
import { migratedWorkplace, tokenA, tokenItem, tokens, users } from "./outcome.js";

const end = "2040-06-01T10:00:00.000Z";
const endMs = Date.parse(end);
const groups =
  "groups_config_enable: true\ngroups_config:\n  items:\n" +
  "    - {name: vast, permissions: [a.read]}\n    - {name: tijdelijk, permissions: [a.read, a.write]}\n";

const withJan = (memberships: string) =>
  `${groups}${users(`username: jan, email: jan@example.nl, groups: ${memberships}`)}${tokens(tokenItem("t", tokenA, "user: jan"))}`;

const ending = (until = end) => `[vast, {name: tijdelijk, until: "${until}"}]`;

/** A database that says this, with a verifier and a login's look-up that run all the while under the test's clock. */
async function placeOf(memberships: string) {
  const { folder, apply, run } = await migratedWorkplace();
  expect(await apply(withJan(memberships))).toMatchObject({ status: 0 });
  const url = databaseOf(folder);
  let nowMs = endMs - 1;
  const now = () => nowMs;
  const verifier = await createVerifier({ database: url, env: sealingEnv(), now });
  const live = await openLiveDatabase(url, "read");
  const { kysely } = await openForTest(url);
  const { id } = await kysely.selectFrom("users").select("id").where("username", "=", "jan").executeTakeFirstOrThrow();
  const context: UserContext = { read: prepareUserLookup(live, now), known: createLruCache(10), now };
  const accepted = { kind: "accepted", userId: id, clientIdentifier: "api-oidc", revision: 0 } as const;
  const state = { revision: 0 };
  return {
    folder,
    url,
    kysely,
    userId: id,
    run,
    apply: (next: string) => apply(withJan(next)),
    setNow: (ms: number) => {
      nowMs = ms;
    },
    /** The permissions of a request with an API token, and of one with a bearer token, whose cache sees no change. */
    may: async () => {
      await noticeChange();
      const token = await verifier.authenticate(`Token ${tokenA}`);
      const bearer = await readPrincipal(context, accepted, state);
      return [token, bearer].map((outcome) =>
        outcome.kind === "authenticated" ? [...outcome.principal.permissions].sort() : outcome.kind,
      );
    },
    close: async () => {
      await verifier.close();
      await live.close();
    },
  };
}

const both = <T>(value: T) => [value, value];

describe("a membership with `until`", () => {
  it("counts until that moment and not at it, for kept principals too, and the one beside it stays", async () => {
    const { may, setNow, close } = await placeOf(ending());
    expect(await may()).toEqual(both(["a.read", "a.write"]));
    setNow(endMs);
    expect(await may()).toEqual(both(["a.read"]));
    setNow(endMs - 1);
    expect(await may()).toEqual(both(["a.read"]));
    await close();
  });

  it("is in UTC whatever its offset, changes nothing the second time, and its change is planned and followed", async () => {
    const { apply, run, may, kysely, setNow, close } = await placeOf(ending("2040-06-01T12:00:00+02:00"));
    expect((await apply(ending())).json.outcome).toBe("unchanged");
    const later = "2040-06-01T10:00:01.000Z";
    const changed = await apply(ending(later));
    expect(changed.json.changes).toMatchObject([
      { key: "jan", fields: [{ name: "groups_until", before: { tijdelijk: end }, after: { tijdelijk: later } }] },
    ]);
    setNow(endMs);
    expect((await may())[0]).toEqual(["a.read", "a.write"]);
    // Without an end, it is for good; the other's change keeps it so.
    expect((await apply("[vast, tijdelijk]")).json.changes).toMatchObject([
      { fields: [{ name: "groups_until", before: { tijdelijk: later }, after: {} }] },
    ]);
    setNow(Date.parse(later));
    expect((await may())[0]).toEqual(["a.read", "a.write"]);
    await apply(`[{name: tijdelijk, until: "${later}"}]`);
    expect((await may())[0]).toEqual([]);
    const rows = await kysely.selectFrom("user_groups").select(["origin", "until"]).execute();
    expect(rows).toEqual([{ origin: "config", until: later }]);
    expect((await run(["plan", "config.yaml"])).json.summary).toMatchObject({ create: 0, update: 0, delete: 0 });
    await close();
  });

  it("ends alone: one of the same group by hand or by a claim goes on", async () => {
    const { may, kysely, userId, setNow, close } = await placeOf(ending());
    const group = kysely.selectFrom("groups").select("id").where("name", "=", "tijdelijk");
    const { id } = await group.executeTakeFirstOrThrow();
    await kysely.insertInto("user_groups").values({ user_id: userId, group_id: id, origin: "manual" }).execute();
    await kysely.updateTable("setup_state").set({ revision: 1000 }).execute();
    setNow(endMs);
    expect((await may())[0]).toEqual(["a.read", "a.write"]);
    await close();
  });

  it("is not counted where its end can't be read", async () => {
    const { may, kysely, close } = await placeOf(ending());
    await kysely.updateTable("user_groups").set({ until: "whenever" }).where("until", "is not", null).execute();
    await kysely.updateTable("setup_state").set({ revision: 1000 }).execute();
    expect((await may())[0]).toEqual(["a.read"]);
    await close();
  });

  it("gives a token and an account nothing once it is over", async () => {
    const { folder, url, userId, close } = await placeOf(ending());
    const create = (name: string) =>
      runCli(["token", "create", name, "--user", "jan", "--permission", "a.write", "--output", "json"], {
        cwd: folder,
      });
    expect(await create("before")).toMatchObject({ status: 0 });
    const operations = await createTokenOperations({ database: url, now: () => endMs });
    const earlier = await createTokenOperations({ database: url, now: () => endMs - 1 });
    const request = { userId, identifier: "after", contactPerson: "Jan", email: "jan@example.nl", actor: "login:jan" };
    expect(await operations.create({ ...request, permissions: ["a.write"] })).toMatchObject({
      kind: "refused",
      errors: [{ code: "permission_not_held" }],
    });
    expect(await operations.create({ ...request, permissions: ["a.read"] })).toMatchObject({ kind: "created" });
    expect((await operations.account(userId))?.groups).toEqual(["vast"]);
    expect((await earlier.account(userId))?.groups).toEqual(["tijdelijk", "vast"]);
    await operations.close();
    await earlier.close();
    await close();
  });

  it("keeps its end where a step declares groups without ends", async () => {
    const { url, may, setNow, close } = await placeOf(`[{name: tijdelijk, until: "${end}"}]`);
    const jan = resource("user", "jan", { email: "jan@example.nl", groups: ["tijdelijk", "vast"], permissions: [] });
    await apply(configurationOf(jan), runOptions(url));
    expect((await may())[0]).toEqual(["a.read", "a.write"]);
    setNow(endMs);
    expect((await may())[0]).toEqual(["a.read"]);
    await close();
  });

  it("is told by user show, and user list --group counts it until it is over", async () => {
    const { folder, apply, close } = await placeOf(ending());
    const command = async (...args: readonly string[]) => (await runCli(args, { cwd: folder })).stdout;
    const members = async () =>
      JSON.parse(await command("user", "list", "--group", "tijdelijk", "--output", "json")).items;
    expect(await command("user", "show", "jan")).toMatch(
      /^ {2}groups: +tijdelijk \(file, until 2040-06-01 10:00Z\), vast \(file\)$/m,
    );
    expect(await members()).toMatchObject([{ username: "jan" }]);
    await apply(ending("2020-01-01T00:00:00Z"));
    expect(await members()).toEqual([]);
    await close();
  });

  it("keeps its end in an export without names", async () => {
    const { folder, close } = await placeOf(ending());
    const { stdout } = await runCli(["export", "--owner", "default", "--sanitize"], { cwd: folder });
    expect(stdout).toContain(`until: "${end}"`);
    expect(stdout).not.toContain("tijdelijk");
    await close();
  });

  it("goes out with export, and comes in again", async () => {
    const { folder, run, close } = await placeOf(ending());
    const { stdout } = await runCli(["export", "--owner", "default"], { cwd: folder });
    expect(stdout).toContain(`- name: tijdelijk\n          until: "${end}"`);
    writeFiles(folder, { "exported.yaml": stdout });
    expect((await run(["plan", "exported.yaml"])).json.summary).toMatchObject({ create: 0, update: 0, delete: 0 });
    const other = temporaryFolder();
    writeFiles(other, { "exported.yaml": stdout });
    expect(await runCli(["apply", "exported.yaml"], { cwd: other })).toMatchObject({ status: 0 });
    const { kysely } = await openForTest(databaseOf(other));
    const rows = await kysely.selectFrom("user_groups").select("until").orderBy("until").execute();
    expect(rows.map(({ until }) => until).sort()).toEqual([end, null]);
    await close();
  });
});

describe("what a file says of memberships", () => {
  const validate = async (memberships: string) => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": withJan(memberships) });
    const { status, stdout } = await runCli(["validate", "config.yaml", "--output", "json"], { cwd: folder });
    const { diagnostics } = JSON.parse(stdout);
    return { status, diagnostics };
  };

  it("warns of one that is over, which does not count", async () => {
    const { may, close } = await placeOf(`[vast, {name: tijdelijk, until: "2020-01-01T00:00:00Z"}]`);
    expect((await may())[0]).toEqual(["a.read"]);
    await close();
    expect(await validate(`[vast, {name: tijdelijk, until: "2020-01-01T00:00:00Z"}]`)).toMatchObject({
      status: 0,
      diagnostics: [{ severity: "warning", code: "EXPIRED", path: expect.stringContaining("groups.1.until") }],
    });
    expect(await validate(ending())).toEqual({ status: 0, diagnostics: [] });
  });

  it.each([
    ["with and without an end", `[tijdelijk, {name: tijdelijk, until: "${end}"}]`],
    ["with two ends", `[{name: tijdelijk, until: "${end}"}, {name: tijdelijk, until: "2041-01-01T00:00:00Z"}]`],
  ])("is an error where a group comes twice, %s", async (_, memberships) => {
    expect(await validate(memberships)).toMatchObject({
      status: 3,
      diagnostics: [{ code: "DUPLICATE_RESOURCE", path: expect.stringContaining("groups.1") }],
    });
  });

  it("takes a group that comes twice for good once, as before", async () => {
    expect(await validate("[vast, vast]")).toEqual({ status: 0, diagnostics: [] });
  });

  it("points at the name of a group that is nowhere, and at an end without an offset", async () => {
    const missing = await validate(`[vast, {name: tijdelik, until: "${end}"}]`);
    expect(missing).toMatchObject({ status: 3, diagnostics: [{ code: "REFERENCE_NOT_FOUND", line: 9 }] });
    const plain = await validate(`[vast, {until: "2040-06-01T10:00", name: tijdelijk}]`);
    expect(plain).toMatchObject({
      status: 3,
      diagnostics: [{ code: "INVALID_VALUE", message: expect.stringContaining("date and time with offset") }],
    });
  });
});
