import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type CliOptions, runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { databaseOf, useDatabase } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const value = "795cb35c930d27b98297df761f0fa52182348875";
const clientSecret = "3b9d1e0f7a6c5d4e2f1a0b9c8d7e6f5a";

const yaml = `groups_config_enable: true
groups_config:
  items:
    - name: lezers
      permissions: [taken.view]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - username: jan
      email: ""
      groups: [lezers]
    - username: piet
      email: ""
      is_active: false
      groups: [{name: lezers, until: 2020-01-01T00:00:00Z}]
tokenauth_config_enable: true
tokenauth:
  items:
    - identifier: open-forms
      token: {value_from: {env: OPEN_FORMS_TOKEN}}
      user: jan
      permissions: [taken.view]
      contact_person: Functioneel beheer
      email: beheer@gemeente.example
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: idp
      oidc_op_issuer: https://idp.example
      endpoint_config:
        oidc_op_authorization_endpoint: https://idp.example/auth
        oidc_op_token_endpoint: https://idp.example/token
        oidc_op_user_endpoint: https://idp.example/userinfo
  items:
    - identifier: api-oidc
      oidc_provider_identifier: idp
      oidc_rp_client_id: api
      oidc_rp_client_secret: ${clientSecret}
      oidc_rp_sign_algo: HS256
      userinfo_claims_source: id_token
      options:
        user_settings: {claim_mappings: {username: [preferred_username]}}
        groups_settings: {claim_mapping: [groups], superuser_group_names: [beheer]}
`;

const env = { OPEN_FORMS_TOKEN: value };

/** A folder whose database has what its file declares. */
async function appliedFolder(): Promise<string> {
  const folder = temporaryFolder();
  useDatabase(folder, await migratedDatabase());
  writeFiles(folder, { "config.yaml": yaml });
  const { status, stderr } = await runCli(["apply", "config.yaml"], { cwd: folder, env });
  expect([status, stderr.includes("error")]).toEqual([0, false]);
  return folder;
}

const explain = (cwd: string, args: readonly string[], options: CliOptions = {}) =>
  runCli(["explain", ...args], { cwd, env, ...options });

const jwt = (claims: object, secret = clientSecret) => {
  const [header = "", body = ""] = [
    { alg: "HS256", typ: "at+jwt" },
    { iss: "https://idp.example", aud: "api", ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return `${header}.${body}.${createHmac("sha256", secret).update(`${header}.${body}`).digest("base64url")}`;
};

const soon = Math.floor(Date.now() / 1000) + 600;

describe("explain PRINCIPAL PERMISSION", () => {
  it("says yes with each link and the run that set it, in a process of its own too", async () => {
    const folder = await appliedFolder();
    const { status, stdout } = await runCliProcess(["explain", "token:open-forms", "taken.view"], { cwd: folder, env });
    expect(status).toBe(0);
    expect(
      stdout.replace(/by \S+, [\d-]+ [\d:]+Z, [\da-f-]{36}/, "by WHOM, WHEN, ID"),
    ).toBe(`yes: token open-forms may taken.view
  passes  token open-forms acts as user jan
          api_token open-forms, of owner default, set by run 1
  passes  token open-forms is limited to 1 permission, and taken.view is one of them
          api_token open-forms, of owner default, set by run 1
  gives   user jan is in group lezers (by a file), which gives taken.view
          user jan, of owner default, set by run 1
          group lezers, of owner default, set by run 1
  run 1: apply of config.yaml by WHOM, WHEN, ID
`);
  });

  it("says no with everything that stops it and how to fix that, and 2 only when asked to", async () => {
    const folder = await appliedFolder();
    const { status, stdout } = await explain(folder, ["user:piet", "taken.view"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^no: user piet may not taken\.view\n/);
    expect(stdout).toContain("  stops   user piet is not active\n");
    expect(stdout).toContain("fix: write `is_active: true` for the user\n");
    expect(stdout).toContain(
      "  ended   user piet is no longer in group lezers (by a file, which ended on 2020-01-01 00:00Z)",
    );
    expect((await explain(folder, ["user:piet", "taken.view", "--detailed-exitcode"])).status).toBe(2);
    expect((await explain(folder, ["user:jan", "taken.view", "--detailed-exitcode"])).status).toBe(0);
  });

  it("shows from where and how often a token works, and no longer once a file lifts that", async () => {
    const folder = await appliedFolder();
    const limited = yaml.replace(
      "identifier: open-forms\n",
      "identifier: open-forms\n      rate_limit: 100/m\n      allowed_ips: [192.0.2.0/24, 198.51.100.7]\n",
    );
    expect(limited).not.toBe(yaml);
    writeFiles(folder, { "limited.yaml": limited });
    const lines = [
      "  passes  token open-forms works only from 192.0.2.0/24, 198.51.100.7\n",
      "  passes  token open-forms is limited to 100/m requests in each process of an API\n",
    ];
    const before = await explain(folder, ["token:open-forms", "taken.view"]);
    for (const line of lines) expect(before.stdout).not.toContain(line);
    const planned = await explain(folder, ["token:open-forms", "taken.view", "--from", "limited.yaml"]);
    for (const line of lines) expect(planned.stdout).toContain(line);
    expect(planned.stdout).toMatch(/198\.51\.100\.7\n +limited\.yaml:\d+:\d+ \(api_token open-forms\)/);
    expect(await runCli(["apply", "limited.yaml"], { cwd: folder, env })).toMatchObject({ status: 0 });
    const { status, stdout } = await explain(folder, ["token:open-forms", "taken.view"]);
    expect([status, stdout.startsWith("yes: ")]).toEqual([0, true]);
    for (const line of lines) expect(stdout).toContain(line);
    // Without a word about them, a file takes the limits away.
    const lifted = await explain(folder, ["token:open-forms", "taken.view", "--from", "config.yaml"]);
    for (const line of lines) expect(lifted.stdout).not.toContain(line);
  });

  it("shows lines of files with --from, without a database too", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": yaml });
    const { status, stdout } = await explain(folder, ["user:jan", "taken.view", "--from", "config.yaml"]);
    expect([status, stdout]).toEqual([
      0,
      `yes: user jan may taken.view
  gives   user jan is in group lezers (by a file), which gives taken.view
          config.yaml:11:16 (user jan)
          config.yaml:5:21 (group lezers)
`,
    ]);
    const { stdout: json } = await explain(folder, [
      "user:jan",
      "taken.view",
      "--from",
      "config.yaml",
      "--output",
      "json",
    ]);
    const [item] = JSON.parse(json).items;
    expect(item).toMatchObject({ principal: { kind: "user", key: "jan" }, permission: "taken.view", allowed: true });
    expect(item.links[0].entries[1].source).toEqual({ file: "config.yaml", line: 5, column: 21 });
  });

  it("names who did by hand what no file says", async () => {
    const folder = await appliedFolder();
    await runCli(["user", "deactivate", "jan"], { cwd: folder, env });
    const { stdout } = await explain(folder, ["user:jan", "taken.view"]);
    expect(stdout).toContain(
      "  stops   a command deactivated user jan\n          user jan, of owner default, set by run 1\n",
    );
    expect(stdout).toContain("fix: vtb-setup user activate jan\n");
    expect(stdout).toMatch(/run 1: user deactivate by /);
  });

  it("answers for claims, and says why they give nothing", async () => {
    const folder = await appliedFolder();
    const ask = (claims: object) =>
      explain(folder, ["client:api-oidc", "taken.view", "--claims", "-"], { input: JSON.stringify(claims) });
    const boss = await ask({ sub: "1", preferred_username: "kees", groups: ["beheer"] });
    expect(boss.stdout).toContain("these claims make a new user kees; the group beheer makes a superuser");
    expect(boss.stdout).toMatch(/^yes: with these claims, a user of client api-oidc may taken\.view\n/);
    const nobody = await ask({ sub: "1", groups: ["lezers"] });
    expect(nobody.stdout).toMatch(
      /^no: .*\n {2}stops {3}the claim for the username is missing: \[preferred_username\] is nothing\n/,
    );
    const jan = await ask({ preferred_username: "jan" });
    expect(jan.stdout).toContain("these claims are taken for those of the person who may sign in as user jan");
    const none = await explain(folder, ["client:api-oidc", "taken.view"]);
    expect([none.status, none.stderr]).toEqual([64, expect.stringContaining("--claims FILE")]);
  });

  it("suggests the nearest name, and quotes no other", async () => {
    const folder = await appliedFolder();
    const near = await explain(folder, ["user:jam", "taken.view"]);
    expect([near.status, near.stderr]).toEqual([4, expect.stringContaining("did you mean")]);
    const { status, stdout, stderr } = await explain(folder, [`token:${value}`, "taken.view"]);
    expect([status, stdout.includes(value), stderr.includes(value)]).toEqual([4, false, false]);
    expect((await explain(folder, ["user:jan", "taken"])).status).toBe(64);
    expect((await explain(folder, [])).status).toBe(64);
  });
});

describe("explain --header-file and --token-stdin", () => {
  it("shows each check of an accepted token and whether it may, and notes no use of it", async () => {
    const folder = await appliedFolder();
    writeFiles(folder, { "header.txt": `GET /api HTTP/1.1\nAuthorization: Token ${value}\n` });
    const { status, stdout } = await runCliProcess(["explain", "--header-file", "header.txt", "taken.view"], {
      cwd: folder,
      env,
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^yes: the verifier accepts it: API token open-forms of user jan\n {2}ok {5}credentials /);
    expect(stdout).toContain("\nyes: token open-forms may taken.view\n");
    expect(stdout).not.toContain(value);
    const { kysely } = await openForTest(databaseOf(folder));
    expect(await kysely.selectFrom("api_tokens").select("last_used_at").execute()).toEqual([{ last_used_at: null }]);
  });

  it("says which check decided, and how to fix it", async () => {
    const folder = await appliedFolder();
    const refused = async (input: string, ...args: readonly string[]) => {
      const { status, stdout } = await explain(folder, ["--header-file", "-", "--detailed-exitcode", ...args], {
        input,
      });
      expect([status, stdout.includes(value.slice(0, 20))]).toEqual([2, false]);
      return stdout;
    };
    expect(await refused(`Token ${value.slice(0, -1)}`)).toContain("[unknown_token]");
    expect(await refused(`Authorization: Token ${value}\nauthorization: Token ${value}`)).toContain(
      "[several_headers]",
    );
    expect(await refused(`Bearer ${value}`)).toContain("fix: send `Token` before it instead of `Bearer`");
    expect(await refused("Basic amFuOmphbg==")).toContain("there are no credentials in it");
    expect(await refused(`Token ${value}`, "taken.add")).toContain("\nno: token open-forms may not taken.add\n");
    await runCli(["token", "disable", "open-forms"], { cwd: folder, env });
    expect(await refused(`Token ${value}`)).toMatch(/FAILS {2}enabled\n {9}fix: `vtb-setup token enable`/);
  });

  it("walks a JWT through every check without making its user", async () => {
    const folder = await appliedFolder();
    const token = jwt({ sub: "1", exp: soon, preferred_username: "kees", groups: ["lezers"] });
    const { status, stdout } = await explain(folder, ["--token-stdin", "--offline", "taken.view"], { input: token });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^yes: the verifier accepts it: a token for client api-oidc; these claims make a new user kees\n/,
    );
    for (const check of ["form", "type", "not expired", "issuer", "algorithm", "audience", "signature"]) {
      expect(stdout).toMatch(new RegExp(`^ {2}ok {5}${check} `, "m"));
    }
    expect(stdout).toContain("\nyes: with these claims, a user of client api-oidc may taken.view\n");
    for (const part of token.split(".")) expect(stdout).not.toContain(part);
    const { kysely } = await openForTest(databaseOf(folder));
    expect(await kysely.selectFrom("users").select("username").where("username", "=", "kees").execute()).toEqual([]);
    const forged = await explain(folder, ["--token-stdin"], { input: jwt({ sub: "1", exp: soon }, "another") });
    expect(forged.stdout).toContain("[bad_signature]");
    const late = await explain(folder, ["--token-stdin"], { input: jwt({ sub: "1", exp: 1_500_000_000 }) });
    expect(late.stdout).toMatch(/FAILS {2}not expired {2}exp: 2017-07-14T02:40:00Z; expected: later than /);
  });

  it("does not ask a provider with --offline, and exits with 5 where that leaves it open", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      "config.yaml": yaml
        .replace("HS256", "RS256")
        .replace("/userinfo\n", "/userinfo\n        oidc_op_jwks_endpoint: https://idp.example/jwks\n"),
    });
    expect((await runCli(["apply", "config.yaml"], { cwd: folder, env })).status).toBe(0);
    const token = jwt({ sub: "1", exp: soon }).replace(
      /^[^.]+/,
      Buffer.from('{"alg":"RS256","kid":"k1","typ":"at+jwt"}').toString("base64url"),
    );
    const { status, stdout } = await explain(folder, ["--token-stdin", "--offline", "--output", "json"], {
      input: token,
    });
    const [{ header }] = JSON.parse(stdout).items;
    expect([status, header.verdict, header.status, header.reason]).toEqual([5, "unknown", 503, "keys_unavailable"]);
    expect(header.notes).toEqual(["providers are not asked (--offline)"]);
  });
});

describe("explain CODE and explain PATH", () => {
  it("print the reference of codes, and fields with those in them", async () => {
    const folder = temporaryFolder();
    const code = await explain(folder, ["MANY_DELETIONS"]);
    expect([code.status, code.stdout]).toEqual([
      0,
      expect.stringContaining("--allow MANY_DELETIONS makes it a warning."),
    ]);
    const two = await explain(folder, ["UNKNOWN_FIELD", "WRONG_TYPE", "--output", "json"]);
    expect(JSON.parse(two.stdout).items).toMatchObject([
      { code: "UNKNOWN_FIELD", severities: ["error"] },
      { code: "WRONG_TYPE" },
    ]);
    const field = await explain(folder, ["tokenauth.items.0.token"]);
    expect(field.stdout).toMatch(/^tokenauth\.items\[\]\.token\n {2}text or mapping; required\n/);
    expect(field.stdout).toContain("tokenauth.items[].token.generate\n");
    expect((await explain(folder, ["vtb_setup.policy"])).stdout).toContain("vtb_setup.policy.max_lifetime\n");
    const old = await explain(folder, ["oidc_db_config_admin_auth.items.sync_groups"]);
    expect(old.stdout).toContain("deprecated\n  Deprecated: write it as `options.groups_settings.sync`.");
  });

  it("suggest the nearest one", async () => {
    const folder = temporaryFolder();
    for (const [asked, near] of [
      ["UNKNOWN_FEILD", "UNKNOWN_FIELD"],
      ["tokenauth.items.expire_at", "tokenauth.items.expires_at"],
      ["expires_at", "tokenauth.items.expires_at"],
    ] as const) {
      const { status, stderr } = await explain(folder, [asked]);
      expect([status, stderr]).toEqual([64, expect.stringContaining(`did you mean ${near}?`)]);
    }
  });

  it("are named once by a run that fails, and not by what says all that there is", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": "tokenauth_config_enable: true\ntokenauth: {itms: [], item: []}\n" });
    const { stderr } = await runCli(["validate", "config.yaml"], { cwd: folder });
    expect(stderr).toMatch(/\nMore about (?:this|these): vtb-setup explain [A-Z_ ]*UNKNOWN_FIELD[A-Z_ ]*\n$/);
    expect(stderr.match(/vtb-setup explain/g)).toHaveLength(1);
    expect((await runCli(["token", "show", "x"], { cwd: folder })).stderr).not.toContain("vtb-setup explain");
  });
});
