import { describe, expect, it } from "vitest";
import { Secret } from "../../src/secrets/secret.js";
import { digestToken } from "../../src/secrets/token.js";
import { tokenA, tokenItem, tokens, users, workplace } from "./outcome.js";

const fortyDigits = "1234567890123456789012345678901234567890";
const asWritten = ["1234e5678", fortyDigits, "0123", "0x1F", "12:30:45", "2024-01-01", "1_000"];
const alsoText = ["0o17", "0b11", "+1", "1.0", ".5", "1e3", ".inf", ".NaN", "0.10", "2001-12-14t21:59:43.10-05:00"];

describe("an unquoted token", () => {
  it("is stored as it is written, whatever type YAML would give it", async () => {
    const values = [...asWritten, ...alsoText];
    const place = workplace();
    const run = await place.apply(tokens(...values.map((value, index) => tokenItem(`token-${index}`, value))));
    expect(run.status).toBe(0);
    const { kysely } = await place.open();
    const rows = await kysely.selectFrom("api_tokens").select(["identifier", "digest"]).execute();
    const stored = new Map(rows.map(({ identifier, digest }) => [identifier, digest]));
    for (const [index, value] of values.entries()) {
      expect(stored.get(`token-${index}`), value).toBe(digestToken(new Secret(value)));
    }
  });

  it.each(asWritten)("%s is the same as the quoted one: writing quotes changes nothing", async (value) => {
    const place = workplace();
    await place.apply(tokens(tokenItem("a", value)));
    expect((await place.apply(tokens(tokenItem("a", `"${value}"`)))).json.outcome).toBe("unchanged");
    expect((await place.apply(tokens(tokenItem("a", `"${value}0"`)))).json.outcome).toBe("applied");
  });

  it.each(["yes", "True", "off", "NULL_"])("%s is text, as written", async (value) => {
    const place = workplace();
    expect((await place.apply(tokens(tokenItem("a", value)))).status).toBe(0);
    const row = await (await place.open()).kysely.selectFrom("api_tokens").select("digest").executeTakeFirstOrThrow();
    expect(row.digest).toBe(digestToken(new Secret(value)));
  });

  it.each(["~", "null", "Null", "NULL", ""])(
    "%j is nothing, which is an error that says how to write text",
    async (value) => {
      const place = workplace();
      const yaml = tokens(tokenItem("a", tokenA)).replace(tokenA, value);
      const run = await place.apply(yaml);
      expect(run.status).toBe(3);
      expect(run.diagnostics).toEqual([expect.stringMatching(/^error WRONG_TYPE 4:\d+$/)]);
      expect(run.json.diagnostics[0]).toMatchObject({
        path: "tokenauth.items.0.token",
        message: expect.stringContaining("expected text"),
        hint: expect.stringContaining("the value is missing"),
      });
      expect(await place.hasDatabase()).toBe(false);
    },
  );
});

describe("an unquoted yes, ~ or empty value", () => {
  const client = (field: string) => `
oidc_db_config_enable: yes
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      oidc_op_issuer: https://login.example.nl
      endpoint_config:
        oidc_op_authorization_endpoint: https://login.example.nl/auth
        oidc_op_token_endpoint: https://login.example.nl/token
        oidc_op_user_endpoint: https://login.example.nl/me
        oidc_op_jwks_endpoint: https://login.example.nl/jwks
  items:
    - identifier: admin-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: x
      oidc_rp_client_secret: Vq3xH8sLr2Zt
      ${field}
`;

  it.each([
    ["text", "yes", "oidc_keycloak_idp_hint: yes", { idp_hint: "yes" }],
    ["text", "number", "oidc_keycloak_idp_hint: 010", { idp_hint: "010" }],
    ["boolean", "yes", "enabled: yes", { enabled: 1 }],
    ["boolean", "quoted no", 'enabled: "no"', { enabled: 0 }],
    ["boolean", "off", "check_op_availability: Off", { check_op_availability: 0 }],
    [
      "list of texts",
      "yes and 0x10 in it",
      "oidc_rp_scopes_list: [openid, yes, 0x10]",
      { scopes: '["openid","yes","0x10"]' },
    ],
  ])("in a %s field: %s is accepted", async (_type, _what, field, row) => {
    const place = workplace();
    const run = await place.apply(client(field));
    expect(run.diagnostics.filter((problem) => problem.startsWith("error"))).toEqual([]);
    expect(
      await (await place.open()).kysely.selectFrom("oidc_clients").selectAll().executeTakeFirstOrThrow(),
    ).toMatchObject(row);
  });

  it.each([
    ["text", "~", "oidc_keycloak_idp_hint: ~", "WRONG_TYPE 17:31", "expected text"],
    ["text", "nothing", "oidc_keycloak_idp_hint:", "WRONG_TYPE 17:30", "expected text"],
    ["boolean", "~", "enabled: ~", "WRONG_TYPE 17:16", "expected true or false"],
    ["boolean", "nothing", "enabled:", "WRONG_TYPE 17:15", "expected true or false"],
    ["boolean", "a quoted empty text", 'enabled: ""', "WRONG_TYPE 17:16", "expected true or false"],
    ["list", "yes", "oidc_rp_scopes_list: yes", "WRONG_TYPE 17:28", "expected a list"],
    ["list", "~", "oidc_rp_scopes_list: ~", "WRONG_TYPE 17:28", "expected a list"],
    ["list", "nothing", "oidc_rp_scopes_list:", "WRONG_TYPE 17:27", "expected a list"],
    ["mapping", "yes", "options: yes", "WRONG_TYPE 17:16", "expected a mapping"],
    ["mapping", "nothing", "options:", "WRONG_TYPE 17:15", "expected a mapping"],
    [
      "choice",
      "yes",
      "userinfo_claims_source: yes",
      "INVALID_VALUE 17:31",
      "expected one of userinfo_endpoint, id_token",
    ],
    ["choice", "~", "userinfo_claims_source: ~", "WRONG_TYPE 17:31", "expected one of userinfo_endpoint, id_token"],
  ])("in a %s field: %s is an error that says what is expected", async (_type, _what, field, where, expected) => {
    const place = workplace();
    const run = await place.apply(client(field));
    expect(run.status).toBe(3);
    expect(run.diagnostics.filter((problem) => problem.startsWith("error"))).toEqual([`error ${where}`]);
    expect(run.json.diagnostics.find(({ severity }) => severity === "error")?.message).toContain(expected);
    expect(await place.hasDatabase()).toBe(false);
  });

  it("in a number's field: YAML 1.1's and pydantic's integers are accepted, and nothing else", async () => {
    const place = workplace();
    const sized = (value: string) =>
      client("enabled: true").replace("oidc_op_issuer:", `oidc_nonce_size: ${value}\n      oidc_op_issuer:`);
    const stored = async () =>
      (await place.open()).kysely.selectFrom("oidc_providers").select("nonce_size").executeTakeFirst();
    for (const [written, size] of [
      ["48", 48],
      ['"48"', 48],
      ["060", 48],
      ["0x30", 48],
      ["6_4", 64],
      ["64.0", 64],
    ] as const) {
      expect((await place.apply(sized(written))).status).toBe(0);
      expect(await stored(), written).toEqual({ nonce_size: size });
    }
    for (const written of ["~", "", "48.5", "1e2", "many", fortyDigits]) {
      const run = await place.apply(sized(written));
      expect(run.status, written).toBe(3);
      expect(
        run.diagnostics.filter((problem) => problem.startsWith("error")),
        written,
      ).toHaveLength(1);
    }
  });

  it("for a field that may be left out is an error: leave the field out instead", async () => {
    const run = await workplace().apply(users("username: anna, first_name: ~"));
    expect(run.diagnostics).toEqual(["error WRONG_TYPE 4:36"]);
    expect((await workplace().apply(users("username: anna, first_name: ''"))).status).toBe(0);
  });

  // django-setup-configuration rejects `False` in a text field; here it is stored as written.
  it("A3.20 in a text field False is the text False", async () => {
    const place = workplace();
    await place.apply(tokens(tokenItem("a", tokenA, "organization: False")));
    const row = await (await place.open()).kysely.selectFrom("api_tokens").select("organization").executeTakeFirst();
    expect(row).toEqual({ organization: "False" });
  });
});
