/** A file of one provider, with these lines under its `endpoint_config`, and the two known clients. */
export function oidcYaml(endpoints: Readonly<Record<string, string>>, more: readonly string[] = []): string {
  const clients = ["admin-oidc", "api-oidc"].flatMap((identifier) => [
    `    - identifier: ${identifier}`,
    "      oidc_provider_identifier: keycloak",
    `      oidc_rp_client_id: ${identifier}`,
    "      oidc_rp_client_secret: only-for-trying-this-out",
  ]);
  return [
    "oidc_db_config_enable: true",
    "oidc_db_config_admin_auth:",
    "  providers:",
    "    - identifier: keycloak",
    ...more.map((line) => `      ${line}`),
    "      endpoint_config:",
    ...Object.entries(endpoints).map(([name, url]) => `        ${name}: ${url}`),
    "  items:",
    ...clients,
    "",
  ].join("\n");
}

/** Only the discovery endpoint, as most operators write it. */
export function discoveredYaml(discoveryEndpoint: string, more: readonly string[] = []): string {
  return oidcYaml({ oidc_op_discovery_endpoint: discoveryEndpoint }, more);
}
