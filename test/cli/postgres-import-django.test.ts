import pg from "pg";
import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { incumbentDatabase, type Recording } from "../support/incumbent.js";
import { clientSecrets, importFrom, issuer, leftBehind, subject } from "./django-place.js";
import { workplace } from "./outcome.js";

// Its tables have columns that are lists, which only PostgreSQL has.
describe("import django of mozilla-django-oidc-db", () => {
  it("seals client secrets, and links users by the `sub` where the issuer is known", async () => {
    const source = await incumbentDatabase("postgres-oidc-2");
    const place = workplace();
    const { diagnostics } = await importFrom(source, place, "--apply", "--issuer", issuer);
    expect(diagnostics.filter(({ message }) => message.startsWith("the link"))).toEqual([]);
    const { kysely } = await place.open();
    const linked = await kysely
      .selectFrom("users")
      .select(["username", "issuer", "subject"])
      .where("subject", "is not", null)
      .execute();
    expect(linked).toEqual([{ username: subject, issuer, subject }]);
    const [client] = await kysely.selectFrom("oidc_clients").select("client_secret").execute();
    expect(client?.client_secret).not.toContain("geheim");
    // The plan compares the sealed secrets with the variables'.
    writeFiles(place.folder, {
      "config.yaml": (await importFrom(source, place, "--issuer", issuer)).items[0]?.text ?? "",
    });
    const same = await place.run(["plan", "--offline", "config.yaml"], { env: clientSecrets });
    expect(same.changes).toEqual([]);
    const other = { ...clientSecrets, OIDC_CLIENT_ADMIN_OIDC_CLIENT_SECRET: "een-ander-geheim-van-de-client" };
    const differs = await place.run(["plan", "--offline", "config.yaml"], { env: other });
    expect(differs.changes).toEqual(["update oidc_client admin-oidc"]);
  });

  it("lists the users that it can't link yet", async () => {
    const place = workplace();
    const unknown = await importFrom(await incumbentDatabase("postgres-oidc-2"), place, "--apply");
    expect(leftBehind(unknown)).toContain(
      `the link of user ${subject} was not imported: the provider's issuer is unknown, or the person is linked to another user`,
    );
    const older = await importFrom(
      await incumbentDatabase("postgres-oidc-0"),
      workplace(),
      "--apply",
      "--issuer",
      issuer,
    );
    expect(leftBehind(older)).toContain(
      `the link of user ${subject} was not imported: Django knows the name that the person has at the provider, but not the \`sub\``,
    );
  });

  it.each([
    ["no object", "[1]"],
    ["nested 3,000 levels deep", `{"a": ${"[".repeat(3000)}${"]".repeat(3000)}}`],
  ])("leaves a client behind whose options are %s", async (_, options) => {
    const source = await incumbentDatabase("postgres-oidc-2");
    const client = new pg.Client(source);
    await client.connect();
    await client.query("update mozilla_django_oidc_db_oidcclient set options = $1 where identifier = 'api-oidc'", [
      options,
    ]);
    await client.end();
    const { items, ...imported } = await importFrom(source, workplace());
    expect(leftBehind({ items, ...imported })).toContain(
      "oidc_client api-oidc was not imported: its options are not an object that an entry can have",
    );
    expect(items[0]?.text).toContain("identifier: admin-oidc");
  });

  it("reads the one configuration of mozilla-django-oidc-db 0.2x as 2.x does", async () => {
    const recording: Recording = "postgres-oidc-0";
    const place = workplace();
    const { items } = await importFrom(await incumbentDatabase(recording), place, "--apply");
    const { kysely } = await place.open();
    const [client] = await kysely
      .selectFrom("oidc_clients")
      .innerJoin("oidc_providers", "oidc_providers.id", "oidc_clients.provider_id")
      .select(["oidc_clients.identifier", "oidc_providers.identifier as provider", "options", "scopes"])
      .execute();
    expect(client).toMatchObject({ identifier: "admin-oidc", provider: "admin-oidc-provider" });
    expect([JSON.parse(client?.scopes ?? ""), JSON.parse(client?.options ?? "")]).toEqual([
      ["openid", "email"],
      {
        user_settings: {
          claim_mappings: { username: ["preferred_username"], email: ["email"] },
          username_case_sensitive: true,
        },
        groups_settings: {
          claim_mapping: ["roles"],
          sync: false,
          sync_pattern: "*",
          default_groups: ["lezers"],
          make_users_staff: false,
          superuser_group_names: ["beheerders"],
        },
      },
    ]);
    writeFiles(place.folder, { "config.yaml": items[0]?.text ?? "" });
    const planned = await place.run(["plan", "--offline", "config.yaml"], { env: clientSecrets });
    expect([planned.status, planned.changes]).toEqual([0, []]);
  });
});
