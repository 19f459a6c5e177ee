import { settingFields } from "./step-provider.js";

/**
 * How to write a client and its provider as two entries, where the fields of both stand directly under the namespace, as
 * `mozilla-django-oidc-db` had them until 2024.
 */
export function explainFlat(names: readonly string[]): string {
  const endpoints = names.filter((name) => isEndpoint(name));
  const atProvider = names.filter((name) => isOfProvider(name) && !isEndpoint(name));
  const atClient = names.filter((name) => !isOfProvider(name));
  const provider = [
    ...(endpoints.length === 0 ? [] : [`\`endpoint_config:\` with ${quoted(endpoints)} in it`]),
    ...(atProvider.length === 0 ? [] : [quoted(atProvider)]),
  ];
  return [
    "write `items:` with one entry that begins with `- identifier: admin-oidc`, and in it",
    `\`oidc_provider_identifier: NAME\`${atClient.length === 0 ? "" : ` and ${quoted(atClient)}`};`,
    "and `providers:` with one entry that begins with `- identifier: NAME`, and in it",
    provider.join(" and ") || "the provider's `endpoint_config`",
  ].join(" ");
}

function isEndpoint(name: string): boolean {
  return /^oidc_op_\w+_endpoint$/.test(name);
}

function isOfProvider(name: string): boolean {
  const isSetting = Object.hasOwn(settingFields, name) || name === "oidc_use_pkce";
  return isSetting || name === "endpoint_config" || name.startsWith("oidc_op_");
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}
