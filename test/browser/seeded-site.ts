import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Admin } from "../../src/admin/admin.js";
import { createAdmin } from "../../src/admin/create-admin.js";
import { mountAdmin } from "../../src/admin/express.js";
import type { AdminOptions } from "../../src/admin/options.js";
import { openDatabase } from "../../src/database/open.js";
import { runCli } from "../support/cli.js";
import { databaseEnv, databaseOf, sealingEnv } from "../support/databases.js";
import { startServer } from "../support/http-server.js";

export const seedPassword = "een wachtwoord om te proberen";

/** What a municipality might have: people with and without rights, groups, tokens in every state, an OpenID provider and its clients. */
const seed = `
vtb_setup:
  owner: gemeente
  policy:
    max_lifetime: 400d
    warn_before: 30d
    unused_after: 90d
groups_config_enable: true
groups_config:
  items:
    - name: vtb-behandelaars
      permissions: [taken.view_externetaak, taken.add_externetaak, taken.change_externetaak]
    - name: vtb-lezers
      permissions: [taken.view_externetaak, berichten.view_bericht]
    - name: vtb-tokenbeheer
      permissions: [vtb_setup.view_tokens, vtb_setup.change_tokens, vtb_setup.revoke_tokens, vtb_setup.view_users]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - username: fatima
      first_name: Fatima
      last_name: Yilmaz
      email: fatima@gemeente.example
      is_staff: true
      is_superuser: true
      password: &password {value_from: {env: SEED_PASSWORD}}
    - username: jan
      first_name: Jan
      last_name: de Vries
      email: jan@gemeente.example
      is_staff: true
      password: *password
      groups: [vtb-behandelaars, vtb-tokenbeheer]
    - username: piet
      first_name: Piet
      last_name: Bakker
      email: piet@gemeente.example
      is_staff: true
      password: *password
    - username: sanne
      first_name: Sanne
      last_name: Jansen
      email: sanne@gemeente.example
      is_active: false
      groups: [vtb-lezers]
    - username: willem
      first_name: Willem
      last_name: Smit
      email: willem@gemeente.example
      groups: [{name: vtb-behandelaars, until: 2027-06-30T22:00:00Z}]
tokenauth_config_enable: true
tokenauth:
  items:
    - identifier: open-formulieren
      contact_person: Functioneel beheer
      email: beheer@gemeente.example
      organization: Gemeente Voorbeeld
      application: Open Formulieren
      description: Maakt taken aan voor inwoners
      token: {generate: true}
      expires_at: 2027-06-30T22:00:00Z
      permissions: [taken.view_externetaak, taken.add_externetaak]
    - identifier: zaaksysteem
      contact_person: Team zaken
      email: zaken@gemeente.example
      token: {generate: true}
      expires_at: 2026-12-15T22:00:00Z
      permissions: [taken.view_externetaak, taken.change_externetaak]
    - identifier: rapportage
      contact_person: Team data
      email: data@gemeente.example
      token: {generate: true}
      enabled: false
      expires_at: 2027-03-31T22:00:00Z
      permissions: [taken.view_externetaak]
    - identifier: van-jan
      contact_person: Jan de Vries
      email: jan@gemeente.example
      user: jan
      token: {generate: true}
      expires_at: 2027-01-31T22:00:00Z
      permissions: [taken.view_externetaak]
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      oidc_op_issuer: https://login.gemeente.example/realms/medewerkers
      endpoint_config:
        oidc_op_authorization_endpoint: https://login.gemeente.example/realms/medewerkers/protocol/openid-connect/auth
        oidc_op_token_endpoint: https://login.gemeente.example/realms/medewerkers/protocol/openid-connect/token
        oidc_op_user_endpoint: https://login.gemeente.example/realms/medewerkers/protocol/openid-connect/userinfo
        oidc_op_jwks_endpoint: https://login.gemeente.example/realms/medewerkers/protocol/openid-connect/certs
  items:
    - identifier: admin-oidc
      enabled: true
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: vtb-beheer
      oidc_rp_client_secret: een-geheim-dat-nergens-anders-is
      options:
        user_settings:
          claim_mappings: {username: [preferred_username], email: [email], first_name: [given_name], last_name: [family_name]}
        groups_settings: {claim_mapping: [groups], sync: true, sync_pattern: "vtb-*", default_groups: [], make_users_staff: true, superuser_group_names: []}
    - identifier: api-oidc
      enabled: true
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: vtb-api
      oidc_rp_client_secret: een-ander-geheim-dat-nergens-is
      oidc_audience: [vtb-api]
      options:
        user_settings: {claim_mappings: {username: [client_id]}}
        groups_settings: {claim_mapping: [groups], sync: false, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}
`;

/** As if people had made them at the pages. */
const byHand = `
vtb_setup: {owner: mensen}
groups_config_enable: true
groups_config:
  items: [{name: projectgroep, permissions: [berichten.view_bericht]}]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - {username: hanna, first_name: Hanna, last_name: Visser, email: hanna@gemeente.example, is_staff: true, groups: [projectgroep]}
tokenauth_config_enable: true
tokenauth:
  items:
    - identifier: met-de-hand
      contact_person: Hanna Visser
      email: hanna@gemeente.example
      user: hanna
      token: {generate: true}
      expires_at: 2027-02-28T22:00:00Z
      permissions: [berichten.view_bericht]
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: entra
      oidc_op_issuer: https://login.microsoftonline.com/0b6f2c1e-5a53-4c7e-8f0e-2f8a1f3e9d77/v2.0
      endpoint_config:
        oidc_op_authorization_endpoint: https://login.microsoftonline.com/0b6f2c1e-5a53-4c7e-8f0e-2f8a1f3e9d77/oauth2/v2.0/authorize
        oidc_op_token_endpoint: https://login.microsoftonline.com/0b6f2c1e-5a53-4c7e-8f0e-2f8a1f3e9d77/oauth2/v2.0/token
        oidc_op_user_endpoint: https://graph.microsoft.com/oidc/userinfo
        oidc_op_jwks_endpoint: https://login.microsoftonline.com/0b6f2c1e-5a53-4c7e-8f0e-2f8a1f3e9d77/discovery/v2.0/keys
  items:
    - identifier: proef
      enabled: false
      oidc_provider_identifier: entra
      oidc_rp_client_id: 5f0b6c1e-1d2a-4c7e-8f0e-2f8a1f3e9d77
      oidc_rp_client_secret: een-derde-geheim-dat-nergens-is
      options:
        user_settings: {claim_mappings: {username: [preferred_username]}}
        groups_settings: {claim_mapping: [groups], sync: true, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}
`;

export interface SeededSite {
  /** Where the pages are, without a slash at its end. */
  readonly url: string;
  readonly database: string;
  /** The same database's pages with passwords for emergencies alone, and those of a database without users. */
  readonly emergencyUrl: string;
  readonly emptyUrl: string;
  /** A new one-time code for the database without users. It ends the session of the one before. */
  readonly newCode: () => Promise<string>;
  /** How far the pages' clock is ahead. */
  readonly clock: { aheadMs: number };
  readonly close: () => Promise<void>;
}

/** Takes the second file's entries out of its hands. */
async function disown(url: string): Promise<void> {
  const { kysely, close } = await openDatabase(url, "write");
  for (const table of ["groups", "users", "api_tokens", "oidc_providers", "oidc_clients"] as const) {
    await kysely.updateTable(table).set({ owner: null }).where("owner", "=", "mensen").execute();
  }
  await close();
}

/** The pages in a real server, under a path, on a database that a file has filled. The caller closes it. */
export async function startSeededSite(): Promise<SeededSite> {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-seeded-"));
  writeFileSync(join(folder, "config.yaml"), seed);
  const env = databaseEnv(folder, { SEED_PASSWORD: seedPassword });
  const applied = await runCli(["apply", "--tokens-out", "tokens.json", "config.yaml"], { cwd: folder, env });
  if (applied.status !== 0) throw new Error(applied.stderr);
  writeFileSync(join(folder, "by-hand.yaml"), byHand);
  const added = await runCli(["apply", "--tokens-out", "more.json", "by-hand.yaml"], { cwd: folder, env });
  if (added.status !== 0) throw new Error(added.stderr);
  // Afterwards, something differs from the file.
  const disabled = await runCli(["token", "disable", "van-jan"], { cwd: folder, env });
  if (disabled.status !== 0) throw new Error(disabled.stderr);
  const database = databaseOf(folder);
  await disown(database);
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const migrated = await runCli(["migrate"], { cwd: empty, env: databaseEnv(empty) });
  if (migrated.status !== 0) throw new Error(migrated.stderr);
  const handlers = new Map<string, RequestListener>();
  const server = await startServer((request, response) => {
    const [, name = ""] = (request.url ?? "").split("/", 2);
    const handler = handlers.get(name);
    if (handler) handler(request, response);
    else response.writeHead(404).end();
  });
  const clock = { aheadMs: 0 };
  const start = async (name: string, options: Omit<AdminOptions, "publicUrl">): Promise<Admin> => {
    const admin = await createAdmin({
      publicUrl: `${server.origin}/${name}`,
      contact: "functioneel-beheer@gemeente.example",
      env: sealingEnv(),
      now: () => Date.now() + clock.aheadMs,
      ...options,
    });
    // Without Express, it ends an answer itself.
    const handler = mountAdmin(admin);
    handlers.set(name, (request, response) => handler(request, response));
    return admin;
  };
  const seeded = await start("beheer", { database, passwordSignIn: "always", bootstrap: true });
  const emergency = await start("nood", { database });
  // Nothing has sealed anything there yet.
  const key = { VTB_SETUP_KEY: "5e".repeat(32) };
  const first = await start("leeg", { database: databaseOf(empty), bootstrap: true, env: key });
  return {
    url: `${server.origin}/beheer`,
    database,
    emergencyUrl: `${server.origin}/nood`,
    emptyUrl: `${server.origin}/leeg`,
    newCode: async () => (await first.bootstrapCode())?.code.reveal() ?? "",
    clock,
    close: async () => {
      await server.close();
      for (const admin of [seeded, emergency, first]) await admin.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
