import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { keycloakProvider } from "../support/config-text.js";
import { users, workplace } from "./outcome.js";

/** 57 characters, as Entra names the scopes of an application. */
const scope = "api://7d0cbb5f-1c3e-4a0e-9a6f-2f3a1f1f7c11/access_as_user";

const client = (fields: string) =>
  `${keycloakProvider}    - identifier: api-oidc\n      oidc_provider_identifier: keycloak\n${fields}`;
const named = (id: string, secret = "b8f1c2d3e4") =>
  `      oidc_rp_client_id: ${id}\n      oidc_rp_client_secret: ${secret}\n`;
const pattern = (text: string) => `      options: {groups_settings: {sync_pattern: "${text}"}}\n`;
const group = (name: string) => `groups_config_enable: true\ngroups_config:\n  items:\n    - {name: ${name}}\n`;

// Three bytes each in UTF-8, so that an index of PostgreSQL's has the most to hold.
const wide = (length: number) => "字".repeat(length);

describe("values that a provider chooses", () => {
  it.each([
    { what: "a scope of Entra's", yaml: client(`${named("a")}      oidc_rp_scopes_list: [openid, "${scope}"]\n`) },
    { what: "a client id of 2,000 characters", yaml: client(named("a".repeat(2000))) },
    { what: "a client's secret of 8,000", yaml: client(named("a", "b8".repeat(4000))) },
    { what: "an audience of 2,000", yaml: client(`${named("a")}      oidc_audience: [${"a".repeat(2000)}]\n`) },
    { what: "a pattern of 1,000", yaml: client(named("a") + pattern(`${"a".repeat(999)}*`)) },
    {
      what: "an endpoint of 2,000",
      yaml: client(named("a")).replace("keycloak.example/auth", `keycloak.example/${"a".repeat(1975)}`),
    },
    { what: "a group's name of 500", yaml: group(wide(500)) },
    { what: "a username of 255", yaml: users(`username: ${wide(255)}, first_name: ${wide(255)}`) },
  ])("F36: are accepted at full length, and change nothing the second time: $what", async ({ yaml }) => {
    const place = workplace();
    expect((await place.apply(yaml)).status).toBe(0);
    expect((await place.run(["apply", "config.yaml"])).json.outcome).toBe("unchanged");
  });

  it.each([
    { what: "a scope", yaml: client(`${named("a")}      oidc_rp_scopes_list: [openid, ${"s".repeat(2001)}]\n`) },
    { what: "a client id", yaml: client(named("a".repeat(2001))) },
    { what: "a client's secret", yaml: client(named("a", "b8".repeat(4001))) },
    { what: "an audience", yaml: client(`${named("a")}      oidc_audience: [${"a".repeat(2001)}]\n`) },
    { what: "a pattern", yaml: client(named("a") + pattern("a".repeat(1001))) },
    { what: "an issuer", yaml: client(named("a")).replace("realms/a", "a".repeat(2001)) },
    { what: "a group's name", yaml: group(wide(501)) },
    { what: "a username", yaml: users(`username: ${wide(256)}`) },
  ])("F36: are refused where they are absurdly long, with the position: $what", async ({ yaml }) => {
    const place = workplace();
    writeFiles(place.folder, { "config.yaml": yaml });
    const run = await place.run(["apply", "config.yaml"]);
    const errors = run.diagnostics.filter((problem) => problem.startsWith("error "));
    expect([run.status, errors]).toEqual([3, [expect.stringMatching(/^error INVALID_VALUE \d+:\d+$/)]]);
    expect(run.json.diagnostics.find(({ severity }) => severity === "error")?.message).toMatch(/^expected at most \d+/);
    expect(await place.hasDatabase()).toBe(false);
  });
});
