import type { SecretDestination } from "../../operations/change-entries.js";
import type { ProviderEndpoint, StoredProvider } from "../../operations/read-openid.js";
import { type FormFields, formFields } from "../form.js";
import { linesOf } from "./lines.js";

/** The fields of the endpoints, named as in a file. */
export const endpointFields = {
  oidc_op_discovery_endpoint: "discovery_endpoint",
  oidc_op_authorization_endpoint: "authorization_endpoint",
  oidc_op_token_endpoint: "token_endpoint",
  oidc_op_user_endpoint: "userinfo_endpoint",
  oidc_op_jwks_endpoint: "jwks_endpoint",
  oidc_op_logout_endpoint: "logout_endpoint",
  oidc_op_introspection_endpoint: "introspection_endpoint",
} as const satisfies Readonly<Record<string, ProviderEndpoint>>;

export type EndpointField = keyof typeof endpointFields;

export const endpointFieldNames = Object.keys(endpointFields) as readonly EndpointField[];

/** The fields of a form whose change sends the secrets of its clients elsewhere. */
const destinationFields = {
  issuer: "oidc_op_issuer",
  discovery_endpoint: "oidc_op_discovery_endpoint",
  token_endpoint: "oidc_op_token_endpoint",
  introspection_endpoint: "oidc_op_introspection_endpoint",
  token_use_basic_auth: "oidc_token_use_basic_auth",
} as const satisfies Readonly<Record<SecretDestination, string>>;

/** What the form of a new provider holds at first: the defaults of files. */
export const newProviderValues: FormFields = formFields({
  oidc_use_pkce: "yes",
  oidc_use_nonce: "yes",
  oidc_nonce_size: "32",
  oidc_state_size: "32",
});

/** The fields of the form that shows a stored provider. */
export function providerValues(stored: StoredProvider): FormFields {
  return formFields({
    identifier: stored.identifier,
    ...Object.fromEntries(endpointFieldNames.map((name) => [name, stored.endpoints[endpointFields[name]] ?? ""])),
    oidc_op_issuer: stored.issuer ?? "",
    oidc_op_former_issuers: stored.formerIssuers.join("\n"),
    oidc_op_ca_file: stored.caFile ?? "",
    oidc_nonce_size: String(stored.nonceSize),
    oidc_state_size: String(stored.stateSize),
    ...flag("oidc_use_pkce", stored.usesPkce),
    ...flag("oidc_use_nonce", stored.usesNonce),
    ...flag("oidc_token_use_basic_auth", stored.usesBasicAuth),
  });
}

/**
 * The entry that a file would have for what was typed. With another discovery endpoint, what was left as it is stored is not
 * written, so that it comes from the new document.
 */
export function providerEntry(form: FormFields, identifier: string, stored: StoredProvider | undefined): object {
  const before = stored && providerValues(stored);
  const moved = before !== undefined && isMoved(form, before);
  const typed = (name: string): string | undefined => {
    const text = form.text(name);
    return text === "" || (moved && text === before.text(name)) ? undefined : text;
  };
  const endpoints = endpointFieldNames.map((name) => {
    const text = name === "oidc_op_discovery_endpoint" ? form.text(name) || undefined : typed(name);
    return [name, text] as const;
  });
  return withoutUndefined({
    identifier,
    endpoint_config: withoutUndefined(Object.fromEntries(endpoints)),
    oidc_op_issuer: typed("oidc_op_issuer"),
    oidc_op_former_issuers: linesOf(form.written("oidc_op_former_issuers")),
    oidc_op_ca_file: form.text("oidc_op_ca_file") || undefined,
    oidc_use_pkce: form.isChecked("oidc_use_pkce"),
    oidc_use_nonce: form.isChecked("oidc_use_nonce"),
    oidc_token_use_basic_auth: form.isChecked("oidc_token_use_basic_auth"),
    oidc_nonce_size: form.text("oidc_nonce_size") || undefined,
    oidc_state_size: form.text("oidc_state_size") || undefined,
  });
}

/** Another provider is discovered than before. */
function isMoved(form: FormFields, before: FormFields): boolean {
  const discovery = form.text("oidc_op_discovery_endpoint");
  return discovery !== "" && discovery !== before.text("oidc_op_discovery_endpoint");
}

/** Whether the secrets of its clients would be sent elsewhere, or in another way, than they were given for. */
export function changesDestination(form: FormFields, stored: StoredProvider): boolean {
  const before = providerValues(stored);
  return Object.values(destinationFields).some((name) => form.text(name) !== before.text(name));
}

/** A field that is a box. */
export function flag(name: string, isOn: boolean): Readonly<Record<string, string>> {
  return isOn ? { [name]: "yes" } : {};
}

export function withoutUndefined(entry: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}
