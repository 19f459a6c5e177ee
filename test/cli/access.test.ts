import { describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { keycloakProvider } from "../support/config-text.js";
import { tokenA, tokenB, tokenC, tokenItem, tokens, users, workplace } from "./outcome.js";

const groups = `groups_config_enable: true
groups_config:
  items:
    - {name: lezers, permissions: [taken.view]}
    - {name: beheer, permissions: [taken.change]}
`;
const people = users(
  "username: jan, email: jan@example.nl, permissions: [taken.view], groups: [lezers, {name: beheer, until: 2099-01-01T00:00:00Z}]",
  "username: els, email: els@example.nl, is_superuser: true, password: correct-horse-battery-staple",
  "username: piet, email: piet@example.nl, is_active: false, groups: [{name: lezers, until: 2020-01-01T00:00:00Z}]",
);
const apiTokens = tokens(
  tokenItem("van-jan", tokenA, "user: jan, permissions: [taken.view, zaken.other], expires_at: 2098-01-01T00:00:00Z"),
  tokenItem("forms", tokenB, "permissions: [taken.add]"),
  tokenItem("jan", tokenC, "user: els, permissions: [taken.view]"),
);
const client = `${keycloakProvider}    - identifier: admin-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: vtb
      oidc_rp_client_secret: 6mQ0bJp2Vx8sLr4nYt1kWz7cHd3fGa5e
      options:
        user_settings: {claim_mappings: {username: [sub]}}
        groups_settings: {claim_mapping: [groups], sync: true, sync_pattern: "l*", default_groups: [], make_users_staff: true, superuser_group_names: [bazen]}
`;
const config = groups + people + apiTokens + client;

async function appliedPlace(yaml = config) {
  const place = workplace();
  expect(await place.apply(yaml)).toMatchObject({ status: 0 });
  const access = (...args: readonly string[]) => runCli(["access", ...args], { cwd: place.folder });
  return { ...place, access };
}

/** The lines of a table, with a single `|` between its cells. */
const cells = (text: string) => text.split("\n").map((line) => line.trimEnd().replace(/ {2,}/g, " | "));

describe("access", () => {
  it("shows the rights of everyone: users, tokens and what claims give, each with what it comes from", async () => {
    const { access } = await appliedPlace();
    const { status, stdout, stderr } = await access();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(cells(stdout)).toEqual([
      "WHO | MAY | THROUGH | ENDS | NARROWED AWAY BY",
      "user:els | superuser | is_superuser | token:jan",
      "user:jan | taken.change | group beheer | 2099-01-01 00:00Z | token:van-jan",
      "user:jan | taken.view | own permission",
      " | group lezers",
      "token:forms | taken.add | own permission",
      "token:jan | taken.view | user els: superuser",
      "token:van-jan | taken.view | user jan: own permission | 2098-01-01 00:00Z",
      " | user jan: group lezers | 2098-01-01 00:00Z",
      "client:admin-oidc everyone | staff | make_users_staff",
      "client:admin-oidc group lezers | taken.view | group lezers, from claims",
      "client:admin-oidc group bazen | superuser | superuser_group_names",
      "",
      "May do nothing: user:piet (inactive).",
      "",
    ]);
  });

  it("shows one user, one token and one client, with what ended and what has no effect", async () => {
    const { access } = await appliedPlace();
    expect(cells((await access("user:piet")).stdout)).toEqual([
      "May do nothing: user:piet (inactive).",
      "Ended: group lezers on 2020-01-01 00:00Z.",
      "",
    ]);
    expect(cells((await access("van-jan")).stdout).slice(3)).toEqual([
      "",
      "Narrowed away: taken.change.",
      "Named without effect, since its user lacks it: zaken.other.",
      "",
    ]);
    const ofClient = cells((await access("client:admin-oidc")).stdout);
    expect(ofClient.slice(1, -1).every((line) => line.startsWith("client:admin-oidc "))).toBe(true);
    expect(ofClient).toHaveLength(5);
  });

  it("shows who has a permission, superusers included, and nobody else", async () => {
    const { access } = await appliedPlace();
    const { stdout } = await access("permission:taken.change");
    expect(cells(stdout).map((line) => line.split(" | ").slice(0, 2).join(" "))).toEqual([
      "WHO MAY",
      "user:els superuser",
      "user:jan taken.change",
      "client:admin-oidc group bazen superuser",
      "",
    ]);
    const empty = await appliedPlace(groups);
    expect(await empty.access("permission:taken.change")).toMatchObject({
      status: 0,
      stdout: "Nobody may taken.change.\n",
    });
    expect(await empty.access()).toMatchObject({ status: 0, stdout: "Nobody may do anything.\n" });
  });

  it("takes a bare name where only one thing has it, and lists them where several do", async () => {
    const { access } = await appliedPlace();
    expect((await access("taken.change")).stdout).toBe((await access("permission:taken.change")).stdout);
    expect((await access("els")).stdout).toBe((await access("user:els")).stdout);
    const { status, stdout, stderr } = await access("jan");
    expect({ status, stdout }).toEqual({ status: 64, stdout: "" });
    expect(stderr).toContain("jan is the name of a user and an API token");
    expect(stderr).toContain("fix: write user:jan or token:jan");
    expect((await access("token:jan")).stdout).toContain("token:jan");
  });

  it.each([
    ["user:jna", "no user has this name", "did you mean user:jan?"],
    ["token:frms", "no API token has this name", "did you mean token:forms?"],
    ["permission:taken.chnge", "no permission has this name", "did you mean permission:taken.change?"],
    ["client:admin-odic", "no OpenID client has this name", "did you mean client:admin-oidc?"],
    [
      "lzres",
      "no user, API token, OpenID client or permission has this name",
      "there are client:admin-oidc, permission:",
    ],
    ["user:forms", "no user has this name", "there are user:els, user:jan, user:piet"],
  ])("refuses %s, which does not exist, with the nearest name", async (name, message, hint) => {
    const { access } = await appliedPlace();
    const { status, stderr } = await access(name);
    expect(status).toBe(4);
    expect(stderr).toContain(`error: ${message} [NAME_UNKNOWN]`);
    expect(stderr).toContain(hint);
  });

  it("is JSON with everything that a right comes from, and who may nothing", async () => {
    const { access } = await appliedPlace();
    const { items, withoutAccess, ...rest } = JSON.parse((await access("--output", "json")).stdout);
    expect(rest).toEqual({ formatVersion: 1, command: "access", outcome: "ok", diagnostics: [] });
    expect(items).toContainEqual({
      principal: { kind: "user", key: "jan" },
      permission: "taken.change",
      through: { kind: "group", group: "beheer", origin: "config" },
      until: "2099-01-01T00:00:00.000Z",
      narrowedAwayBy: ["van-jan"],
    });
    expect(items).toContainEqual({
      principal: { kind: "oidc_client", key: "admin-oidc", claims: { kind: "group", name: "bazen" } },
      superuser: true,
      through: { kind: "own" },
      until: null,
    });
    expect(withoutAccess).toEqual([{ principal: { kind: "user", key: "piet" }, because: "inactive" }]);
    const ofToken = JSON.parse((await access("van-jan", "--output", "json")).stdout);
    expect(ofToken).toMatchObject({ narrowedAway: ["taken.change"], withoutEffect: ["zaken.other"] });
  });

  it("is CSV with a line for each thing that gives a right", async () => {
    const { access } = await appliedPlace();
    const { stdout } = await access("user:jan", "--output", "csv");
    expect(stdout.split("\r\n")).toEqual([
      "kind,name,user,claims,right,through,group,origin,until,narrowed_away_by",
      "user,jan,,,taken.change,group,beheer,config,2099-01-01T00:00:00.000Z,van-jan",
      "user,jan,,,taken.view,own,,config,,",
      "user,jan,,,taken.view,group,lezers,config,,",
      "",
    ]);
  });

  it("is the same through the real binary, also as HTML, which goes to its end", async () => {
    const { folder, access } = await appliedPlace();
    const run = (...args: readonly string[]) => runCliProcess(["access", ...args], { cwd: folder });
    expect(await run("jan")).toMatchObject({ status: 64, stdout: "" });
    expect((await run()).stdout).toBe((await access()).stdout);
    const html = await run("--output", "html");
    expect(html).toMatchObject({ status: 0, stderr: "" });
    expect(html.stdout).toMatch(/^<!doctype html>[\s\S]*<title>Who may do what<\/title>[\s\S]*<\/html>\n$/);
  });

  it("refuses a database that is not there, and makes none", async () => {
    const place = workplace();
    expect(await runCli(["access"], { cwd: place.folder })).toMatchObject({ status: 5 });
    expect(await place.hasDatabase()).toBe(false);
  });
});

describe("access --from", () => {
  it("shows what apply would leave, with file and line, and writes nothing", async () => {
    const { access, folder, contents } = await appliedPlace(groups + people);
    writeFiles(folder, {
      "groups.yaml": groups.replace("[taken.change]", "[taken.change, taken.new]"),
      "people.yaml": people,
    });
    const before = await contents();
    const { status, stdout } = await access("user:jan", "--from", "groups.yaml", "--from", "people.yaml");
    expect(status).toBe(0);
    expect(cells(stdout)).toEqual([
      "WHO | MAY | THROUGH | ENDS | NARROWED AWAY BY | WHERE",
      "user:jan | taken.change | group beheer | 2099-01-01 00:00Z | groups.yaml:5",
      "user:jan | taken.new | group beheer | 2099-01-01 00:00Z | groups.yaml:5",
      "user:jan | taken.view | own permission | people.yaml:4",
      " | group lezers | groups.yaml:4",
      "",
    ]);
    expect(await contents()).toBe(before);
    const json = JSON.parse((await access("user:els", "--from", "people.yaml", "--output", "json")).stdout);
    expect(json.items).toMatchObject([{ superuser: true, source: { file: "people.yaml", line: 5 } }]);
    const { stdout: csv } = await access("user:els", "--from", "people.yaml", "--output", "csv");
    expect(csv).toContain("user,els,,,superuser,own,,,,,people.yaml,5\r\n");
  });

  it("needs no database, and no secrets with --no-env", async () => {
    const place = workplace({
      "config.yaml": groups + people + tokens(tokenItem("van-jan", "{value_from: {env: JAN}}", "user: jan")),
    });
    const access = (...args: readonly string[]) => runCli(["access", ...args], { cwd: place.folder });
    expect(await access("--from", "config.yaml")).toMatchObject({ status: 3 });
    const { status, stdout } = await access("--from", "config.yaml", "--no-env");
    expect(status).toBe(0);
    expect(stdout).toContain("token:van-jan");
    expect(await place.hasDatabase()).toBe(false);
  });

  it("says nothing of where a right stands that a person or a sign-in gave", async () => {
    const { access, open } = await appliedPlace(groups + people);
    const { kysely } = await open();
    const user = await kysely.selectFrom("users").select("id").where("username", "=", "jan").executeTakeFirstOrThrow();
    await kysely
      .insertInto("user_permissions")
      .values({ user_id: user.id, permission: "taken.hand", origin: "manual" })
      .execute();
    const { stdout } = await access("user:jan", "--from", "config.yaml");
    expect(cells(stdout)).toContain("user:jan | taken.hand | own permission, by hand");
  });

  it("is refused where apply would be, and shows warnings but no notes", async () => {
    const { access, folder } = await appliedPlace(groups + people);
    writeFiles(folder, { "demoted.yaml": people.replace("is_superuser: true", "is_superuser: false") });
    const refused = await access("--from", "demoted.yaml");
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(refused.stderr).toContain("[LAST_ADMINISTRATOR]");
    const allowed = await access("--from", "demoted.yaml", "--allow", "LAST_ADMINISTRATOR");
    expect(allowed).toMatchObject({ status: 0 });
    expect(allowed.stderr).toContain("warning: nobody could sign in");
    expect(allowed.stderr).not.toContain("note:");
  });

  it.each([
    ["--prune"],
    ["--owner", "shop"],
    ["--no-env"],
    ["--strict"],
    ["--overlay", "config.yaml"],
    ["--steps", "a.mjs"],
  ])("is needed for %s, which is about files", async (...option) => {
    const { access } = await appliedPlace(groups);
    const { status, stderr } = await access(...option);
    expect(status).toBe(64);
    expect(stderr).toContain(`${option[0]} is about files, and needs --from`);
  });
});
