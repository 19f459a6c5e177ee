import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { tokenA, workplace } from "./outcome.js";

async function validate(yaml: string, args: readonly string[] = []) {
  const place = workplace();
  writeFiles(place.folder, { "config.yaml": yaml });
  const run = await place.run(["validate", "config.yaml", ...args]);
  return { ...run, reported: run.json.diagnostics.map(({ message, hint }) => ({ message, hint })) };
}

const uuid = "b427ef84-189d-43aa-9efd-7bb2c459e281";
const secret = "canary-5f0e1d2c3b4a";

/** Fields at the indentation of the namespace's own. */
const oidc = (fields: string) =>
  `oidc_db_config_enable: true\noidc_db_config_admin_auth:\n${fields.replace(/^(?=.)/gm, "  ")}`;

const ofClient = `oidc_rp_client_id: client-id
oidc_rp_client_secret: ${secret}
oidc_rp_scopes_list: [openid, email]
username_claim: [sub]
`;
const ofProvider = "endpoint_config:\n  oidc_op_discovery_endpoint: https://kc.example/realms/test/\n";

describe("the fields of an entry directly under the namespace", () => {
  it("F40: of the flat configuration of 2024 are one error, which shows how to write them", async () => {
    const run = await validate(oidc(`${ofClient}${ofProvider}oidc_use_nonce: false\n`));
    expect([run.status, run.diagnostics]).toEqual([3, ["error MISSING_FIELD 3:3"]]);
    expect(run.reported).toEqual([
      {
        message: "`items:` is missing: the fields of one entry are directly under `oidc_db_config_admin_auth`",
        hint:
          "write `items:` with one entry that starts with `- identifier: admin-oidc` and contains `oidc_provider_identifier: NAME` " +
          "and `oidc_rp_client_id`, `oidc_rp_client_secret`, `oidc_rp_scopes_list`, `username_claim`; and `providers:` with one " +
          "entry that starts with `- identifier: NAME` and contains `endpoint_config`, `oidc_use_nonce`",
      },
    ]);
    expect(run.stderr + JSON.stringify(run.json)).not.toContain(secret);
  });

  it("F40: are one error with endpoints beside them too, which belong into `endpoint_config`", async () => {
    const endpoints =
      "oidc_op_token_endpoint: https://kc.example/token\noidc_op_jwks_endpoint: https://kc.example/jwks\n";
    const run = await validate(oidc(ofClient + endpoints));
    expect([run.status, run.diagnostics]).toEqual([3, ["error MISSING_FIELD 3:3"]]);
    expect(run.reported[0]?.hint).toContain(
      "contains `endpoint_config:` with `oidc_op_token_endpoint`, `oidc_op_jwks_endpoint` in it",
    );
  });

  it("F40: are valid once they are written as the hint says", async () => {
    const indented = (fields: string) => fields.replace(/^(?=.)/gm, "    ");
    const provider = `providers:\n  - identifier: kc\n${indented(ofProvider)}    oidc_use_nonce: false\n`;
    const client = `items:\n  - identifier: admin-oidc\n    oidc_provider_identifier: kc\n${indented(ofClient)}`;
    const run = await validate(oidc(provider + client));
    expect([run.status, run.diagnostics.filter((problem) => problem.startsWith("error"))]).toEqual([0, []]);
  });

  it.each([
    {
      what: "a token",
      yaml: `tokenauth_config_enable: true\ntokenauth:\n  identifier: a\n  token: ${secret}\n  contact_person: A\n`,
      hint: "write `items:`, and below it `- identifier: …`, with its other fields aligned with the first",
    },
    {
      what: "a user",
      yaml: `default_user_configuration_enable: true\ndefault_user_configuration_config:\n  username: a\n  password: ${secret}\n`,
      hint: "write `users:`, and below it `- username: …`, with its other fields aligned with the first",
    },
  ])("F40: $what: one error as well", async ({ yaml, hint }) => {
    const run = await validate(yaml);
    expect([run.status, run.diagnostics, run.reported[0]?.hint]).toEqual([3, ["error MISSING_FIELD 3:3"], hint]);
    expect(run.stderr + JSON.stringify(run.json)).not.toContain(secret);
  });

  it("F40: are unknown fields beside `items`, and where no entry has them", async () => {
    const beside = await validate(`tokenauth_config_enable: true\ntokenauth:\n  items: []\n  email: a@example.nl\n`);
    expect(beside.diagnostics).toEqual(["error UNKNOWN_FIELD 4:3"]);
    const other = await validate(`tokenauth_config_enable: true\ntokenauth:\n  colour: red\n`);
    expect(other.diagnostics).toEqual(["error UNKNOWN_FIELD 3:3", "error MISSING_FIELD 3:3"]);
  });
});

const item = `identifier: a\ntoken: ${tokenA}\ncontact_person: A\nemail: a@example.nl\n`;
const under = (fields: string) => `tokenauth_config_enable: true\ntokenauth:\n${fields.replace(/^(?=.)/gm, "  ")}`;
const deeper = (fields: string) => fields.replace(/^(?=.)/gm, "  ");
const dashed = (fields: string) => deeper(fields).replace(/^ {2}/, "- ");

describe("a list that is written as a mapping or text", () => {
  it.each([
    {
      what: "no dash",
      yaml: under(`items:\n${deeper(item)}`),
      where: "4:5",
      hint: "start each entry with a dash, `- identifier: …`, and align its other fields with the first",
    },
    {
      what: "entries under their names",
      yaml: under(`items:\n  ${secret}:\n${deeper(deeper(item))}`),
      where: "4:5",
      hint: "write each entry's name as one of its fields: `- identifier: …`, with its other fields aligned with the first",
    },
    {
      what: "no `items:` above it",
      yaml: under(dashed(item)),
      where: "3:3",
      hint: "write `items:` on a line before this list, and indent the list below it",
    },
    {
      what: "no dash before a permission",
      yaml: under(`items:\n${deeper(dashed(`${item}permissions:\n  object_type: ${uuid}\n  mode: read_only\n`))}`),
      where: "9:9",
      hint: "start each entry with a dash, `- object_type: …`, and align its other fields with the first",
    },
    {
      what: "dashes before a mapping's fields",
      yaml: oidc(
        `items: []\nproviders:\n  - identifier: kc\n    endpoint_config:\n      - oidc_op_discovery_endpoint: https://kc.example/\n`,
      ),
      where: "7:9",
      hint: "write its fields as `name: value`, each on its own line, without a dash",
    },
  ])("F41: is one error that says what to write: $what", async ({ yaml, where, hint }) => {
    const run = await validate(yaml);
    expect([run.status, run.diagnostics, run.reported[0]?.hint]).toEqual([3, [`error WRONG_TYPE ${where}`], hint]);
    expect(run.stderr + JSON.stringify(run.json)).not.toContain(secret);
  });

  it("F41: says how a new entry begins where its fields follow those of the last one", async () => {
    const run = await validate(under(`items:\n${deeper(dashed(item + item))}`));
    expect(run.diagnostics.every((problem) => problem.startsWith("error DUPLICATE_KEY"))).toBe(true);
    expect(run.reported[0]?.hint).toContain("if a new list entry begins here, put `- ` before its first key");
    const short = await validate(under(`items:\n  - identifier: a\n  identifier: b\n`));
    expect(short.reported[0]?.hint).toContain("a new list entry starts with a dash and a space");
  });

  it("F41: is valid with dashes, on the namespace's own indentation as well", async () => {
    for (const entry of [dashed(item), deeper(dashed(item))]) {
      expect((await validate(under(`items:\n${entry}`))).diagnostics).toEqual([]);
    }
  });
});

describe("a permission of Objects API 3", () => {
  const permission = (fields: string) =>
    under(`items:\n${deeper(dashed(`${item}permissions:\n  - {object_type: ${uuid}, mode: read_only, ${fields}}\n`))}`);

  it.each(["false", "no", "'False'", "0"])(
    "F40: may say `use_fields: %s`, which grants nothing less",
    async (written) => {
      const place = workplace();
      expect(await place.apply(permission(`use_fields: ${written}`))).toMatchObject({ status: 0 });
      const { kysely } = await place.open();
      const rows = await kysely.selectFrom("user_permissions").select("permission").execute();
      expect(rows).toEqual([{ permission: `objecttype.${uuid}.read_only` }]);
      // The same without it is no change.
      expect((await place.apply(permission("").replace(", }", "}"))).json.outcome).toBe("unchanged");
    },
  );

  it.each(["use_fields: true", "use_fields: yes", "fields: {}"])(
    "F40: may not be limited to some fields, since nothing would hold it to them: %s",
    async (fields) => {
      const run = await validate(permission(fields));
      expect([run.status, run.diagnostics]).toEqual([3, [expect.stringMatching(/^error UNKNOWN_FIELD 9:\d+$/)]]);
    },
  );
});
