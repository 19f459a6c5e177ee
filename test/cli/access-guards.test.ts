import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { migratedWorkplace, tokenA, tokenB, tokenItem, tokens, users } from "./outcome.js";

const password = "password: correct-horse-battery-staple";
const admin = `username: admin, email: admin@example.nl, ${password}, is_superuser: true`;
const jan = "username: jan, email: jan@example.nl, groups: [lezers]";
const groups = (permissions: string) =>
  `groups_config_enable: true\ngroups_config:\n  items:\n    - {name: lezers, permissions: [${permissions}]}\n`;

const client = (more = "") => `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: idp
      oidc_op_issuer: https://idp.example
      endpoint_config:
        oidc_op_authorization_endpoint: https://idp.example/auth
        oidc_op_token_endpoint: https://idp.example/token
        oidc_op_user_endpoint: https://idp.example/userinfo
        oidc_op_jwks_endpoint: https://idp.example/jwks
  items:
    - identifier: admin-oidc
      oidc_provider_identifier: idp
      oidc_rp_client_id: vtb
      oidc_rp_client_secret: 6mQ0bJp2Vx8sLr4nYt1kWz7cHd3fGa5e
      ${more}
`;
const groupRules = (names: string) =>
  `options: {user_settings: {claim_mappings: {username: [sub]}}, groups_settings: {claim_mapping: [groups], superuser_group_names: [${names}]}}`;

describe("ESCALATION", () => {
  it("S3: names each member of a group that gets a permission, their tokens, and whom claims bring in", async () => {
    const place = await migratedWorkplace();
    const rest = users(jan) + tokens(tokenItem("van-jan", tokenA, "user: jan")) + client(groupRules(""));
    await place.apply(groups("taken.lees") + rest);
    writeFiles(place.folder, { "more.yaml": groups("taken.lees, taken.schrijf") + rest });
    const planned = await place.run(["plan", "more.yaml"]);
    expect(planned.diagnostics).toContain("note ESCALATION 4:48");
    expect(planned.json.summary).toMatchObject({ update: 1, gains: 3, losses: 0 });
    const gain = { permissions: ["taken.schrijf"], cause: { kind: "group", key: "lezers" } };
    const through = { kind: "group", key: "lezers" };
    const source = { file: "more.yaml", line: 4, column: 48 };
    expect(planned.json.access).toEqual({
      gains: [
        { ...gain, principal: { kind: "user", key: "jan" }, through: [through], source },
        {
          ...gain,
          principal: { kind: "api_token", key: "van-jan" },
          through: [{ kind: "user", key: "jan" }, through],
          source,
        },
        {
          ...gain,
          principal: { kind: "oidc_client", key: "admin-oidc", claims: { kind: "group", name: "lezers" } },
          through: [through],
          source,
        },
      ],
      losses: [],
    });
    const denied = await place.run(["apply", "more.yaml", "--deny", "ESCALATION"]);
    expect(denied).toMatchObject({ status: 4, diagnostics: expect.arrayContaining(["refusal ESCALATION 4:48"]) });
    expect(denied.json.diagnostics.map(({ message }) => message)).toContain(
      "user jan, api_token van-jan, anyone with the group lezers through oidc_client admin-oidc gain taken.schrijf through group lezers",
    );
    expect((await place.run(["plan", "more.yaml"])).json.outcome).toBe("planned");
    expect((await place.run(["apply", "more.yaml"])).status).toBe(0);
    expect((await place.run(["apply", "more.yaml", "--deny", "ESCALATION"])).json.outcome).toBe("unchanged");
  });

  it("S3: is no matter of a change that gives nobody more: a new value, an address, less", async () => {
    const place = await migratedWorkplace();
    const item = (value: string, more: string) => tokens(tokenItem("app", value, `permissions: [${more}]`));
    await place.apply(item(tokenA, "taken.lees, taken.schrijf"));
    writeFiles(place.folder, { "less.yaml": item(tokenB, "taken.lees") });
    const run = await place.run(["apply", "less.yaml", "--deny", "ESCALATION"]);
    expect(run).toMatchObject({ status: 0, json: { summary: { update: 1, gains: 0, losses: 1 } } });
    expect(run.json.access?.losses).toMatchObject([
      { principal: { kind: "api_token", key: "app" }, permissions: ["taken.schrijf"] },
    ]);
  });

  it.each([
    ["a superuser", users(`${jan}, is_superuser: true`), "user jan gains superuser"],
    ["staff", users(`${jan}, is_staff: true`), "user jan gains staff"],
    ["a token", users(jan) + tokens(tokenItem("app", tokenA, "permissions: [taken.x]")), "api_token app gains taken.x"],
    [
      "a token that starts later",
      users(jan) + tokens(tokenItem("app", tokenA, "permissions: [taken.x], valid_from: 2099-01-01T00:00:00Z")),
      "api_token app gains taken.x",
    ],
    [
      "a claim rule",
      users(jan) + client(groupRules("beheer")),
      "anyone with the group beheer through oidc_client admin-oidc gains superuser",
    ],
    [
      "a user who is active again",
      users(`${jan}, is_active: true`),
      "user jan gains taken.lees through group lezers",
      "is_active: false",
    ],
  ])("S3: counts %s", async (_, yaml, message, before = "first_name: Jan") => {
    const place = await migratedWorkplace();
    await place.apply(groups("taken.lees") + users(`${jan}, ${before}`));
    writeFiles(place.folder, { "more.yaml": groups("taken.lees") + yaml });
    const run = await place.run(["plan", "more.yaml", "--deny", "ESCALATION"]);
    expect(run.status).toBe(4);
    expect(run.json.diagnostics.filter(({ code }) => code === "ESCALATION").map((found) => found.message)).toContain(
      message,
    );
  });

  it("S3: shows people who gains and who loses, and nothing of a first run but with --deny", async () => {
    const place = await migratedWorkplace();
    writeFiles(place.folder, { "config.yaml": groups("taken.lees") + users(jan) });
    const run = (...args: readonly string[]) => runCli(args, { cwd: place.folder });
    expect((await run("apply", "config.yaml", "--deny", "ESCALATION")).status).toBe(4);
    const first = await run("apply", "config.yaml");
    expect(first).toMatchObject({ status: 0, stdout: expect.not.stringContaining("Access"), stderr: "" });
    writeFiles(place.folder, { "config.yaml": groups("taken.schrijf") + users(jan) });
    const { stdout, stderr } = await run("apply", "config.yaml");
    expect(stdout).toBe(`group
  ~ lezers
      permissions: taken.lees → taken.schrijf

user
  = 1 unchanged: jan

Access gained
  + user jan: taken.schrijf through group lezers (config.yaml:4)

Access lost
  - user jan: taken.lees through group lezers (config.yaml:4)

Applied: 0 created, 1 updated, 0 deleted, 1 unchanged.
Access: 1 gain, 1 lose.
`);
    expect(stderr).toBe("");
  });
});

describe("LAST_ADMINISTRATOR", () => {
  it.each([
    ["demoted", users(admin.replace(", is_superuser: true", "")), "4:7"],
    ["deactivated", users(`${admin}, is_active: false`), "4:7"],
    ["absent", users("username: admin, state: absent"), "4:7"],
    [
      "demoted beside an API token of a superuser",
      users(admin.replace(", is_superuser: true", "")) + tokens(tokenItem("app", tokenA, "is_superuser: true")),
      "4:7",
    ],
  ])("S3: refuses that the only administrator is %s", async (_, yaml, at) => {
    const place = await migratedWorkplace();
    await place.apply(users(admin));
    writeFiles(place.folder, { "less.yaml": yaml });
    for (const command of ["plan", "apply"]) {
      const run = await place.run([command, "less.yaml"]);
      expect(run).toMatchObject({
        status: 4,
        diagnostics: [expect.stringContaining(`refusal LAST_ADMINISTRATOR ${at}`)],
      });
      expect(run.json.diagnostics[0]?.message).toContain("user admin");
    }
  });

  it("S3: warns where it is allowed", async () => {
    const place = await migratedWorkplace();
    await place.apply(users(admin));
    writeFiles(place.folder, { "less.yaml": users(admin.replace(", is_superuser: true", "")) });
    expect(await place.run(["apply", "less.yaml", "--strict", "--allow", "LAST_ADMINISTRATOR"])).toMatchObject({
      status: 0,
      diagnostics: [expect.stringContaining("warning LAST_ADMINISTRATOR")],
      changes: ["update user admin"],
    });
  });

  it("S3: refuses that the only administrator is pruned", async () => {
    const place = await migratedWorkplace();
    await place.apply(users(admin, jan.replace(", groups: [lezers]", "")));
    writeFiles(place.folder, { "less.yaml": users(jan.replace(", groups: [lezers]", "")) });
    expect(await place.run(["apply", "less.yaml", "--prune"])).toMatchObject({
      status: 4,
      diagnostics: ["refusal LAST_ADMINISTRATOR"],
    });
  });

  it.each([
    [
      "another one takes over",
      users(admin.replace(", is_superuser: true", ""), admin.replace("username: admin", "username: els")),
    ],
    ["claims make administrators", users(admin.replace(", is_superuser: true", "")) + client(groupRules("beheer"))],
    [
      "another one has a sign_in",
      users(
        admin.replace(", is_superuser: true", ""),
        "username: els, email: els@example.nl, is_superuser: true, sign_in: {provider: idp}",
      ) + client(),
    ],
  ])("S3: accepts that the only administrator is demoted where %s", async (_, yaml) => {
    const place = await migratedWorkplace();
    await place.apply(users(admin));
    expect((await place.apply(yaml)).status).toBe(0);
  });

  it.each([
    ["the client is disabled", `enabled: false\n      ${groupRules("beheer")}`],
    ["no group makes superusers", groupRules("")],
    ["no claim has groups", groupRules("beheer").replace("claim_mapping: [groups], ", "")],
  ])("S3: refuses that claims make no more administrators: %s", async (_, more) => {
    const place = await migratedWorkplace();
    await place.apply(client(groupRules("beheer")));
    writeFiles(place.folder, { "less.yaml": client(more) });
    const run = await place.run(["apply", "less.yaml", "--offline"]);
    expect(run).toMatchObject({
      status: 4,
      diagnostics: expect.arrayContaining([expect.stringMatching(/^refusal LAST_ADMINISTRATOR /)]),
    });
    expect(run.json.diagnostics.find(({ code }) => code === "LAST_ADMINISTRATOR")?.message).toContain(
      "anyone whom claims of oidc_client admin-oidc make a superuser",
    );
  });

  it("S3: is no matter where nobody could sign in as an administrator before", async () => {
    const place = await migratedWorkplace();
    await place.apply(users(admin.replace(`, ${password}`, "")));
    expect((await place.apply(users(admin.replace(", is_superuser: true", "")))).status).toBe(0);
  });

  it("S3: refuses to deactivate the last administrator by a command, and changes nothing, unless it is allowed", async () => {
    const place = await migratedWorkplace();
    await place.apply(users(admin));
    const before = await place.contents();
    const run = (...args: readonly string[]) => runCli(["user", "deactivate", "admin", ...args], { cwd: place.folder });
    const refused = await run();
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(refused.stderr).toMatch(/these can: user admin \[LAST_ADMINISTRATOR\]/);
    expect(await place.contents()).toBe(before);
    expect(await run("--allow", "PROTECTED")).toMatchObject({ status: 64 });
    const allowed = await run("--allow", "LAST_ADMINISTRATOR");
    expect(allowed).toMatchObject({ status: 0, stdout: "  admin\nDeactivated: 1 user.\n" });
    expect(allowed.stderr).toContain("warning: nobody could sign in");
  });

  it("S3: deactivates an administrator where another one is left, and anybody else", async () => {
    const place = await migratedWorkplace();
    await place.apply(users(admin, admin.replace("username: admin", "username: els"), "username: piet"));
    const run = (name: string) => runCli(["user", "deactivate", name], { cwd: place.folder });
    expect((await run("els")).status).toBe(0);
    expect((await run("piet")).status).toBe(0);
    expect((await run("admin")).status).toBe(4);
  });

  it("S3: refuses to unlink the last administrator who has no other way in", async () => {
    const place = await migratedWorkplace();
    const els = "username: els, email: els@example.nl, is_superuser: true";
    await place.apply(users(els) + client());
    const { kysely } = await place.open();
    const link = { issuer: "https://idp.example", subject: "s-1" };
    await kysely.updateTable("users").set(link).where("username", "=", "els").execute();
    const unlink = () => runCli(["user", "unlink", "els"], { cwd: place.folder });
    expect(await unlink()).toMatchObject({ status: 4, stderr: expect.stringContaining("[LAST_ADMINISTRATOR]") });
    await place.apply(users(`${els}, sign_in: {provider: idp}`) + client());
    expect(await unlink()).toMatchObject({ status: 0 });
  });
});
