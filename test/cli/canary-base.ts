import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { Canaries } from "../support/canaries.js";
import { writeFiles } from "../support/cli.js";

export interface Base {
  /** Writes base.yaml and the secret files that it names into a folder. */
  readonly write: (folder: string) => void;
  readonly env: Readonly<Record<string, string>>;
}

/** A valid configuration with a canary in every secret field, by every way that a value can come. */
export function createBase(canaries: Canaries): Base {
  const { make, add } = canaries;
  // 32 characters, so that they are a key.
  const key = add("key", make("key-bytes").slice(-32));
  const special = add("special", `kanarie "${make("special-part")}" \\ \t é`);
  const yaml = `# ${make("comment")}
groups_config_enable: true
groups_config:
  items: [{name: lezers, permissions: [taken.view_externetaak]}]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - {username: beheerder, password: ${JSON.stringify(special)}, groups: [lezers]} # ${make("line-comment")}
    - username: uit-variabele
      password: {value_from: {env: PASSWORD_VARIABLE}}
oidc_db_config_enable: true
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
    - identifier: admin-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: admin
      oidc_rp_client_secret: ${make("client-secret")}
      oidc_rp_sign_algo: HS256
      oidc_rp_idp_sign_key: ${make("sign-key")}
      options: &options {user_settings: {claim_mappings: {username: [sub]}}}
    - identifier: api-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: api
      oidc_rp_client_secret: {value_from: {file: client-secret}}
      options: *options
tokenauth_config_enable: true
tokenauth:
  items:
    - {identifier: in-bestand, token: ${make("token")}, contact_person: A, email: a@example.nl, user: beheerder}
    - {identifier: uit-variabele-token, token: {value_from: {env: TOKEN_VARIABLE}}, contact_person: A, email: a@example.nl}
    - {identifier: uit-bestand, token: {value_from: {file: token}}, contact_person: A, email: a@example.nl}
    - identifier: standaard
      token: {value_from: {env: UNSET_VARIABLE, default: ${make("default")}}}
      contact_person: A
      email: a@example.nl
      grace_period: 1h
`;
  const secretFiles = { "client-secret": `${make("file-client-secret")}\n`, token: `${make("file-token")}\n` };
  return {
    write: (folder) => {
      writeFiles(folder, { "base.yaml": yaml, ...secretFiles });
      for (const name of Object.keys(secretFiles)) chmodSync(join(folder, name), 0o600);
    },
    env: {
      VTB_SETUP_KEY: add("key-base64", Buffer.from(key).toString("base64")),
      PASSWORD_VARIABLE: make("env-password"),
      TOKEN_VARIABLE: make("env-token"),
      UNUSED_VARIABLE: make("env-unused"),
    },
  };
}
