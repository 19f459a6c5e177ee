import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { oidc } from "../../src/resources/oidc/step.js";
import { allEndpoints, fullOptions, withClient } from "./oidc-config.js";
import { attributesOf, complaints, issues } from "./run-step.js";

const providerWith = (fields: object) => ({
  providers: [{ identifier: "keycloak", endpoint_config: allEndpoints, ...fields }],
  items: [],
});
const documented = readFileSync("docs/configuration.md", "utf8").split("\n## Differences in meaning")[1];

describe("F73: what is deliberately different", () => {
  it.each(["Admin-OIDC", "ADMIN-OIDC", "admin_oidc", "adminOidc", "ADMIN-ODIC"])(
    "the identifier %s is an error",
    (identifier) => {
      expect(complaints(oidc, withClient({ identifier }))).toEqual([
        {
          path: "items.0.identifier",
          message: "unknown identifier; did you mean `admin-oidc`?",
        },
      ]);
    },
  );

  it("a custom identifier may have capitals", () => {
    expect(issues(oidc, withClient({ identifier: "Digid-OIDC-Test" }))).toEqual([]);
  });

  it.each([
    ["User_Settings", { User_Settings: {} }, "user_settings"],
    ["GROUPS_SETTINGS", { GROUPS_SETTINGS: {} }, "groups_settings"],
    ["groups_settings.Claim_Mapping", { groups_settings: { Claim_Mapping: ["roles"] } }, "claim_mapping"],
    ["groups_settings.makeUsersStaff", { groups_settings: { makeUsersStaff: true } }, "make_users_staff"],
  ])("the key %s in options is an error", (key, options, meant) => {
    const params = { code: "UNKNOWN_FIELD", hint: `did you mean \`${meant}\`?` };
    expect(issues(oidc, withClient({ options }))).toMatchObject([{ path: `items.0.options.${key}`, params }]);
  });

  it("a nonce or state has at most 512 characters, a pattern 1000", () => {
    for (const field of ["oidc_nonce_size", "oidc_state_size"]) {
      expect(issues(oidc, providerWith({ [field]: 512 }))).toEqual([]);
      expect(issues(oidc, providerWith({ [field]: 513 }))).toMatchObject([{ path: `providers.0.${field}` }]);
    }
    const pattern = (length: number) =>
      withClient({ options: { ...fullOptions, groups_settings: { sync_pattern: "*".repeat(length) } } });
    expect(issues(oidc, pattern(1000))).toEqual([]);
    expect(issues(oidc, pattern(1001))).toMatchObject([{ path: "items.0.options.groups_settings.sync_pattern" }]);
  });

  it.each([
    "HTTPS://Login.Example.nl:443/a/../b",
    "https://login.example.nl",
    "https://münchen.example/{realm}",
    "http://keycloak:8080/",
  ])("the URL %s is kept as it is written", (url) => {
    const endpoint_config = { ...allEndpoints, oidc_op_token_endpoint: ` ${url} ` };
    expect(attributesOf(oidc, providerWith({ endpoint_config }), "oidc_provider").token_endpoint).toBe(url);
  });

  it.each(["ftp://login.example.nl/", "login.example.nl/", "/auth", "https://u:p@login.example.nl/"])(
    "the URL %s is an error",
    (url) => {
      const endpoint_config = { ...allEndpoints, oidc_op_token_endpoint: url };
      const [issue] = issues(oidc, providerWith({ endpoint_config }));
      expect(issue?.path).toBe("providers.0.endpoint_config.oidc_op_token_endpoint");
    },
  );

  it("is documented", () => {
    for (const what of [
      "over 512",
      "over 1,000 characters",
      "a URL that is not in its normal form",
      "in another case, such as",
    ]) {
      expect(documented).toContain(what);
    }
  });
});
