import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCli, writeFiles } from "../support/cli.js";
import { type CorpusProviders, rows, startCorpusProviders } from "./corpus-rows.js";
import { tokenA, type Workplace, workplace } from "./outcome.js";

let providers: CorpusProviders;

beforeAll(async () => {
  providers = await startCorpusProviders();
});

afterAll(() => providers.close());

const secret = "welkom-in-zaandam-en-omstreken";
/** Each name in it has `kanarie`, and nothing else does. */
const everything = `groups_config_enable: true
groups_config:
  items: [{name: kanarie-lezers, permissions: [taken.view_externetaak]}, {name: "Kanarie: beheer"}]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - {username: kanarie-anna, email: anna@kanarie.nl, first_name: Kanarie-Anna, last_name: Kanarie, groups: [kanarie-lezers, "Kanarie: beheer"], password: ${secret}}
    - {username: bob@kanarie.nl, is_staff: true, sign_in: {provider: kanarie-idp, subject: "kanarie:1"}, groups: [kanarie-lezers]}
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: kanarie-idp
      endpoint_config:
        oidc_op_authorization_endpoint: https://idp.kanarie.nl:8443/realms/kanarie/protocol/openid-connect/auth?kanarie=kanarie#kanarie
        oidc_op_token_endpoint: https://idp.kanarie.nl:8443/realms/kanarie/protocol/openid-connect/token
        oidc_op_user_endpoint: https://idp.kanarie.nl:8443/realms/kanarie/protocol/openid-connect/userinfo
        oidc_op_jwks_endpoint: http://localhost:8080/realms/kanarie/protocol/openid-connect/certs
      oidc_op_issuer: https://idp.kanarie.nl:8443/realms/kanarie
      oidc_op_former_issuers: ['https://oud.kanarie.nl/realms/kanarie']
      oidc_nonce_size: 48
  items:
    - identifier: admin-oidc
      oidc_provider_identifier: kanarie-idp
      oidc_rp_client_id: kanarie-client
      oidc_rp_client_secret: ${secret}
      oidc_rp_scopes_list: [openid, email, kanarie-scope]
      oidc_keycloak_idp_hint: kanarie-hint
      oidc_audience: [kanarie-client, 'https://api.kanarie.nl/']
      options:
        user_settings: {claim_mappings: {username: [preferred_username], email: [email]}}
        groups_settings: {claim_mapping: [realm_access, roles], sync: true, sync_pattern: "kanarie-*", default_groups: [kanarie-lezers], superuser_group_names: [kanarie-root], make_users_staff: false}
        free: {owner: Kanarie, nested: [kanarie@kanarie.nl, 12, true]}
tokenauth_config_enable: true
tokenauth:
  items:
    - {identifier: kanarie-token, token: ${tokenA}, contact_person: Kanarie, email: anna@kanarie.nl, organization: Gemeente Kanarie, application: Kanarie-app, administration: Kanarie 3, permissions: [taken.view_externetaak]}
    - {identifier: kanarie-eigen, token: {generate: true}, contact_person: Kanarie-Anna, email: a@kanarie.nl, user: kanarie-anna, expires_at: 2099-12-31T23:59:59Z, description: voor kanarie}
`;

interface Exported {
  readonly text: string;
  readonly owner: string | null;
  readonly variables: readonly { readonly name: string }[];
}

async function exported(place: Workplace, ...args: readonly string[]): Promise<readonly Exported[]> {
  const run = await runCli(["export", "--sanitize", ...args, "--output", "json"], { cwd: place.folder });
  expect([run.status, run.stderr]).toEqual([0, ""]);
  return JSON.parse(run.stdout).items;
}

/** Applies the text to a new database. */
async function applied(text: string, variables: Exported["variables"]) {
  const other = workplace({ "support.yaml": text });
  const env = Object.fromEntries(variables.map(({ name }) => [name, secret]));
  const { status, json } = await other.run(["apply", "--offline", "support.yaml"], { env });
  expect({ status, json }).toMatchObject({ status: 0, json: { outcome: "applied" } });
  return other;
}

describe("export --sanitize", () => {
  it("has no name, address, host or digest of the database, keeps what names nobody, and applies elsewhere", async () => {
    const place = workplace({ "config.yaml": everything });
    expect(await place.run(["apply", "--offline", "config.yaml"])).toMatchObject({ status: 0 });
    const plain = await runCli(["export"], { cwd: place.folder });
    expect(plain.stdout.match(/kanarie/gi)?.length).toBeGreaterThan(40);
    const [{ text, variables }] = (await exported(place)) as [Exported];
    expect(text).not.toMatch(/kanarie|anna|bob|gemeente/i);
    for (const [digest] of plain.stdout.matchAll(/[\da-f]{64}/g)) expect(text).not.toContain(digest);
    const file = parse(text);
    const [client] = file.oidc_db_config_admin_auth.items;
    const [provider] = file.oidc_db_config_admin_auth.providers;
    const [first, second] = file.default_user_configuration_config.users;
    const [anna, bob] = first.is_staff ? [second, first] : [first, second];
    const groups = new Map<string, { permissions?: unknown }>(
      file.groups_config.items.map((item: { name: string }) => [item.name, item]),
    );
    // The same name everywhere has the same replacement.
    expect(client).toMatchObject({
      identifier: "admin-oidc",
      oidc_provider_identifier: provider.identifier,
      oidc_audience: [client.oidc_rp_client_id, expect.stringMatching(/^https:\/\/host-\d+\.example\/$/)],
      oidc_rp_scopes_list: ["openid", "email", expect.stringMatching(/^scopes-\d+$/)],
    });
    expect(client.options.user_settings.claim_mappings).toEqual({ username: ["preferred_username"], email: ["email"] });
    expect(client.options.groups_settings).toMatchObject({
      claim_mapping: ["realm_access", "roles"],
      sync_pattern: expect.stringMatching(/^[a-z-]+\d+\*$/),
      superuser_group_names: [expect.stringMatching(/^superuser-group-names-\d+$/)],
    });
    expect(client.options.free.nested.slice(1)).toEqual([12, true]);
    const [readers] = client.options.groups_settings.default_groups;
    expect(groups.get(readers)?.permissions).toEqual(["taken.view_externetaak"]);
    expect(anna.groups).toHaveLength(2);
    expect(bob).toMatchObject({ groups: [readers], sign_in: { provider: provider.identifier } });
    const endpoints = provider.endpoint_config;
    expect(endpoints.oidc_op_token_endpoint).toBe(`${provider.oidc_op_issuer}/protocol/openid-connect/token`);
    expect(endpoints.oidc_op_jwks_endpoint).toMatch(
      /^http:\/\/localhost:8080\/realms\/path-\d+\/protocol\/openid-connect\/certs$/,
    );
    expect(provider.oidc_op_issuer).toMatch(/^https:\/\/host-\d+\.example:8443\/realms\/path-\d+$/);
    const tokenItems = file.tokenauth.items;
    const own = tokenItems.find((token: { user?: string }) => token.user !== undefined);
    const service = tokenItems.find((token: { user?: string }) => token.user === undefined);
    expect(own).toMatchObject({ user: anna.username, contact_person: anna.first_name });
    expect(service).toMatchObject({ email: anna.email, contact_person: anna.last_name });
    expect(service.permissions).toEqual(["taken.view_externetaak"]);
    expect(own.expires_at).toBe("2099-12-31T23:59:59.000Z");
    // It is a configuration like any other.
    const other = await applied(text, variables);
    expect(await (await other.open()).kysely.selectFrom("user_groups").selectAll().execute()).toHaveLength(3);
  });

  it("gives other names each time, so that they tell nothing of the old ones, and sorts by them", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `kanarie-${String(index).padStart(2, "0")}`);
    const people = names.map((name) => `    - {username: ${name}, email: ${name}@kanarie.nl}\n`).join("");
    const place = workplace();
    await place.apply(
      `default_user_configuration_enable: true\ndefault_user_configuration_config:\n  users:\n${people}`,
    );
    const usersOf = async () => {
      const [{ text }] = (await exported(place)) as [Exported];
      const { users } = parse(text).default_user_configuration_config;
      return users as readonly { readonly username: string; readonly email: string }[];
    };
    const [one, other] = [await usersOf(), await usersOf()];
    const usernames = one.map(({ username }) => username);
    expect(usernames).toEqual([...usernames].sort());
    expect(usernames).not.toEqual(other.map(({ username }) => username));
    // All addresses have the one host, and each its own first part.
    expect(new Set(one.map(({ email }) => email.split("@")[1])).size).toBe(1);
    expect(new Set(one.map(({ email }) => email)).size).toBe(30);
  });

  it("replaces the owners' names as well, in files and in their names", async () => {
    const place = workplace();
    await place.apply("groups_config_enable: true\ngroups_config: {items: [{name: kanarie-a}]}\n");
    writeFiles(place.folder, {
      "b.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: kanarie-b}]}\n",
    });
    await place.run(["apply", "b.yaml", "--owner", "kanarie-shop"]);
    const args = ["export", "--sanitize", "--all", "--output-dir", "out"];
    const { status, stdout } = await runCli(args, { cwd: place.folder });
    expect([status, stdout]).toEqual([0, expect.not.stringContaining("kanarie")]);
    const files = readdirSync(join(place.folder, "out"));
    expect(files.sort()).toEqual(["default.yaml", expect.stringMatching(/^owner-\d+\.yaml$/)]);
    for (const file of files) expect(readFileSync(join(place.folder, "out", file), "utf8")).not.toContain("kanarie");
  });

  it.each(rows.filter(({ outcome }) => outcome === "applied"))("has no name of $file", async ({ file, env }) => {
    const place = workplace({ "config.yaml": providers.local(file) });
    expect((await place.run(["apply", "config.yaml"], { ...(env && { env }) })).status).toBe(0);
    const [{ text: sanitized, variables }] = (await exported(place)) as [Exported];
    const [before, after] = [
      namesIn(parse((await runCli(["export"], { cwd: place.folder })).stdout)),
      namesIn(parse(sanitized)),
    ];
    expect(after).toHaveLength(before.length);
    expect(before.length).toBeGreaterThan(0);
    const kept = after.filter((name) => before.includes(name) && name !== "admin-oidc");
    expect(kept).toEqual([]);
    await applied(sanitized, variables);
  });
});

const nameFields = new Set(
  (
    "username email first_name last_name name contact_person organization application administration user subject " +
    "oidc_provider_identifier oidc_rp_client_id"
  ).split(" "),
);

/** Every text of the fields that name a person or a thing. */
function namesIn(value: unknown, field = ""): readonly string[] {
  if (typeof value === "string") return nameFields.has(field) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item) => namesIn(item, field));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === "options" ? [] : namesIn(inner, key)));
}
