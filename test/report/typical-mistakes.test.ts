import { expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";

/** What people get wrong, as the file that they write, or the command and the file. */
const mistakes: Readonly<Record<string, string | readonly [command: readonly string[], yaml: string]>> = {
  "a file without content": "",
  "a file that enables nothing": "tokenauth:\n  items: []\n",
  "a list where a mapping belongs": "- tokenauth_config_enable: true\n",
  "a tab before a key": "groups_config_enable: true\n\tgroups_config: {}\n",
  "a quote that is not closed": 'groups_config_enable: "true\n',
  "a bracket that is not closed": "groups_config_enable: true\ngroups_config: {items: [\n",
  "a misspelt flag": "tokenauth_config_enalbe: true\n",
  "a root key of nobody": "token_settings: 1\ngroups_config_enable: true\ngroups_config: {items: []}\n",
  "a flag that is no boolean": "groups_config_enable: maybe\ngroups_config: {items: []}\n",
  "a flag without its namespace": "groups_config_enable: true\n",
  "a namespace without its list": "groups_config_enable: true\ngroups_config: {}\n",
  "a missing dash": groups("name: readers"),
  "a list where `items` belongs": "groups_config_enable: true\ngroups_config:\n  - name: readers\n",
  "a misspelt field": groups("- nmae: readers"),
  "an empty name": groups('- name: ""'),
  "a text where a list belongs": groups("- name: readers\n      permissions: taken.view_taak"),
  "a permission without a dot": groups("- name: readers\n      permissions: [taken]"),
  "the same key twice": groups("- name: readers\n      name: writers"),
  "the same group twice": groups("- name: readers\n    - name: readers"),
  "a user without a name": users("- email: jan@example.nl"),
  "an address that is none": users("- username: jan\n      email: jan"),
  "a group that nobody declares": `${groups("- name: readers")}${users("- username: jan\n      groups: [reader]")}`,
  "a password that is an example": users("- username: jan\n      password: changeme"),
  "a state that there is not": users("- username: jan\n      state: gone"),
  "a variable that is not set": tokens("{value_from: {env: PORTAL_TOKEN}}"),
  "a secret file that is not there": tokens("{value_from: {file: /run/secrets/not-there}}"),
  "a misspelt value_from": tokens("{valuefrom: {env: PORTAL_TOKEN}}"),
  "value_from inside of a text": tokens('"value_from: {env: PORTAL_TOKEN}"'),
  "a placeholder that a template left": tokens("{{ portal_token }}"),
  "a variable of a shell": tokens("$PORTAL_TOKEN"),
  "a token with a blank": tokens('"two words"'),
  "a short token": tokens("short-token-12345"),
  "a time without an offset": tokens(`${"a1B2".repeat(10)}\n      expires_at: 2026-12-01 10:00`),
  "an option that is none": [["validate", "config.yaml", "--stict"], groups("- name: readers")],
  "a command that is none": [["aply", "config.yaml"], groups("- name: readers")],
  "a file that is not there": [["apply", "confg.yaml"], groups("- name: readers")],
  "a folder of the database that is not there": [
    ["apply", "config.yaml", "--database", "sqlite:./no/auth.db"],
    groups("- name: readers"),
  ],
  "a database of no kind": [
    ["apply", "config.yaml", "--database", "mysql://localhost/auth"],
    groups("- name: readers"),
  ],
  "a duration without a unit": [["apply", "config.yaml", "--wait", "30"], groups("- name: readers")],
  "a client of a provider that nobody declares": oidc("oidc_provider_identifier: keycloack"),
  "a URL without https://": oidc("oidc_provider_identifier: keycloak", "keycloak.example.nl"),
  "options with a misspelt part": oidc(
    "oidc_provider_identifier: keycloak\n      options: {group_settings: {sync: true}}",
  ),
};

it("shows typical mistakes as people see them", async () => {
  expect(Object.keys(mistakes).length).toBeGreaterThanOrEqual(40);
  let seen =
    "What the command prints for typical mistakes. `npx vitest run --project sqlite -u` with the test beside it writes it anew.\n";
  for (const [title, mistake] of Object.entries(mistakes)) {
    const [args, yaml] = typeof mistake === "string" ? [["validate", "config.yaml"], mistake] : mistake;
    const cwd = temporaryFolder();
    writeFiles(cwd, { "config.yaml": yaml });
    const { status, stdout, stderr } = await runCli(args, { cwd, env: { VTB_SETUP_DATABASE: "" } });
    expect(stdout, title).toBe(status === 0 ? stdout : "");
    seen += `\n## ${title}: exit ${status}\n\n${`${stdout}${stderr}`.replaceAll(cwd, "FOLDER").trimEnd()}\n`;
  }
  await expect(seen).toMatchFileSnapshot("typical-mistakes.md");
});

function groups(items: string): string {
  return `groups_config_enable: true\ngroups_config:\n  items:\n    ${items}\n`;
}

function users(entries: string): string {
  return `default_user_configuration_enable: true\ndefault_user_configuration_config:\n  users:\n    ${entries}\n`;
}

function tokens(token: string): string {
  const entry = "- identifier: portal\n      contact_person: Beheer\n      email: beheer@example.nl";
  return `tokenauth_config_enable: true\ntokenauth:\n  items:\n    ${entry}\n      token: ${token}\n`;
}

function oidc(client: string, url = "https://keycloak.example.nl/realms/vtb/"): string {
  return `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      endpoint_config: {oidc_op_discovery_endpoint: "${url}"}
  items:
    - identifier: admin-oidc
      oidc_rp_client_id: vtb
      oidc_rp_client_secret: ${"0f".repeat(20)}
      ${client}
`;
}
