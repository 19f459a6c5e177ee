import { describe, expect, it, onTestFinished } from "vitest";
import { readDifferences } from "../../src/apply/differences.js";
import type { ResourceName } from "../../src/plan/resource.js";
import { differenceToCsv } from "../../src/report/differences.js";
import { signTestToken, testIssuer } from "../../src/testing/index.js";
import { createVerifier } from "../../src/verifier/index.js";
import { workplace } from "../cli/outcome.js";
import { runCli } from "../support/cli.js";
import { sealingEnv } from "../support/databases.js";

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const jan = { username: "jan", email: "jan@gemeente.example", first_name: "Jan", groups: ["lezers"] };

const forms = {
  identifier: "forms",
  token: { generate: true },
  contact_person: "Functioneel beheer",
  email: "beheer@gemeente.example",
};

/** A database with a token, two users and a group of a file, as it was applied. */
async function appliedPlace() {
  const issuer = await testIssuer();
  onTestFinished(() => issuer.close());
  const place = workplace();
  const options = {
    user_settings: { claim_mappings: { username: ["sub"], email: ["email"] } },
    groups_settings: { claim_mapping: ["groups"], superuser_group_names: ["root"] },
  };
  const config = {
    ...issuer.config({ options }),
    groups_config_enable: true,
    groups_config: { items: [{ name: "lezers", permissions: ["taken.view_a"] }, { name: "anderen" }] },
    default_user_configuration_enable: true,
    default_user_configuration_config: { users: [jan, { username: "els", email: "els@gemeente.example" }] },
    tokenauth_config_enable: true,
    tokenauth: { items: [forms] },
  };
  const apply = async () => expect(await place.apply(JSON.stringify(config, null, 1), {})).toMatchObject({ status: 0 });
  await apply();
  const { kysely } = await place.open();
  const signIn = async (claims: Readonly<Record<string, unknown>>) => {
    const verifier = await createVerifier({ database: place.database, env: sealingEnv() });
    const credential = `Bearer ${signTestToken(issuer, { aud: "api", ...claims })}`;
    expect(await verifier.authenticate(credential)).toMatchObject({ kind: "authenticated" });
    await verifier.close();
  };
  const command = async (...args: readonly string[]) =>
    expect(await runCli([...args, "--output", "json"], { cwd: place.folder })).toMatchObject({ status: 0 });
  return {
    ...place,
    reapply: apply,
    kysely,
    signIn,
    command,
    differ: (only?: ResourceName) => readDifferences(kysely, only),
  };
}

describe("what differs from the files", () => {
  it("is nothing once they are applied, nor what they leave open", async () => {
    const { differ, kysely, signIn, reapply } = await appliedPlace();
    expect(await differ()).toEqual([]);
    await signIn({ sub: "jan", email: "jan@gemeente.example", groups: ["anderen"] });
    const { id } = await kysely
      .selectFrom("users")
      .select("id")
      .where("username", "=", "els")
      .executeTakeFirstOrThrow();
    const { id: groupId } = await kysely.selectFrom("groups").select("id").executeTakeFirstOrThrow();
    await kysely.insertInto("user_groups").values({ user_id: id, group_id: groupId, origin: "manual" }).execute();
    expect(await differ()).toEqual([]);
    await reapply();
    expect(await differ()).toEqual([]);
  });

  it("is told with both values, when, by whom and through what, until the files are applied again", async () => {
    const { differ, kysely, signIn, reapply } = await appliedPlace();
    await signIn({ sub: "jan", email: "ander@gemeente.example", groups: ["root"] });
    const updated = "2999-01-01T00:00:00.000Z";
    await kysely
      .updateTable("users")
      .set({ email: "Els@gemeente.example", updated_at: updated })
      .where("username", "=", "els")
      .execute();
    await kysely.deleteFrom("group_permissions").execute();
    const through = { by: "sign-in:api-oidc", at: time, through: "sign-in" };
    const differences = await differ();
    expect(differences).toEqual([
      {
        kind: "group",
        key: "lezers",
        owner: "default",
        state: "changed",
        fields: [
          {
            name: "permissions",
            drift: { was: ["taken.view_a"], became: [], at: null, by: null, through: "database" },
          },
        ],
      },
      {
        kind: "user",
        key: "els",
        owner: "default",
        state: "changed",
        fields: [
          {
            name: "email",
            drift: {
              was: "els@gemeente.example",
              became: "Els@gemeente.example",
              at: updated,
              by: null,
              through: "database",
            },
          },
        ],
      },
      {
        kind: "user",
        key: "jan",
        owner: "default",
        state: "changed",
        fields: [
          { name: "email", drift: { was: "jan@gemeente.example", became: "ander@gemeente.example", ...through } },
          { name: "is_superuser", drift: { was: false, became: true, ...through } },
        ],
      },
    ]);
    expect(await differ({ kind: "user", key: "jan" })).toEqual([differences[2]]);
    expect(await differ({ kind: "group", key: "jan" })).toEqual([]);
    await reapply();
    expect(await differ()).toEqual([]);
  });

  it("is what commands did, without secrets", async () => {
    const { differ, command } = await appliedPlace();
    await command("token", "rotate", "forms", "--grace", "0s");
    await command("token", "disable", "forms");
    await command("user", "deactivate", "els");
    const differences = await differ();
    expect(differences).toMatchObject([
      {
        key: "forms",
        fields: [
          { name: "token", drift: { at: time, through: "token rotate" } },
          { name: "disabled", drift: { was: false, became: true, at: time, through: "token disable" } },
        ],
      },
      {
        key: "els",
        fields: [{ name: "deactivated", drift: { was: false, became: true, at: time, through: "user deactivate" } }],
      },
    ]);
    expect(differenceToCsv(differences[0] as never)).toMatch(
      /^api_token,forms,default,changed,token,\(secret\),\(secret\),[^,]+,[^,]+,token rotate\r\napi_token,forms,default,changed,disabled,false,true,[^,]+,[^,]+,token disable\r\n$/,
    );
    await command("token", "enable", "forms");
    await command("user", "activate", "els");
    expect((await differ()).map(({ key, fields }) => [key, ...fields.map(({ name }) => name)])).toEqual([
      ["forms", "token"],
    ]);
  });

  it("is an entry that was deleted in the database, and none that a file deleted", async () => {
    const { differ, kysely, apply } = await appliedPlace();
    await kysely.deleteFrom("users").where("username", "=", "els").execute();
    const missing = { kind: "user", key: "els", owner: "default", state: "missing", fields: [] };
    expect(await differ()).toEqual([missing]);
    expect(await differ({ kind: "user", key: "els" })).toEqual([missing]);
    const absent = { username: "jan", state: "absent" };
    const users = { default_user_configuration_enable: true, default_user_configuration_config: { users: [absent] } };
    await apply(JSON.stringify(users));
    expect(await differ()).toEqual([missing]);
  });
});
