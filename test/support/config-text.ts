import { databaseOf } from "./databases.js";
import { openForTest } from "./run.js";

/** A provider that needs no network; its clients are to follow. */
export const keycloakProvider = `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      oidc_op_issuer: https://keycloak.example/realms/a
      endpoint_config:
        oidc_op_authorization_endpoint: https://keycloak.example/auth
        oidc_op_token_endpoint: https://keycloak.example/token
        oidc_op_user_endpoint: https://keycloak.example/userinfo
        oidc_op_jwks_endpoint: https://keycloak.example/jwks
  items:
`;

/** That provider with a client whose secret is to be filled in for SECRET. It causes no warning. */
export const explicitProvider = `
${keycloakProvider}    - identifier: api-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: api
      oidc_rp_client_secret: SECRET
      options:
        user_settings: {claim_mappings: {username: [sub]}}
        groups_settings:
          {claim_mapping: [groups], sync: true, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}
`;

/** One token entry; further fields as flow YAML. */
export function tokenItem(identifier: string, token: string, more = ""): string {
  return `    - {identifier: ${identifier}, token: ${token}, contact_person: Beheer, email: beheer@example.nl${more}}\n`;
}

export function tokenFile(...items: readonly string[]): string {
  return `tokenauth_config_enable: true\ntokenauth:\n  items:\n${items.join("")}`;
}

export function userFile(...items: readonly string[]): string {
  const users = items.map((item) => `    - {${item}}\n`).join("");
  return `default_user_configuration_enable: true\ndefault_user_configuration_config:\n  users:\n${users}`;
}

/** The tables of the database that the command creates in a folder by default. */
export async function tablesIn(folder: string) {
  return (await openForTest(databaseOf(folder))).kysely;
}
