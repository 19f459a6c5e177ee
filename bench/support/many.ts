import { createHash, randomUUID } from "node:crypto";
import { apiTokenAt } from "./world.js";

const rights = ["vtb_setup.change_tokens", "vtb_setup.change_users"];

/** What a file says of many users and tokens. The first user is a superuser, the second staff with rights at the admin pages. */
export function manyEntries(userCount: number, tokenCount: number): object {
  const groups = Array.from({ length: 20 }, (_, index) => ({
    name: `groep-${index}`,
    permissions: [`taken.view_taak${index}`, `taken.add_taak${index}`],
  }));
  const users = Array.from({ length: userCount }, (_, index) => ({
    username: `user-${index}`,
    email: `user-${index}@gemeente.example`,
    groups: [`groep-${index % 20}`, `groep-${(index + 7) % 20}`],
    permissions: ["berichten.view_bericht", ...(index === 1 ? rights : [])],
    is_superuser: index === 0,
    is_staff: index === 1,
  }));
  const items = Array.from({ length: tokenCount }, (_, index) => ({
    identifier: `application-${index}`,
    token: { sha256: createHash("sha256").update(apiTokenAt(index)).digest("hex") },
    contact_person: "Functioneel beheer",
    email: "beheer@gemeente.example",
    ...(index % 2 === 0
      ? { permissions: ["taken.view_externetaak", "taken.add_externetaak"] }
      : { user: `user-${index % userCount}`, permissions: ["berichten.view_bericht"] }),
  }));
  return {
    groups_config_enable: true,
    groups_config: { items: groups },
    default_user_configuration_enable: true,
    default_user_configuration_config: { users },
    tokenauth_config_enable: true,
    tokenauth: { items },
    oidc_db_config_enable: true,
    oidc_db_config_admin_auth: {
      providers: [
        {
          identifier: "keycloak",
          oidc_op_issuer: "https://idp.example",
          endpoint_config: {
            oidc_op_authorization_endpoint: "https://idp.example/auth",
            oidc_op_token_endpoint: "https://idp.example/token",
            oidc_op_user_endpoint: "https://idp.example/userinfo",
            oidc_op_jwks_endpoint: "https://idp.example/jwks",
          },
        },
      ],
      items: [
        {
          identifier: "admin-oidc",
          oidc_provider_identifier: "keycloak",
          oidc_rp_client_id: "admin",
          oidc_rp_client_secret: randomUUID(),
          oidc_rp_sign_algo: "RS256",
          options: {
            user_settings: { claim_mappings: { username: ["sub"] } },
            groups_settings: { claim_mapping: ["groups"], superuser_group_names: ["groep-0"] },
          },
        },
      ],
    },
  };
}
