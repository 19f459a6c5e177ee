import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { createLogin } from "../../../src/login/create-login.js";
import { createTokenOperations } from "../../../src/operations/token-operations.js";
import { createVerifier } from "../../../src/verifier/create-verifier.js";
import type { VerifierEvent } from "../../../src/verifier/event.js";
import { probeModule } from "../../cli/probe-step.js";
import { blocksOf } from "../../docs/markdown.js";
import { openBrowser } from "../../login/browser.js";
import { adminClient, localUser, password, redirectUri, sessionSecret } from "../../login/world.js";
import { runCli, writeFiles } from "../../support/cli.js";
import { sealingEnv } from "../../support/databases.js";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.js";
import { configurationOf, openForTest, resource, runOptions, temporaryFolder } from "../../support/run.js";
import { encode } from "../../verifier/bearer/issuer.js";
import { clientOf, clientSecret, goodClaims, providerOf } from "../../verifier/bearer/world.js";
import { token, tokenValue } from "../../verifier/verifier-world.js";

const document = readFileSync("docs/postgresql.md", "utf8");

/** The SQL of a section of the document, block by block. */
function sqlUnder(heading: string): readonly string[] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return blocksOf(section)
    .filter(({ info }) => info === "sql")
    .map(({ text }) => text);
}

let server: PostgresServer;

// A separate server, since roles belong to no single database.
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const inDatabase = (name: string, role = "owner:only-for-tests", more = "") =>
  `${server.url.replace(/\/\/[^@]+@/, `//${role}@`).replace(/postgres$/, name)}${more}`;

async function run(sql: string, database: string): Promise<void> {
  const client = new pg.Client(inDatabase(database));
  await client.connect();
  // CREATE DATABASE wants to be sent alone.
  for (const statement of sql.split(/;\n/)) await client.query(statement);
  await client.end();
}

/** What the role is refused. */
async function refusedOf(url: string, sql: string): Promise<string | undefined> {
  const client = new pg.Client(url);
  await client.connect();
  onTestFinished(() => client.end());
  return client.query(sql).then(
    () => undefined,
    (error: unknown) => String(Reflect.get(Object(error), "code")),
  );
}

const yaml = "groups_config_enable: true\ngroups_config: {items: [{name: lezers, permissions: [taken.view_taak]}]}\n";

/** Runs a command against a database, and returns its status with the codes that it reported. */
async function command(database: string, ...args: readonly string[]): Promise<string> {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": yaml });
  const { status, stderr } = await runCli([...args, "--database", database], { cwd: folder });
  return [status, ...[...stderr.matchAll(/\[([A-Z_]+)\]/g)].map(([, code]) => code)].join(" ");
}

/** All that a login and its token operations write. */
async function useLogin(database: string): Promise<void> {
  const env = sealingEnv();
  const login = await createLogin({ database, redirectUri, sessionSecret, env });
  const tokens = await createTokenOperations({ database, env });
  onTestFinished(async () => void (await Promise.all([login.close(), tokens.close()])));
  const browser = openBrowser();
  const begun = await login.start();
  browser.take(begun.cookies);
  const state = begun.kind === "redirect" ? new URL(begun.location).searchParams.get("state") : "";
  const error = `${redirectUri}?state=${state}&iss=https%3A%2F%2Fidp.example&error=access_denied`;
  expect(await login.finish(error, browser.header())).toMatchObject({ code: "provider_refused" });
  const entered = await login.signInWithPassword({ username: "nood", password: "het noodwachtwoord 4711" }, undefined);
  if (entered.kind !== "signed_in") throw new Error("expected to be signed in");
  browser.take(entered.cookies);
  const userId = entered.principal.user.id;
  const newToken = { identifier: "eigen", contactPerson: "Nood", email: "nood@gemeente.example" };
  const actor = "login:nood";
  expect(await tokens.create({ ...newToken, userId, actor })).toMatchObject({ kind: "created" });
  expect(await tokens.revoke({ userId, identifier: "eigen", actor })).toMatchObject({ kind: "revoked" });
  expect(await login.logout(browser.header())).toMatchObject({ location: "/" });
}

describe("the SQL in docs/postgresql.md", () => {
  it("creates a role whose own database is all that apply needs, also in another schema", async () => {
    await run(sqlUnder("A role and a database").join(""), "postgres");
    const url = inDatabase("vtb_auth", "vtb_setup:secret");
    expect(await command(url, "apply", "config.yaml")).toBe("0");
    const schema = inDatabase("vtb_auth", "vtb_setup:secret", "?schema=vtb");
    expect(await command(schema, "plan", "config.yaml")).toBe("4 DATABASE_REFUSED");
    await run(sqlUnder("Another schema").join(""), "vtb_auth");
    expect(await command(schema, "apply", "config.yaml")).toBe("0");
    const tables = "select count(*)::int as tables from pg_tables where tablename = 'groups' and schemaname in";
    const client = new pg.Client(url);
    await client.connect();
    expect((await client.query(`${tables} ('vtb', 'public')`)).rows).toEqual([{ tables: 2 }]);
    await client.end();
  });

  it("F25: a role that may not migrate gets an error where a migration is pending, and no plan", async () => {
    await run("create database behind", "postgres");
    await run(
      sqlUnder("A role that changes tables and one that does not").join("").replaceAll("vtb_", "vtbb_"),
      "behind",
    );
    const of = (role: string) => inDatabase("behind", `${role}:secret`, "?schema=vtb");
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": yaml, "step.mjs": probeModule });
    const plan = (role: string) =>
      runCli(["plan", "config.yaml", "--steps", "step.mjs", "--database", of(role)], { cwd: folder });
    const forbidden = (names: string) => ({
      status: 4,
      stdout: "",
      stderr: expect.stringMatching(
        new RegExp(`can't run the pending migrations: ${names} \\[DATABASE_REFUSED\\]\\n.*vtb-setup migrate`),
      ),
    });
    expect(await plan("vtbb_apply")).toMatchObject(forbidden("0001_tables, .*probe:0001"));
    expect(await command(of("vtbb_migrate"), "apply", "config.yaml")).toBe("0");
    expect(await plan("vtbb_apply")).toMatchObject(forbidden("probe:0001"));
    const apply = ["apply", "config.yaml", "--steps", "step.mjs", "--database", of("vtbb_apply")];
    expect(await runCli(apply, { cwd: folder })).toMatchObject(forbidden("probe:0001"));
    await run(
      "grant select on all tables in schema vtb to vtbb_apply; revoke update on vtb.setup_state from vtbb_apply",
      "behind",
    );
    expect(await plan("vtbb_apply")).toMatchObject(forbidden("probe:0001"));
    // The twin that may: only the custom step's tables are behind.
    expect(await plan("vtbb_migrate")).toMatchObject({ status: 0, stdout: expect.stringContaining("probe:0001") });
  });

  it("divides a role that changes tables from one that can't, and one for the verifier with what it may write", async () => {
    await run("create database divided", "postgres");
    const sql = sqlUnder("A role that changes tables and one that does not");
    await run(sql.join(""), "divided");
    const [reading = "", lastUsed = "", signIn = "", login = "", ...rest] = sqlUnder("A role for the verifier");
    expect([sql.length, rest.length]).toEqual([1, 0]);
    const of = (role: string) => inDatabase("divided", `${role}:secret`, "?schema=vtb");

    expect(await command(of("vtb_apply"), "apply", "--no-migrate", "config.yaml")).toBe("4 MIGRATION_NEEDED");
    expect(await command(of("vtb_apply"), "apply", "config.yaml")).toBe("4 DATABASE_REFUSED");
    expect(await command(of("vtb_apply"), "migrate")).toBe("4 DATABASE_REFUSED");
    expect(await command(of("vtb_migrate"), "migrate")).toBe("0");
    expect(await command(of("vtb_apply"), "migrate")).toBe("0");
    expect(await command(of("vtb_apply"), "apply", "--no-migrate", "config.yaml")).toBe("0");
    expect(await refusedOf(of("vtb_apply"), "create table vtb.other (id text)")).toBe("42501");
    expect(await refusedOf(of("vtb_apply"), "alter table vtb.users add column other text")).toBe("42501");

    // Everything that apply can do is done by the role without rights on tables: making, changing and deleting.
    const idp = { issuer: "https://idp.example" };
    const everything = [token("a", tokenValue), providerOf(idp), clientOf({ sign_algo: "HS256" })];
    const options = { ...runOptions(of("vtb_apply")), migrate: false, owner: "other" };
    const extra = resource("group", "weg", { permissions: ["a.b"] });
    expect((await apply(configurationOf(...everything, extra), options)).outcome).toBe("applied");
    expect((await apply(configurationOf(...everything, { ...extra, present: false }), options)).outcome).toBe(
      "applied",
    );

    await run(reading, "divided");
    const events: VerifierEvent[] = [];
    const use = async (header: string) => {
      const onEvent = (event: VerifierEvent) => void events.push(event);
      const verifier = await createVerifier({ database: of("vtb_verify"), env: sealingEnv(), onEvent });
      const outcome = await verifier.authorize(header);
      await verifier.close();
      return outcome;
    };
    const bearer = () => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { ...goodClaims(idp), sub: "u-1", iat: now, nbf: now, exp: now + 300 };
      const signed = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(claims)}`;
      return `Bearer ${signed}.${createHmac("sha256", clientSecret).update(signed).digest("base64url")}`;
    };
    const owner = await openForTest(of("vtb_migrate"));
    const uses = () => owner.kysely.selectFrom("api_tokens").select("last_used_at").executeTakeFirstOrThrow();

    // What the document says of a role that only reads.
    expect(await use(`Token ${tokenValue}`)).toMatchObject({ kind: "allowed" });
    expect(events.map(({ kind }) => kind)).toEqual(["last_used_failed"]);
    expect(await use(bearer())).toMatchObject({ kind: "refused", problem: { status: 503 } });
    for (const statement of [
      "delete from vtb.users",
      "insert into vtb.groups (id) values ('a')",
      "create table vtb.other (id text)",
    ]) {
      expect(await refusedOf(of("vtb_verify"), statement), statement).toBe("42501");
    }

    events.length = 0;
    await run(lastUsed, "divided");
    expect(await uses()).toEqual({ last_used_at: null });
    expect(await use(`Token ${tokenValue}`)).toMatchObject({ kind: "allowed" });
    expect(await uses()).toEqual({ last_used_at: expect.stringMatching(/^\d{4}-/) });
    expect(events).toEqual([]);
    expect(await refusedOf(of("vtb_verify"), "update vtb.api_tokens set digest = 'a'")).toBe("42501");

    await run(signIn, "divided");
    expect(await use(bearer())).toMatchObject({ kind: "allowed" });
    const runs = await owner.kysely.selectFrom("runs").select("actor").where("actor", "like", "sign-in:%").execute();
    expect(runs).toHaveLength(1);
    expect(await refusedOf(of("vtb_verify"), "delete from vtb.users")).toBe("42501");

    const person = localUser("nood", { ...password("het noodwachtwoord 4711"), permissions: ["taken.view_taak"] });
    expect((await apply(configurationOf(adminClient(), person), options)).outcome).toBe("applied");
    await expect(useLogin(of("vtb_verify"))).rejects.toMatchObject({
      diagnostics: [{ code: "DATABASE_REFUSED", message: expect.stringMatching(/\(?login_\w+\)?/) }],
    });
    await run(login, "divided");
    await useLogin(of("vtb_verify"));
    expect(await refusedOf(of("vtb_verify"), "delete from vtb.users")).toBe("42501");
  });
});
