import type { ExampleValue } from "../config/example.js";

/** What a common set-up needs of a configuration file. */
export interface Preset {
  /** The first sentence of the file's comment. */
  readonly purpose: string;
  /** By their namespaces. */
  readonly parts: Readonly<Record<string, ExampleValue>>;
}

/** The login of administrators and the API have separate clients. */
const clientSecret = (client: string) => ({ value_from: { env: `${client}_CLIENT_SECRET` } });

const permissions = ["taken.view_externetaak", "taken.add_externetaak", "taken.change_externetaak"];

const userGroup = (note: string): ExampleValue => ({
  items: [{ name: { note, value: "vtb-behandelaars" }, permissions }],
});

const namedClaims = { username: ["preferred_username"], email: ["email"] };
const personClaims = { first_name: ["given_name"], last_name: ["family_name"] };

const groupsOf = (claim: ExampleValue, isLogin: boolean) => ({
  claim_mapping: claim,
  sync: false,
  sync_pattern: "vtb-*",
  default_groups: [],
  make_users_staff: isLogin
    ? {
        note: "Everybody who signs in may open the administration pages; their groups decide what they may do there.",
        value: true,
      }
    : false,
  superuser_group_names: isLogin ? ["vtb-beheerders"] : [],
});

const openVtb: Preset = {
  purpose:
    "Open VTB: administrators sign in with OpenID Connect, and applications call the APIs with API tokens or with access tokens of the provider.",
  parts: {
    groups_config: userGroup("Named as the group at the provider: its people get these permissions."),
    default_user_configuration_config: {
      users: [
        {
          username: { note: "The first administrator.", value: "<your username at the provider>" },
          email: "<your e-mail address>",
          is_staff: true,
          is_superuser: true,
          sign_in: {
            provider: "openid-provider",
            subject: { note: "Safer, once you know it.", value: "<your `sub` at the provider>", isOff: true },
          },
        },
      ],
    },
    oidc_db_config_admin_auth: {
      providers: [
        {
          identifier: "openid-provider",
          endpoint_config: {
            oidc_op_discovery_endpoint: {
              note: "Such as https://login.gemeente.nl/realms/gemeente/ of Keycloak. What it says is fetched by `plan` and `apply`.",
              value: "https://<host of the provider>/<path>/",
            },
          },
        },
      ],
      items: [
        {
          identifier: { note: "This one signs administrators in.", value: "admin-oidc" },
          oidc_provider_identifier: "openid-provider",
          oidc_rp_client_id: "<client id of the login>",
          oidc_rp_client_secret: clientSecret("ADMIN_OIDC"),
          oidc_rp_scopes_list: ["openid", "email", "profile"],
          userinfo_claims_source: "id_token",
          options: {
            user_settings: { claim_mappings: { ...namedClaims, ...personClaims } },
            groups_settings: groupsOf(["groups"], true),
          },
        },
        {
          identifier: { note: "This one guards the APIs.", value: "api-oidc" },
          oidc_provider_identifier: "openid-provider",
          oidc_rp_client_id: "<client id of the APIs>",
          oidc_rp_client_secret: clientSecret("API_OIDC"),
          userinfo_claims_source: "id_token",
          options: {
            user_settings: { claim_mappings: namedClaims },
            groups_settings: groupsOf(["groups"], false),
          },
        },
      ],
    },
    tokenauth: {
      items: [
        {
          identifier: { note: "One for each application that calls the APIs.", value: "open-formulieren" },
          token: {
            note: "`vtb-setup apply` shows the generated value once, or writes it to a file with --tokens-out. An application that has a value already keeps it with {value_from: {env: NAME}}.",
            value: { generate: true },
          },
          contact_person: "<name of the contact person>",
          email: "<e-mail address of the contact person>",
          application: "Open Formulieren",
          permissions: ["taken.view_externetaak", "taken.add_externetaak"],
          expires_at: { note: "", value: "2099-12-31T23:59:59+01:00", isOff: true },
        },
      ],
    },
  },
};

const keycloak: Preset = {
  purpose:
    "Keycloak: people sign in to the administration pages, and programs and people call an API with Keycloak's access tokens. docs/providers.md has the clients and mappers to make in Keycloak.",
  parts: {
    groups_config: userGroup("Named as the group in Keycloak: its people get these permissions."),
    default_user_configuration_config: {
      users: [
        {
          username: {
            note: "The service account of a program that calls the API in its own name: `service-account-` and the program's client id, in small letters.",
            value: "<service account's name>",
          },
          groups: ["vtb-behandelaars"],
        },
      ],
    },
    oidc_db_config_admin_auth: {
      providers: [
        {
          identifier: "keycloak",
          endpoint_config: {
            oidc_op_discovery_endpoint: {
              note: "Keycloak before 17 has /auth before /realms.",
              value: "https://<host of Keycloak>/realms/<realm>/",
            },
          },
        },
      ],
      items: [
        {
          identifier: { note: "This one signs people in.", value: "admin-oidc" },
          oidc_provider_identifier: "keycloak",
          oidc_rp_client_id: "<client id of the login>",
          oidc_rp_client_secret: clientSecret("ADMIN_OIDC"),
          oidc_rp_scopes_list: ["openid", "email", "profile"],
          userinfo_claims_source: "id_token",
          options: {
            user_settings: { claim_mappings: { ...namedClaims, ...personClaims } },
            groups_settings: groupsOf(
              {
                note: "With a mapper Group Membership whose Full group path is off. For the realm's roles, write [realm_access, roles], and let Keycloak add them to the ID token.",
                value: ["groups"],
              },
              true,
            ),
          },
        },
        {
          identifier: { note: "This one guards the API.", value: "api-oidc" },
          oidc_provider_identifier: "keycloak",
          oidc_rp_client_id: "<client id of the API>",
          oidc_rp_client_secret: clientSecret("API_OIDC"),
          oidc_audience: {
            note: "The callers' clients need a mapper Audience with this one. Never write `account`, which the tokens of nearly every client have.",
            value: ["<client id of the API>"],
          },
          userinfo_claims_source: "id_token",
          options: {
            user_settings: { claim_mappings: namedClaims },
            groups_settings: groupsOf(["groups"], false),
          },
        },
      ],
    },
  },
};

const entra: Preset = {
  purpose:
    "Microsoft Entra ID: people sign in to the administration pages, and programs and people call an API with Entra's access tokens. docs/providers.md has what to set in the app registration.",
  parts: {
    groups_config: userGroup(
      "Named as the value of an app role: people and programs that have it get these permissions.",
    ),
    default_user_configuration_config: {
      users: [
        {
          username: {
            note: "A program that calls the API in its own name; its tokens need the optional claim `idtyp`.",
            value: "<object id of the program's service principal>",
          },
          groups: ["vtb-behandelaars"],
        },
      ],
    },
    oidc_db_config_admin_auth: {
      providers: [
        {
          identifier: "entra",
          endpoint_config: {
            oidc_op_discovery_endpoint: {
              note: "The tenant's own id, never `common` or `organizations`: tokens of any organization have those.",
              value: "https://login.microsoftonline.com/<tenant id>/v2.0",
            },
          },
        },
      ],
      items: [
        {
          identifier: { note: "This one signs people in.", value: "admin-oidc" },
          oidc_provider_identifier: "entra",
          oidc_rp_client_id: {
            note: "One app registration for both clients: a person has another `sub` for each.",
            value: "<application (client) id>",
          },
          oidc_rp_client_secret: clientSecret("ENTRA"),
          oidc_rp_scopes_list: ["openid", "email", "profile"],
          userinfo_claims_source: {
            note: "Entra's userinfo endpoint has few claims.",
            value: "id_token",
          },
          options: {
            user_settings: {
              claim_mappings: {
                username: {
                  note: "The object id, which never changes. [preferred_username] reads better, and changes when a person is renamed.",
                  value: ["oid"],
                },
                email: {
                  note: "Optional claims, to be added under Token configuration.",
                  value: ["email"],
                },
                ...personClaims,
              },
            },
            groups_settings: {
              ...groupsOf(
                {
                  note: "App roles. With [groups], groups come as object ids, and not at all for a person with more than 200 of them.",
                  value: ["roles"],
                },
                true,
              ),
              on_overage: "refuse",
            },
          },
        },
        {
          identifier: { note: "This one guards the API.", value: "api-oidc" },
          oidc_provider_identifier: "entra",
          oidc_rp_client_id: "<application (client) id>",
          oidc_rp_client_secret: clientSecret("ENTRA"),
          oidc_audience: {
            note: "With requestedAccessTokenVersion 2 in the manifest, which the issuer above needs.",
            value: ["<application (client) id>"],
          },
          userinfo_claims_source: "id_token",
          options: {
            user_settings: { claim_mappings: { username: ["oid"] } },
            groups_settings: { ...groupsOf(["roles"], false), on_overage: "refuse" },
          },
        },
      ],
    },
  },
};

/** By what `vtb-setup example --for` calls them. */
export const presets = { "open-vtb": openVtb, keycloak, entra };
