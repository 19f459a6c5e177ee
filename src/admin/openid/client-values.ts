import { isJsonObject, type JsonObject } from "../../oidc/jwt/json-object.js";
import { keptSecret } from "../../operations/change-entries.js";
import type { StoredClient } from "../../operations/read-openid.js";
import { Secret } from "../../secrets/secret.js";
import { type FormFields, formFields } from "../form.js";
import { linesOf, pathOf, pathText } from "./lines.js";
import { flag, withoutUndefined } from "./provider-values.js";

/** The fields of a user that claims can fill, each with its form field. */
const claimFields = {
  claim_username: "username",
  claim_email: "email",
  claim_first_name: "first_name",
  claim_last_name: "last_name",
} as const;

const claimFieldNames = Object.keys(claimFields) as readonly (keyof typeof claimFields)[];

/** What the form of a new client holds at first: the defaults of files. */
export const newClientValues: FormFields = formFields({
  oidc_rp_sign_algo: "RS256",
  oidc_rp_scopes_list: "openid\nemail\nprofile",
  userinfo_claims_source: "userinfo_endpoint",
  oidc_use_pkce: "provider",
  claim_username: "sub",
  claim_email: "email",
  claim_first_name: "given_name",
  claim_last_name: "family_name",
  username_case_sensitive: "yes",
  groups_sync_pattern: "*",
});

type Options = StoredClient["options"];

/** The fields of the form that shows a stored client; its secret and key never are. */
export function clientValues(stored: StoredClient): FormFields {
  const user = mapping(stored.options.user_settings);
  const groups = mapping(stored.options.groups_settings);
  const claims = mapping(user.claim_mappings);
  return formFields({
    identifier: stored.identifier,
    oidc_provider_identifier: stored.provider,
    oidc_rp_client_id: stored.clientId,
    oidc_rp_sign_algo: stored.signAlgorithm,
    oidc_rp_scopes_list: stored.scopes.join("\n"),
    oidc_keycloak_idp_hint: stored.idpHint,
    userinfo_claims_source: stored.userinfoSource,
    oidc_use_pkce: stored.usesPkce === null ? "provider" : stored.usesPkce ? "yes" : "no",
    oidc_audience: stored.audience.join("\n"),
    ...flag("check_op_availability", stored.checksAvailability),
    ...flag("accept_at_hash", stored.acceptsAtHash),
    ...Object.fromEntries(claimFieldNames.map((name) => [name, pathText(texts(claims[claimFields[name]]))])),
    ...flag("username_case_sensitive", user.username_case_sensitive !== false),
    ...flag("allow_unverified_email", user.allow_unverified_email === true),
    groups_claim: pathText(texts(groups.claim_mapping)),
    groups_separator: typeof groups.separator === "string" ? groups.separator : "",
    groups_sync_pattern: typeof groups.sync_pattern === "string" ? groups.sync_pattern : "*",
    default_groups: texts(groups.default_groups).join("\n"),
    superuser_group_names: texts(groups.superuser_group_names).join("\n"),
    ...flag("groups_strip_path", groups.strip_path === true),
    ...flag("groups_keep_on_overage", groups.on_overage === "keep"),
    ...flag("groups_sync", groups.sync === true),
    ...flag("make_users_staff", groups.make_users_staff === true),
  });
}

/** The entry that a file would have for what was typed; a new one is not enabled yet. An empty secret keeps the stored one, unless it is to be removed. */
export function clientEntry(form: FormFields, identifier: string, stored: StoredClient | undefined): object {
  return withoutUndefined({
    identifier,
    enabled: stored?.isEnabled ?? false,
    oidc_provider_identifier: form.text("oidc_provider_identifier"),
    oidc_rp_client_id: form.text("oidc_rp_client_id"),
    oidc_rp_client_secret: secretOf(form, stored),
    oidc_rp_sign_algo: form.text("oidc_rp_sign_algo"),
    oidc_rp_idp_sign_key: signKeyOf(form, stored),
    oidc_rp_scopes_list: linesOf(form.written("oidc_rp_scopes_list")),
    oidc_keycloak_idp_hint: form.text("oidc_keycloak_idp_hint"),
    userinfo_claims_source: form.text("userinfo_claims_source"),
    check_op_availability: form.isChecked("check_op_availability"),
    oidc_use_pkce: pkceOf(form),
    oidc_audience: linesOf(form.written("oidc_audience")),
    accept_at_hash: form.isChecked("accept_at_hash"),
    options: optionsOf(form, stored?.options ?? {}),
  });
}

/** Undefined for the provider's setting. */
export function pkceOf(form: FormFields): boolean | undefined {
  const chosen = form.text("oidc_use_pkce");
  return chosen === "yes" || chosen === "no" ? chosen === "yes" : undefined;
}

function secretOf(form: FormFields, stored: StoredClient | undefined): Secret | typeof keptSecret {
  const typed = form.secret("secret");
  if (typed) return typed;
  return stored === undefined || form.isChecked("remove_secret") ? new Secret("") : keptSecret;
}

function signKeyOf(form: FormFields, stored: StoredClient | undefined): Secret | typeof keptSecret | undefined {
  const typed = form.secret("sign_key");
  if (typed) return typed;
  const isKept = stored !== undefined && stored.signKey !== "none" && !form.isChecked("remove_sign_key");
  return isKept ? keptSecret : undefined;
}

/** What the form does not show of the options stays as it is. */
export function optionsOf(form: FormFields, stored: Options): Readonly<Record<string, unknown>> {
  const user = mapping(stored.user_settings);
  const groups = mapping(stored.groups_settings);
  const shown: ReadonlySet<string> = new Set(Object.values(claimFields));
  const others = Object.entries(mapping(user.claim_mappings)).filter(([name]) => !shown.has(name));
  const claims = claimFieldNames.flatMap((name) => {
    const path = pathOf(form.text(name));
    // Without one for the username, nobody could sign in: the entry's own check says so.
    return path.length > 0 || name === "claim_username" ? [[claimFields[name], path] as const] : [];
  });
  return {
    ...stored,
    user_settings: withoutUndefined({
      ...user,
      claim_mappings: Object.fromEntries([...claims, ...others]),
      username_case_sensitive: form.isChecked("username_case_sensitive"),
      allow_unverified_email: unlessOff(form.isChecked("allow_unverified_email"), user.allow_unverified_email),
    }),
    groups_settings: withoutUndefined({
      ...groups,
      claim_mapping: pathOf(form.text("groups_claim")),
      separator: form.written("groups_separator") || undefined,
      strip_path: unlessOff(form.isChecked("groups_strip_path"), groups.strip_path),
      on_overage: form.isChecked("groups_keep_on_overage") ? "keep" : groups.on_overage && "refuse",
      sync: form.isChecked("groups_sync"),
      sync_pattern: form.text("groups_sync_pattern"),
      default_groups: linesOf(form.written("default_groups")),
      make_users_staff: form.isChecked("make_users_staff"),
      superuser_group_names: linesOf(form.written("superuser_group_names")),
    }),
  };
}

/** What is off by default is only written where it was written before. */
function unlessOff(isOn: boolean, stored: unknown): boolean | undefined {
  return isOn || stored !== undefined ? isOn : undefined;
}

export function mapping(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
