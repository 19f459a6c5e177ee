import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { runCli } from "../support/cli.js";

const file = "schemas/vtb-setup.schema.json";
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true, formats: { "date-time": true } });
const accepts = ajv.compile(JSON.parse(readFileSync(file, "utf8")));

/** As an editor reads a file. */
function read(path: string): unknown {
  return parse(readFileSync(path, "utf8"), { merge: true });
}

const token = (fields: object) => ({
  tokenauth_config_enable: true,
  tokenauth: { items: [{ identifier: "a", token: "x", contact_person: "Jan", email: "a@b.nl", ...fields }] },
});
const oidc = (config: object) => ({ oidc_db_config_enable: true, oidc_db_config_admin_auth: config });
const client = { identifier: "api-oidc", oidc_rp_client_id: "a", oidc_rp_client_secret: "b" };

/** Each file of the corpus that is refused: by the schema at a path, or why a JSON Schema can't. */
const invalid: Readonly<Record<string, { readonly at: string } | { readonly why: string }>> = {
  "oidc-missing-identifier.yaml": { at: "/oidc_db_config_admin_auth/items/0" },
  "token-invalid-email.yaml": { at: "/tokenauth/items/0/email" },
  "token-invalid-identifier.yaml": { at: "/tokenauth/items/0/identifier" },
  "token-invalid-token.yaml": { at: "/tokenauth/items/0/token" },
  "podiumd-openzaak-unparseable.yaml": { why: "is no YAML, so there is nothing to compare with a schema" },
};

describe("schemas/vtb-setup.schema.json", () => {
  it("is what the command prints", async () => {
    const { stdout } = await runCli(["schema"]);
    expect(readFileSync(file, "utf8") === stdout, "run `npm run schemas`").toBe(true);
  });

  it.each(["examples/quickstart.yaml", "examples/full.yaml"])("accepts %s", (path) => {
    expect(accepts(read(path)), JSON.stringify(accepts.errors)).toBe(true);
  });

  const corpus = readdirSync("test/corpus").filter((name) => name.endsWith(".yaml"));
  const isValid = (name: string) => !Object.hasOwn(invalid, name);

  it("knows every invalid file of the corpus", () => {
    expect(Object.keys(invalid).filter((name) => !corpus.includes(name))).toEqual([]);
  });

  it.each(corpus.filter(isValid))("accepts %s, which the program accepts", async (name) => {
    const { status } = await runCli(["validate", "--no-env", `test/corpus/${name}`]);
    expect(status).toBe(0);
    expect(accepts(read(`test/corpus/${name}`)), JSON.stringify(accepts.errors)).toBe(true);
  });

  it.each(corpus.filter((name) => !isValid(name)))("rejects %s where a schema can", async (name) => {
    const { status } = await runCli(["validate", "--no-env", `test/corpus/${name}`]);
    expect(status).toBe(3);
    const expected = invalid[name] ?? { why: "" };
    if ("why" in expected) {
      expect(() => read(`test/corpus/${name}`)).toThrow();
      return;
    }
    expect(accepts(read(`test/corpus/${name}`))).toBe(false);
    expect(accepts.errors?.map(({ instancePath }) => instancePath)).toContain(expected.at);
  });

  it.each([
    ["a token without a contact person", token({ contact_person: undefined }), token({})],
    ["an unknown field", token({ emial: "a" }), token({ application: "a" })],
    ["a token with spaces", token({ token: "a b" }), token({ token: "a-b" })],
    ["a superuser flag beside a user", token({ user: "a", is_superuser: true }), token({ is_superuser: true })],
    ["a state that there is not", token({ state: "gone" }), token({ state: "present" })],
    ["a token to be made with another word", token({ token: { genrate: true } }), token({ token: { generate: true } })],
    ["an absent entry without its name", oidc({ items: [{ state: "absent" }] }), oidc({ items: [absent("a")] })],
    ["a client without a provider", oidc({ items: [client] }), oidc({ items: [{ ...client, ...at("keycloak") }] })],
    ["a provider without endpoints", oidc(provider({})), oidc(provider({ oidc_op_discovery_endpoint: "https://a/" }))],
    [
      "an algorithm that there is not",
      oidc({ items: [{ ...client, ...at("a"), oidc_rp_sign_algo: "RS25" }] }),
      oidc({ items: [{ ...client, ...at("a"), oidc_rp_sign_algo: "RS256" }] }),
    ],
  ])("rejects %s, and accepts its near twin", (_, wrong, right) => {
    expect(accepts(JSON.parse(JSON.stringify(wrong)))).toBe(false);
    expect(accepts(JSON.parse(JSON.stringify(right))), JSON.stringify(accepts.errors)).toBe(true);
  });

  it("accepts an absent entry with its name alone, and a state that a variable gives", () => {
    expect(accepts({ tokenauth: { items: [absent("a")] } })).toBe(true);
    expect(accepts({ tokenauth: { items: [{ ...absent("a"), state: { value_from: { env: "STATE" } } }] } })).toBe(true);
  });

  it("accepts an object type's UUID in capitals, as the program does", () => {
    const permissions = [{ object_type: "3B3E5F9C-6A1F-4C8E-9D4B-0C6F1C7A2E55", mode: "read_only" }];
    expect(accepts(token({ permissions }))).toBe(true);
  });

  it.each([
    ["the same value twice, which takes comparing entries", { tokenauth: { items: [one("a"), one("b")] } }],
    [
      "a provider that nobody declares, which takes looking elsewhere",
      oidc({ items: [{ ...client, ...at("nobody") }] }),
    ],
    ["a misspelt root key, since other programs have keys there", { tokenauth_config_enalbe: true }],
    ["a placeholder, which is a text like any other", token({ token: "${TOKEN}" })],
    ["an identifier that is nearly a known one", oidc({ items: [{ ...client, ...at("a"), identifier: "api-oidcc" }] })],
  ])("can't reject %s", (_, document) => {
    expect(accepts(document)).toBe(true);
  });
});

function one(identifier: string): object {
  return { identifier, token: "same", contact_person: "Jan", email: "a@b.nl" };
}

function absent(identifier: string): object {
  return { identifier, state: "absent" };
}

function at(identifier: string): object {
  return { oidc_provider_identifier: identifier };
}

function provider(endpoints: object): object {
  return { providers: [{ identifier: "keycloak", endpoint_config: endpoints }], items: [] };
}
