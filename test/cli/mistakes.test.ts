import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { tokenA, tokenItem, tokens, users, workplace } from "./outcome.js";

interface Mistake {
  /** Such as `UNKNOWN_FIELD`. */
  readonly code: string;
  /** The number of the line below, and what stands where the caret points. */
  readonly at: readonly [line: number, text: string];
  readonly suggests?: string;
}

const file = `tokenauth_config_enalbe: true
groups_config_enable: true
groups_config:
  items:
    - nmae: lezers
    - name: schrijvers
      permissions: taken.view_externetaak
    - name: ""
    - name: beheer
      permissions: [taken.view_externetaak, taken]
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - username: jan
      is_staff: misschien
    - username: klaas
      state: weg
    - email: zonder-naam@example.nl
    - username: piet
      username: pieter
    - username: marie
      password: {value_from: {env: MARIE_PASSWORD}}
    - username: els
      password: {value_from: {evn: ELS_PASSWORD}}
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: key cloak
      endpoint_config:
        oidc_op_discovery_endpoint: keycloak.example.nl
      oidc_nonce_size: 1024
  items:
    - identifier: admin_oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: x
      oidc_rp_client_secret: \${CLIENT_SECRET}
      oidc_rp_sign_algo: RS257
      options:
        group_settings:
          sync: true
tokenauth:
  items:
    - identifier: portal
      token: two words
      contact_person: Beheer
      email: not-an-address
      expires_at: tomorrow
`;

const mistakes: readonly Mistake[] = [
  { code: "UNKNOWN_FIELD", at: [1, "tokenauth_config_enalbe"], suggests: "tokenauth_config_enable" },
  { code: "UNKNOWN_FIELD", at: [5, "nmae"], suggests: "name" },
  { code: "WRONG_TYPE", at: [7, "taken.view_externetaak"] },
  { code: "INVALID_VALUE", at: [8, '""'] },
  { code: "INVALID_VALUE", at: [10, "taken]"] },
  { code: "WRONG_TYPE", at: [15, "misschien"] },
  { code: "INVALID_VALUE", at: [17, "weg"] },
  { code: "MISSING_FIELD", at: [18, "email"] },
  { code: "DUPLICATE_KEY", at: [20, "username"] },
  { code: "ENV_NOT_SET", at: [22, "MARIE_PASSWORD"] },
  { code: "VALUE_FROM_INVALID", at: [24, "value_from"] },
  { code: "VALUE_FROM_INVALID", at: [24, "evn"], suggests: "env" },
  { code: "INVALID_VALUE", at: [28, "key cloak"] },
  { code: "INVALID_VALUE", at: [30, "keycloak.example.nl"] },
  { code: "INVALID_VALUE", at: [31, "1024"] },
  { code: "INVALID_VALUE", at: [33, "admin_oidc"] },
  { code: "PLACEHOLDER", at: [36, `\${CLIENT_SECRET}`] },
  { code: "INVALID_VALUE", at: [37, "RS257"], suggests: "RS256" },
  { code: "UNKNOWN_FIELD", at: [39, "group_settings"], suggests: "groups_settings" },
  { code: "INVALID_VALUE", at: [44, "two words"] },
  { code: "INVALID_VALUE", at: [46, "not-an-address"] },
  { code: "INVALID_VALUE", at: [47, "tomorrow"] },
];

/** `code line:column`, the column found in the file itself. */
function expected({ code, at: [line, text] }: Mistake): string {
  const source = file.split("\n")[line - 1] ?? "";
  expect(source.split(text), `${text} stands once on line ${line}`).toHaveLength(2);
  return `error ${code} ${line}:${source.indexOf(text) + 1}`;
}

describe("a file with many mistakes", () => {
  it("has all of them reported in one run, each once, in order, at its exact position", async () => {
    const place = workplace();
    const run = await place.apply(file);
    expect(run.status).toBe(3);
    expect(mistakes.length).toBeGreaterThanOrEqual(20);
    expect(run.diagnostics).toEqual(mistakes.map(expected));
    expect(readdirSync(place.folder)).toEqual(["config.yaml"]);
  });

  it("is the same for plan and validate, and in text, with the line and a caret below the position", async () => {
    const place = workplace({ "config.yaml": file });
    for (const command of ["plan", "validate"]) {
      expect((await place.run([command, "config.yaml"])).diagnostics).toEqual(mistakes.map(expected));
    }
    const { status, stdout, stderr } = await runCli(["apply", "config.yaml"], { cwd: place.folder });
    expect({ status, stdout }).toEqual({ status: 3, stdout: "" });
    const reported = [
      ...stderr.matchAll(/^config\.yaml:(\d+:\d+): (error): .* \[(\w+)\]\n\s+\d+ \|.*\n\s+\|(\s*)\^+$/gm),
    ];
    expect(reported.map(([, where, severity, code]) => `${severity} ${code} ${where}`)).toEqual(mistakes.map(expected));
    expect(stderr).toMatch(/\n22 errors; nothing was changed\.\nMore about these: vtb-setup explain [A-Z_ ]+\n$/);
  });

  it("gets a suggestion for each misspelt word", async () => {
    const run = await workplace().apply(file);
    const hints = run.json.diagnostics.map(({ hint }) => /did you mean `?(\w+)`?\?/.exec(hint ?? "")?.[1]);
    expect(hints).toEqual(mistakes.map(({ suggests }) => suggests));
  });

  it("leaves an existing database as it is", async () => {
    const place = workplace();
    await place.apply(tokens(tokenItem("open-forms", tokenA)));
    const contents = await place.contents();
    expect((await place.apply(file)).status).toBe(3);
    expect(await place.contents()).toBe(contents);
  });

  it("is reported with the other files' mistakes, file by file", async () => {
    const place = workplace();
    writeFiles(place.folder, {
      "a.yaml": users("usernam: jan"),
      "b.yaml": "tokenauth_config_enable: true\ntokenauth: [unclosed\n",
      "c.yaml": tokens(tokenItem("open forms", tokenA).replace("open forms@", "a@")),
    });
    const run = await place.run(["apply", "c.yaml", "a.yaml", "b.yaml"]);
    expect(run.status).toBe(3);
    const places = run.json.diagnostics.map(({ file: name, code }) => `${name} ${code}`);
    expect(places).toEqual(["c.yaml INVALID_VALUE", "a.yaml UNKNOWN_FIELD", "b.yaml YAML_SYNTAX"]);
  });
});

describe("an unknown key", () => {
  it.each([
    ["at the root", "tokenauht: {items: []}\n", "tokenauth"],
    ["of a token", tokens(tokenItem("a", tokenA, "organisation: X")), "organization"],
    ["of a user", users("username: anna, is_super_user: true"), "is_superuser"],
    [
      "of a permission",
      tokens(tokenItem("a", tokenA, "permissions: [{objecttype: x, mode: read_only}]")),
      "object_type",
    ],
    ["of a generated token", tokens(tokenItem("a", "{generated: true}")), "generate"],
  ])("%s gets the nearest spelling as a suggestion", async (_where, yaml, meant) => {
    const run = await workplace().apply(yaml);
    expect(run.status).toBe(3);
    const unknown = run.json.diagnostics.filter(({ code }) => code === "UNKNOWN_FIELD");
    expect(unknown).toHaveLength(1);
    expect(unknown[0]?.hint).toBe(`did you mean \`${meant}\`?`);
  });

  it("that resembles none gets no suggestion", async () => {
    const run = await workplace().apply(users("username: anna, favourite_colour: blue"));
    expect(run.diagnostics).toEqual(["error UNKNOWN_FIELD 4:24"]);
    expect(run.json.diagnostics[0]?.hint ?? "").not.toContain("did you mean");
  });
});
