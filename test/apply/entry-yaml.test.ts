import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { apply } from "../../src/apply/apply.js";
import { entriesAsYaml, exportDatabase } from "../../src/apply/export.js";
import { loadConfig } from "../../src/apply/load.js";
import { plan } from "../../src/apply/plan.js";
import { insertUsers } from "../../src/database/write-rows.js";
import { readUserRights } from "../../src/operations/read-access.js";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, openForTest, resource, runOptions, temporaryFolder } from "../support/run.js";
import { clientOf, clientSecret, providerOf } from "../verifier/bearer/world.js";
import { token, tokenValue, user } from "../verifier/verifier-world.js";

const [at, until] = ["2026-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"];

/** A database with entries of a file, and with `els`, whom a person made. */
async function yamlWorld() {
  const url = await migratedDatabase();
  const database = await openForTest(url);
  const { kysely } = database;
  await apply(
    configurationOf(
      resource("group", "lezers", { permissions: ["taken.view_taak"] }),
      user("jan", { groups: ["lezers"], password: new Secret("a-password-of-jan") }),
      token("forms", tokenValue),
      providerOf({ issuer: "https://idp.example" }),
      clientOf(),
    ),
    runOptions(url),
  );
  await insertUsers(kysely, at, [{ id: "els", username: "els", owner: null, email: "els@gemeente.example" }]);
  const { id: groupId } = await kysely.selectFrom("groups").select("id").executeTakeFirstOrThrow();
  const given = { origin: "manual", group_id: groupId, until } as const;
  const jan = await kysely.selectFrom("users").select("id").where("username", "=", "jan").executeTakeFirstOrThrow();
  await kysely
    .insertInto("user_groups")
    .values({ ...given, user_id: "els" })
    .execute();
  for (const userId of ["els", jan.id]) {
    const row = { user_id: userId, permission: "taken.add_taak", origin: "manual" } as const;
    await kysely.insertInto("user_permissions").values(row).execute();
  }
  const yamlOf = (...names: readonly (readonly [kind: string, key: string])[]) =>
    entriesAsYaml(
      database,
      sealingEnv(),
      names.map(([kind, key]) => ({ kind, key })),
    );
  return { url, kysely, yamlOf };
}

describe("an entry as YAML", () => {
  it("has a token as its digest, and says which variables hold a client's secrets", async () => {
    const { yamlOf } = await yamlWorld();
    const written = await yamlOf(["api_token", "forms"], ["oidc_client", "api-oidc"]);
    expect(written).toMatchObject({
      entries: 2,
      missing: [],
      variables: [{ name: "OIDC_CLIENT_API_OIDC_CLIENT_SECRET", kind: "oidc_client", key: "api-oidc" }],
    });
    expect(parse(written.text)).toMatchObject({
      tokenauth_config_enable: true,
      tokenauth: { items: [{ identifier: "forms", token: { sha256: digestToken(new Secret(tokenValue)) } }] },
      oidc_db_config_admin_auth: {
        items: [
          {
            identifier: "api-oidc",
            oidc_rp_client_secret: { value_from: { env: "OIDC_CLIENT_API_OIDC_CLIENT_SECRET" } },
          },
        ],
      },
    });
    expect(written.text).toMatch(
      /^# It takes secrets from these variables:\n# {3}OIDC_CLIENT_API_OIDC_CLIENT_SECRET: /,
    );
    for (const secret of [tokenValue, clientSecret]) expect(written.text).not.toContain(secret);
  });

  it("has what people gave by hand where no file manages it, and not where one does", async () => {
    const { yamlOf } = await yamlWorld();
    const { text } = await yamlOf(["user", "els"], ["user", "jan"]);
    expect(parse(text).default_user_configuration_config.users).toMatchObject([
      { username: "els", groups: [{ name: "lezers", until }], permissions: ["taken.add_taak"] },
      { username: "jan", groups: ["lezers"] },
    ]);
    expect(parse(text).default_user_configuration_config.users[1]).not.toHaveProperty("permissions");
    expect(text).not.toContain("password");
  });

  it("takes a user over that was made by hand, with the same rights", async () => {
    const { url, kysely, yamlOf } = await yamlWorld();
    const rightsOf = async () => {
      const rights = await readUserRights(kysely, "els", Date.parse(at));
      return rights?.permissions.map(({ permission }) => permission);
    };
    const before = await rightsOf();
    expect(before).toEqual(["taken.add_taak", "taken.view_taak"]);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "els.yaml"), (await yamlOf(["user", "els"])).text);
    const options = { env: {}, cwd: folder, strict: true, steps: [], kinds: [], now: new Date(at) };
    const configuration = await loadConfig([join(folder, "els.yaml")], {
      ...options,
      stdin: async () => Buffer.alloc(0),
    });
    await apply(configuration, runOptions(url, { owner: "people" }));
    expect(await plan(configuration, runOptions(url, { owner: "people" }))).toMatchObject({ outcome: "unchanged" });
    await kysely.deleteFrom("user_groups").where("origin", "=", "manual").execute();
    await kysely.deleteFrom("user_permissions").where("origin", "=", "manual").execute();
    expect(await rightsOf()).toEqual(before);
  });

  it("is exported with what people gave by hand, for what no file manages", async () => {
    const { url } = await yamlWorld();
    const files = await exportDatabase({ database: url, env: sealingEnv(), owner: { kind: "all" } });
    const users = files.map(({ owner, text }) => [owner, parse(text).default_user_configuration_config.users]);
    expect(users).toMatchObject([
      ["default", [{ username: "jan" }]],
      [null, [{ username: "els", groups: [{ name: "lezers", until }], permissions: ["taken.add_taak"] }]],
    ]);
    expect(users[0]?.[1][0]).not.toHaveProperty("permissions");
  });

  it("says what a command ended, and what is not there", async () => {
    const { kysely, yamlOf } = await yamlWorld();
    await kysely.updateTable("users").set({ deactivated_at: at, deactivated_by: "jan" }).execute();
    const written = await yamlOf(["user", "els"], ["user", "nobody"], ["policy", "default"]);
    expect(written.text).toMatch(/^# A command ended it here; in another database, it would work: user els\n/);
    expect(written.missing).toEqual([
      { kind: "user", key: "nobody" },
      { kind: "policy", key: "default" },
    ]);
  });
});
