import { describe, expect, it, onTestFinished } from "vitest";
import { anyTables, type SqlValue } from "../../src/database/database.js";
import { signTestToken, testIssuer } from "../../src/testing/index.js";
import { createVerifier } from "../../src/verifier/index.js";
import { runCli, writeFiles } from "../support/cli.js";
import { sealingEnv } from "../support/databases.js";
import { migratedWorkplace, tokenA, tokenB, tokenItem, tokens, type Workplace } from "./outcome.js";

type User = Readonly<Record<string, unknown>>;

/** A folder whose configuration has these users, and people who sign in with these claims. */
async function placeOf(...people: readonly User[]) {
  const issuer = await testIssuer();
  onTestFinished(() => issuer.close());
  const place = await migratedWorkplace();
  const options = {
    user_settings: { claim_mappings: { username: ["sub"], email: ["email"], first_name: ["given_name"] } },
    groups_settings: { claim_mapping: ["groups"], superuser_group_names: ["root"] },
  };
  const oidc = issuer.config({ options });
  const write = (...users: readonly User[]) => {
    const config = {
      ...oidc,
      groups_config_enable: true,
      groups_config: { items: [{ name: "lezers", permissions: ["taken.view_a", "taken.view_b"] }] },
      default_user_configuration_enable: true,
      default_user_configuration_config: { users },
    };
    writeFiles(place.folder, { "config.yaml": JSON.stringify(config, null, 1) });
  };
  const apply = async (...users: readonly User[]) => {
    write(...users);
    expect(await place.run(["apply", "config.yaml"])).toMatchObject({ status: 0 });
  };
  await apply(...people);
  const signIn = async (claims: Readonly<Record<string, unknown>>) => {
    const verifier = await createVerifier({ database: place.database, env: sealingEnv() });
    const token = signTestToken(issuer, { aud: "api", ...claims });
    expect(await verifier.authenticate(`Bearer ${token}`)).toMatchObject({ kind: "authenticated" });
    await verifier.close();
  };
  return { ...place, write, apply, signIn };
}

const jan = { username: "jan", email: "jan@gemeente.example", first_name: "Jan" };

/** What a plan shows: its changes with drift, each field that has drift with what is known of it. */
async function driftOf({ run }: Pick<Workplace, "run">, ...args: readonly string[]) {
  const { json, status } = await run(["plan", "config.yaml", ...args]);
  const fields = (json.changes ?? []).flatMap(({ kind, key, fields, drift }) => {
    const marked = fields.filter((field) => "drift" in field && field.drift !== undefined);
    expect(drift).toBe(marked.length > 0 ? true : undefined);
    return marked.map((field) => ({ entry: `${kind} ${key}`, ...field }));
  });
  const changes = (json.changes ?? []).map(({ action, kind, key }) => `${action} ${kind} ${key}`);
  return { fields, changes, summary: json.summary, status, outcome: json.outcome };
}

async function edit(
  place: Pick<Workplace, "open">,
  table: string,
  key: Record<string, string>,
  values: Record<string, SqlValue>,
) {
  const { kysely } = await place.open();
  let query = anyTables(kysely).updateTable(table).set(values);
  for (const [column, value] of Object.entries(key)) query = query.where(column, "=", value);
  const [{ numUpdatedRows }] = (await query.execute()) as [{ numUpdatedRows: bigint }];
  expect(numUpdatedRows).toBe(1n);
}

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("drift", () => {
  it("marks what a sign-in changed with both values, the time and the client", async () => {
    const place = await placeOf(jan, { username: "els", email: "els@gemeente.example" });
    await place.signIn({ sub: "jan", email: "j.jansen@elders.example", given_name: "Jan", groups: ["root"] });
    const { fields, summary, changes } = await driftOf(place);
    expect(changes).toEqual(["update user jan"]);
    const by = { at: time, by: "sign-in:api-oidc", through: "sign-in" };
    const [was, became] = ["jan@gemeente.example", "j.jansen@elders.example"];
    expect(fields).toEqual([
      { entry: "user jan", name: "email", before: became, after: was, drift: { was, became, ...by } },
      {
        entry: "user jan",
        name: "is_superuser",
        before: true,
        after: false,
        drift: { was: false, became: true, ...by },
      },
    ]);
    expect(summary).toMatchObject({ update: 1, drift: 1 });
    const { stdout } = await runCli(["plan", "config.yaml"], { cwd: place.folder });
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /email: j\.jansen@elders\.example → jan@gemeente\.example changed at run time from "jan@gemeente\.example" to "j\.jansen@elders\.example" on \d{4}-\d\d-\d\d \d\d:\d\dZ by sign-in:api-oidc \(sign-in\)/,
    );
    expect(stdout).toMatch(/^Plan: 0 to create, 1 to update, .* 1 of these undoes what was done at run time\.$/m);
    // Once undone, it is no drift any more.
    await place.apply(jan, { username: "els", email: "els@gemeente.example" });
    expect(await driftOf(place)).toMatchObject({ changes: [], fields: [] });
  });

  it("does not mark what the file changed alone, and marks what both changed", async () => {
    const place = await placeOf(jan);
    place.write({ ...jan, email: "nieuw@gemeente.example" });
    expect(await driftOf(place)).toMatchObject({ changes: ["update user jan"], fields: [] });
    await place.signIn({ sub: "jan", email: "j.jansen@elders.example", given_name: "Jan" });
    const drift = { was: "jan@gemeente.example", became: "j.jansen@elders.example", through: "sign-in" };
    expect((await driftOf(place)).fields).toMatchObject([{ name: "email", after: "nieuw@gemeente.example", drift }]);
    // A file that takes over what was done at run time undoes nothing.
    place.write({ ...jan, email: "j.jansen@elders.example" });
    expect(await driftOf(place)).toMatchObject({ changes: [] });
  });

  it("marks an edit of the database as nobody's, with the row's time only where that was changed", async () => {
    const place = await placeOf(jan);
    await edit(place, "users", { username: "jan" }, { first_name: "Johan" });
    const drift = { was: "Jan", became: "Johan", by: null, through: "database" };
    expect((await driftOf(place)).fields).toMatchObject([{ name: "first_name", drift: { ...drift, at: null } }]);
    const { stdout } = await runCli(["plan", "config.yaml"], { cwd: place.folder });
    expect(stdout.replace(/\s+/g, " ")).toContain(
      'changed at run time from "Jan" to "Johan" by nobody vtb-setup knows of: edited in the database',
    );
    const at = "2090-01-01T12:00:00.000Z";
    await edit(place, "users", { username: "jan" }, { updated_at: at });
    expect((await driftOf(place)).fields).toMatchObject([{ name: "first_name", drift: { ...drift, at } }]);
  });

  it("tells an edit from a sign-in that changed the same field before, and names the sign-in for another field", async () => {
    const place = await placeOf({ ...jan, is_superuser: false });
    await place.signIn({ sub: "jan", email: "j.jansen@elders.example", given_name: "Jan", groups: ["root"] });
    await edit(place, "users", { username: "jan" }, { first_name: "Johan" });
    const { fields } = await driftOf(place);
    expect(fields.map(({ name, ...field }) => [name, "drift" in field && field.drift?.through])).toEqual([
      ["email", "sign-in"],
      ["first_name", "database"],
      ["is_superuser", "sign-in"],
    ]);
  });

  it("marks sets that were edited, and neither memberships that claims gave nor entries that are not there", async () => {
    const place = await placeOf({ ...jan, groups: ["lezers"] });
    await place.signIn({ sub: "jan", email: jan.email, given_name: "Jan", groups: ["anders"] });
    expect(await driftOf(place)).toMatchObject({ changes: [] });
    const { kysely } = await place.open();
    await kysely.deleteFrom("group_permissions").where("permission", "=", "taken.view_b").execute();
    const drift = { was: ["taken.view_a", "taken.view_b"], became: ["taken.view_a"], through: "database" };
    expect((await driftOf(place)).fields).toMatchObject([{ entry: "group lezers", name: "permissions", drift }]);
    await kysely.deleteFrom("users").where("username", "=", "jan").execute();
    expect(await driftOf(place)).toMatchObject({
      changes: ["update group lezers", "create user jan"],
      fields: [{ entry: "group lezers" }],
    });
  });

  it("takes no rename of an entry that others refer to for an edit of these", async () => {
    const place = await placeOf({ ...jan, groups: ["lezers"] });
    const { kysely } = await place.open();
    await edit(place, "groups", { name: "lezers" }, { name: "lezers-van-taken" });
    place.write({ ...jan, groups: ["lezers", "lezers-van-taken"] });
    expect((await driftOf(place)).fields).toMatchObject([{ entry: "user jan", name: "groups" }]);
    const now = new Date().toISOString();
    const { id } = await kysely.selectFrom("groups").select("id").executeTakeFirstOrThrow();
    const run = {
      id: "rename",
      started_at: now,
      finished_at: now,
      actor: "a@b",
      owner: "default",
      version: "1",
      files: "[]",
    };
    await kysely.insertInto("runs").values(run).execute();
    const fields = JSON.stringify([{ name: "key", before: "lezers", after: "lezers-van-taken" }]);
    const change = { run_id: run.id, sequence: 0, action: "update", kind: "group", key: "lezers-van-taken", fields };
    await kysely
      .insertInto("run_changes")
      .values({ ...change, resource_id: id })
      .execute();
    expect(await driftOf(place)).toMatchObject({ changes: ["create group lezers", "update user jan"], fields: [] });
  });

  it("names a secret that a sign-in gave without its values, and no secret that the file replaced", async () => {
    const place = await placeOf(jan);
    await place.signIn({ sub: "jan", email: jan.email, given_name: "Jan" });
    const { kysely } = await place.open();
    const provider = await kysely.selectFrom("oidc_providers").select("identifier").executeTakeFirstOrThrow();
    place.write({ ...jan, sign_in: { provider: provider.identifier, subject: "s-2" } });
    const { fields } = await driftOf(place);
    const drift = { at: time, by: "sign-in:api-oidc", through: "sign-in" };
    expect(fields).toEqual([{ entry: "user jan", name: "sign_in", sensitive: true, drift }]);
    const { stdout } = await runCli(["plan", "config.yaml"], { cwd: place.folder });
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      /sign_in: \(secret\) changed at run time on [^"]* by sign-in:api-oidc \(sign-in\)/,
    );
  });

  it("is not what a file says of an entry that no file managed", async () => {
    const place = await placeOf();
    await place.signIn({ sub: "jan", email: "j.jansen@elders.example", given_name: "Jan" });
    place.write(jan);
    expect(await driftOf(place)).toMatchObject({ changes: ["update user jan"], fields: [] });
  });

  it("plan --drift shows only such changes, and exits with 2 where there are any", async () => {
    const place = await migratedWorkplace();
    const file = (a: string, b: string) => tokens(tokenItem("a", tokenA, a), tokenItem("b", tokenB, b));
    await place.apply(file("organization: Een", "organization: Een"));
    writeFiles(place.folder, { "config.yaml": file("organization: Een", "organization: Twee") });
    const args = ["--drift", "--detailed-exitcode"];
    expect(await driftOf(place, ...args)).toMatchObject({
      status: 0,
      outcome: "unchanged",
      changes: [],
      summary: { update: 0, drift: 0 },
    });
    const quiet = await runCli(["plan", "config.yaml", ...args], { cwd: place.folder });
    expect(quiet.status).toBe(0);
    expect(quiet.stdout).toMatch(/^No drift\. Nothing that config\.yaml declares was changed in \S+ at run time\.\n$/);
    await edit(place, "api_tokens", { identifier: "a" }, { organization: "Drie" });
    expect(await driftOf(place, ...args)).toMatchObject({
      status: 2,
      outcome: "planned",
      changes: ["update api_token a"],
      summary: { update: 1, drift: 1 },
    });
    const { status, stdout } = await runCli(["plan", "config.yaml", ...args], { cwd: place.folder });
    expect(status).toBe(2);
    expect(stdout.replace(/\s+/g, " ")).toContain('from "Een" to "Drie" by nobody vtb-setup knows of');
    expect(stdout).not.toContain("Twee");
    expect((await driftOf(place, "--detailed-exitcode")).status).toBe(2);
    // Apply undoes it, says so, and records what it undid.
    const applied = await place.run(["apply", "config.yaml"]);
    expect(applied.json.summary).toMatchObject({ update: 2, drift: 1 });
    expect(await driftOf(place, ...args)).toMatchObject({ status: 0, changes: [] });
  });
});
