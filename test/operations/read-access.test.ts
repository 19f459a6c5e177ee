import { describe, expect, it } from "vitest";
import type { Source } from "../../src/access/effective.js";
import type { ClientRule } from "../../src/access/listing.js";
import type { AccessRow } from "../../src/access/rows.js";
import { apply } from "../../src/apply/apply.js";
import {
  readAccessOverview,
  readAccessRows,
  readHolders,
  readTokenRights,
  readUserRights,
} from "../../src/operations/read-access.js";
import { accessCsvHeading, accessRowToJson, accessToCsv } from "../../src/report/access-rows.js";
import { csvList, jsonList, listText } from "../../src/report/list-format.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions } from "../support/run.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { otherValue, token, tokenValue, user } from "../verifier/verifier-world.js";

const now = Date.parse("2026-03-01T12:00:00.000Z");
const past = "2026-02-01T00:00:00.000Z";

/** People with rights from every source, and their tokens. */
async function accessWorld() {
  const url = await migratedDatabase();
  const { kysely } = await openForTest(url);
  const groupsSettings = { claim_mapping: ["groups"], superuser_group_names: ["beheer"] };
  await apply(
    configurationOf(
      resource("group", "lezers", { permissions: ["taken.view_taak"] }),
      resource("group", "schrijvers", { permissions: ["taken.add_taak"] }),
      user("jan", { groups: ["lezers"], permissions: ["berichten.view_bericht"] }),
      user("els", { groups: ["lezers"], groups_until: { lezers: past } }),
      user("piet", { is_superuser: true }),
      user("oud", { is_active: false, permissions: ["taken.view_taak"] }),
      token("forms", tokenValue, { permissions: ["taken.view_taak"] }),
      token("van-jan", otherValue, { user: "jan", permissions: ["taken.view_taak", "taken.delete_taak"] }),
      token("van-piet", `${"9".repeat(32)}abcdefgh`, { user: "piet", permissions: ["taken.delete_taak"] }),
      providerOf({ issuer: "https://idp.example" }),
      clientOf({
        options: {
          user_settings: { claim_mappings: { username: ["sub"] } },
          groups_settings: { ...groupsSettings, sync: true },
        },
      }),
    ),
    runOptions(url),
  );
  const userId = async (name: string) =>
    (await kysely.selectFrom("users").select("id").where("username", "=", name).executeTakeFirstOrThrow()).id;
  const [janId, elsId] = [await userId("jan"), await userId("els")];
  const writers = kysely.selectFrom("groups").select("id").where("name", "=", "schrijvers");
  const { id: writersId } = await writers.executeTakeFirstOrThrow();
  await kysely.insertInto("user_groups").values({ user_id: janId, group_id: writersId, origin: "claim" }).execute();
  await kysely.insertInto("user_groups").values({ user_id: elsId, group_id: writersId, origin: "manual" }).execute();
  return { url, kysely };
}

function sourcesOf(sources: readonly Source[]): readonly string[] {
  return sources.map((source) => {
    if (source.kind === "group") return `group ${source.group.name} by ${source.membership}`;
    return source.kind === "own" ? `own by ${source.origin}` : source.kind;
  });
}

function rulesOf(rules: readonly ClientRule[]): readonly string[] {
  return rules.map(({ client, claimant, access }) => {
    const who = claimant.kind === "group" ? `group ${claimant.name}` : claimant.kind;
    const what = access.isSuperuser ? "superuser" : [...access.permissions.keys()].join(", ");
    return `${client.identifier}, ${who}: ${what}`;
  });
}

const rules = [
  "api-oidc, group lezers: taken.view_taak",
  "api-oidc, group schrijvers: taken.add_taak",
  "api-oidc, group beheer: superuser",
];

describe("what a user may", () => {
  it("is listed with where each permission comes from", async () => {
    const { kysely } = await accessWorld();
    const jan = await readUserRights(kysely, "jan", now);
    expect(jan?.permissions.map(({ permission, sources }) => [permission, ...sourcesOf(sources)])).toEqual([
      ["berichten.view_bericht", "own by config"],
      ["taken.add_taak", "group schrijvers by claim"],
      ["taken.view_taak", "group lezers by config"],
    ]);
    expect(jan).toMatchObject({ isActive: true, access: { isSuperuser: false } });
    expect(jan?.tokens.map(({ token: { identifier }, state }) => [identifier, state])).toEqual([["van-jan", "active"]]);
    expect(rulesOf(jan?.rules ?? [])).toEqual(rules);
  });

  it("leaves out memberships that have ended, and shows that they have", async () => {
    const { kysely } = await accessWorld();
    const els = await readUserRights(kysely, "els", now);
    expect(els?.permissions.map(({ permission }) => permission)).toEqual(["taken.add_taak"]);
    expect(
      els?.memberships.map(({ group, membership, isCurrent }) => [group.name, membership.until, isCurrent]),
    ).toEqual([
      ["lezers", past, false],
      ["schrijvers", null, true],
    ]);
    const before = await readUserRights(kysely, "els", Date.parse(past) - 1);
    expect(before?.permissions.map(({ permission }) => permission)).toEqual(["taken.add_taak", "taken.view_taak"]);
  });

  it("is nothing while it is inactive, and unknown for what is no person", async () => {
    const { kysely } = await accessWorld();
    expect(await readUserRights(kysely, "oud", now)).toMatchObject({ isActive: false, permissions: [] });
    expect(await readUserRights(kysely, "forms", now)).toBeUndefined();
    expect(await readUserRights(kysely, "nobody", now)).toBeUndefined();
  });

  it("names no claims that would make a superuser by name, and those of its own provider alone", async () => {
    const { kysely } = await accessWorld();
    expect((await readUserRights(kysely, "piet", now))?.rules).toEqual([]);
    const link = (issuer: string) =>
      kysely.updateTable("users").set({ issuer, subject: "s" }).where("username", "=", "piet").execute();
    await link("https://idp.example");
    expect(rulesOf((await readUserRights(kysely, "piet", now))?.rules ?? [])).toEqual(rules);
    await link("https://elsewhere.example");
    expect((await readUserRights(kysely, "piet", now))?.rules).toEqual([]);
  });
});

describe("what a token may", () => {
  it("is what its user may of what it names, and what has no effect is told", async () => {
    const { kysely } = await accessWorld();
    const own = await readTokenRights(kysely, "van-jan", now);
    expect(own?.permissions.map(({ permission, sources }) => [permission, ...sourcesOf(sources)])).toEqual([
      ["taken.view_taak", "group lezers by config"],
    ]);
    expect(own).toMatchObject({ state: "active", withoutEffect: ["taken.delete_taak"], user: { username: "jan" } });
    const ofSuperuser = await readTokenRights(kysely, "van-piet", now);
    expect(ofSuperuser?.permissions.map(({ permission, sources }) => [permission, ...sourcesOf(sources)])).toEqual([
      ["taken.delete_taak", "superuser"],
    ]);
    expect(ofSuperuser).toMatchObject({ access: { isSuperuser: false }, withoutEffect: [] });
    expect(await readTokenRights(kysely, "nothing", now)).toBeUndefined();
  });

  it("is nothing once it is disabled", async () => {
    const { kysely } = await accessWorld();
    await kysely.updateTable("api_tokens").set({ disabled_at: past, disabled_by: "jan" }).execute();
    expect(await readTokenRights(kysely, "van-jan", now)).toMatchObject({ state: "disabled", permissions: [] });
  });
});

describe("who may something", () => {
  it("is told with what it is through: users, tokens and what claims give", async () => {
    const { kysely } = await accessWorld();
    const { users, tokens, rules: bringing } = await readHolders(kysely, "taken.view_taak", now);
    expect(users.map(({ user: { username }, sources }) => [username, ...sourcesOf(sources)])).toEqual([
      ["jan", "group lezers by config"],
      ["piet", "superuser"],
    ]);
    expect(tokens.map(({ token: { identifier }, sources }) => [identifier, ...sourcesOf(sources)])).toEqual([
      ["forms", "own by config"],
      ["van-jan", "group lezers by config"],
    ]);
    expect(rulesOf(bringing)).toEqual([rules[0], rules[2]]);
  });

  it("is counted for every permission", async () => {
    const { kysely } = await accessWorld();
    const overview = await readAccessOverview(kysely, now);
    expect(overview).toMatchObject({ superusers: ["piet"], superuserTokens: [] });
    expect(overview.permissions).toEqual([
      { permission: "berichten.view_bericht", users: 1, tokens: 0 },
      { permission: "taken.add_taak", users: 2, tokens: 0 },
      { permission: "taken.delete_taak", users: 0, tokens: 1 },
      { permission: "taken.view_taak", users: 1, tokens: 2 },
    ]);
    expect(rulesOf(overview.rules)).toEqual(rules);
  });
});

describe("all access", () => {
  it("is written as CSV, a line for each thing that gives a right", async () => {
    const { kysely } = await accessWorld();
    let text = "";
    for await (const part of listText(
      readAccessRows(kysely, now),
      csvList(accessCsvHeading(), (row) => accessToCsv(row)),
    ))
      text += part;
    expect(text.split("\r\n")).toEqual([
      "kind,name,user,claims,right,through,group,origin,until,narrowed_away_by",
      "user,els,,,taken.add_taak,group,schrijvers,manual,,",
      "user,jan,,,berichten.view_bericht,own,,config,,van-jan",
      "user,jan,,,taken.add_taak,group,schrijvers,claim,,van-jan",
      "user,jan,,,taken.view_taak,group,lezers,config,,",
      "user,piet,,,superuser,own,,,,van-piet",
      "api_token,forms,,,taken.view_taak,own,,config,,",
      "api_token,van-jan,jan,,taken.view_taak,group,lezers,config,,",
      "api_token,van-piet,piet,,taken.delete_taak,superuser,,,,",
      "oidc_client,api-oidc,,group lezers,taken.view_taak,group,lezers,claim,,",
      "oidc_client,api-oidc,,group schrijvers,taken.add_taak,group,schrijvers,claim,,",
      "oidc_client,api-oidc,,group beheer,superuser,own,,,,",
      "",
    ]);
  });

  it("is written as JSON, only for those that are wanted", async () => {
    const { kysely } = await accessWorld();
    const rows = readAccessRows(kysely, now, (row) => (row.principal.kind === "token" ? row : undefined));
    let text = "";
    for await (const part of listText(
      rows,
      jsonList<AccessRow>("access", (row) => accessRowToJson(row)),
    ))
      text += part;
    expect(JSON.parse(text).items).toEqual([
      {
        principal: { kind: "api_token", key: "forms" },
        permission: "taken.view_taak",
        through: { kind: "own", origin: "config" },
        until: null,
      },
      {
        principal: { kind: "api_token", key: "van-jan", user: "jan" },
        permission: "taken.view_taak",
        through: { kind: "group", group: "lezers", origin: "config" },
        until: null,
      },
      {
        principal: { kind: "api_token", key: "van-piet", user: "piet" },
        permission: "taken.delete_taak",
        through: { kind: "superuser" },
        until: null,
      },
    ]);
  });
});
