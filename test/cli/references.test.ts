import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { keycloakProvider } from "../support/config-text.js";
import { tokenItem, tokens, users, workplace } from "./outcome.js";

const groups =
  "groups_config_enable: true\ngroups_config: {items: [{name: behandelaars}, {name: app-1}, {name: weg, state: absent}]}\n";
const client = (provider: string) => `${keycloakProvider}    - identifier: api-oidc
      oidc_provider_identifier: ${provider}
      oidc_rp_client_id: a
      oidc_rp_client_secret: b8f1c2d3e4
      options: {user_settings: {claim_mappings: {username: [sub]}}, groups_settings: {claim_mapping: [groups], sync: true, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}}
`;
const file = {
  group: (name: string) => groups + users(`username: jan, groups: [behandelaars, ${name}]`),
  signIn: (name: string) => client("keycloak") + users(`username: jan, sign_in: {provider: ${name}}`),
  provider: client,
  user: (name: string) =>
    users("username: beheerder") + tokens(tokenItem("a", `${"a".repeat(16)}B7c9xKq2mZr4tVw8`, `user: ${name}`)),
};

/** Line and column of a word's last occurrence. */
function lastOf(yaml: string, word: string): string {
  const before = yaml.slice(0, yaml.lastIndexOf(word)).split("\n");
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

describe("a reference", () => {
  it.each([
    { of: "a user to a group", yaml: file.group("behandelars"), name: "behandelars", meant: "behandelaars" },
    {
      of: "a user to a group in another case",
      yaml: file.group("Behandelaars"),
      name: "Behandelaars",
      meant: "behandelaars",
    },
    { of: "a user to a provider", yaml: file.signIn("keycloack"), name: "keycloack", meant: "keycloak" },
    { of: "a client to a provider", yaml: file.provider("keycloack"), name: "keycloack", meant: "keycloak" },
    { of: "a token to a user", yaml: file.user("beheerdr"), name: "beheerdr", meant: "beheerder" },
  ])(
    "F32: of $of that is close to a declared one is an error of every command, at the name",
    async ({ yaml, name, meant }) => {
      const place = workplace();
      writeFiles(place.folder, { "config.yaml": yaml });
      for (const command of ["validate", "plan", "apply"]) {
        const run = await place.run([command, "config.yaml"]);
        expect([command, run.status, run.diagnostics]).toEqual([
          command,
          3,
          [`error REFERENCE_NOT_FOUND ${lastOf(yaml, name)}`],
        ]);
        expect(run.json.diagnostics[0]?.hint).toMatch(new RegExp(`(?:did you mean|write) ${meant}`));
      }
      expect(await place.hasDatabase()).toBe(false);
    },
  );

  it.each([
    { of: "far from all declared ones", yaml: file.group("lezers"), name: "lezers" },
    { of: "that differs in a number alone", yaml: file.group("app-2"), name: "app-2" },
    { of: "with a part more", yaml: file.provider("keycloak-b"), name: "keycloak-b" },
  ])("F32: $of may be in the database: a note of validate, with --strict too", async ({ yaml, name }) => {
    const place = workplace();
    writeFiles(place.folder, { "config.yaml": yaml });
    const note = { status: 0, diagnostics: [`note REFERENCE_NOT_FOUND ${lastOf(yaml, name)}`] };
    expect(await place.run(["validate", "config.yaml"])).toMatchObject(note);
    expect(await place.run(["validate", "config.yaml", "--strict"])).toMatchObject(note);
    expect(await place.run(["plan", "config.yaml"])).toMatchObject({
      status: 3,
      diagnostics: [`error REFERENCE_NOT_FOUND ${lastOf(yaml, name)}`],
    });
  });

  it("F32: to what the files delete is an error of validate", async () => {
    const place = workplace();
    const yaml = file.group("weg");
    writeFiles(place.folder, { "config.yaml": yaml });
    const run = await place.run(["validate", "config.yaml"]);
    expect([run.status, run.diagnostics]).toEqual([3, [`error RESOURCE_IN_USE ${lastOf(yaml, "weg")}`]]);
  });

  it("F32: to what another file declares is valid, and one to an entry with an unset variable is not reported", async () => {
    const place = workplace();
    const open = client("keycloak").replace("https://keycloak.example/token", "{value_from: {env: TOKEN_URL}}");
    writeFiles(place.folder, {
      "one.yaml": users("username: jan, groups: [behandelaars]"),
      "two.yaml": groups,
      "open.yaml": open,
    });
    const right = { status: 0, diagnostics: [] };
    expect(await place.run(["validate", "one.yaml", "two.yaml"])).toMatchObject(right);
    expect(await place.run(["validate", "open.yaml", "--no-env"])).toMatchObject(right);
  });
});
