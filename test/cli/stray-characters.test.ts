import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { explicitProvider, tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { databaseOf } from "../support/databases.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const secret = "a-client-secret-for-these-tests";

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

async function run(yaml: string, { env = {}, files = {} }: Given = {}, command = "validate", ...args: string[]) {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": yaml, ...files });
  const result = await runCli([command, "config.yaml", ...args], { cwd: folder, env });
  return { ...result, folder };
}

/** A configuration in which one field has the given text. */
const fields: Readonly<Record<string, (value: string) => string>> = {
  "a client id": (value) => explicitProvider.replace("oidc_rp_client_id: api", `oidc_rp_client_id: ${value}`),
  "a client secret": (value) => explicitProvider.replace("SECRET", value),
  "a scope": (value) =>
    explicitProvider.replace("oidc_rp_client_id: api", `$&\n      oidc_rp_scopes_list: [openid, ${value}]`),
  "an audience": (value) => explicitProvider.replace("oidc_rp_client_id: api", `$&\n      oidc_audience: [${value}]`),
  "an identifier": (value) => explicitProvider.replace("identifier: api-oidc", `identifier: ${value}`),
  "an identity provider hint": (value) =>
    explicitProvider.replace("oidc_rp_client_id: api", `$&\n      oidc_keycloak_idp_hint: ${value}`),
  "a reference": (value) =>
    explicitProvider.replace("oidc_provider_identifier: keycloak", `oidc_provider_identifier: ${value}`),
  "an endpoint": (value) => explicitProvider.replace("https://keycloak.example/token", value),
  "an issuer": (value) => explicitProvider.replace("https://keycloak.example/realms/a", value),
  "a token": (value) => tokenFile(tokenItem("app", value)),
  "a password": (value) => userFile(`username: jan, password: ${value}`),
  "a subject": (value) =>
    `${explicitProvider}${userFile(`username: jan, sign_in: {provider: keycloak, subject: ${value}}`)}`,
};
const url = "https://keycloak.example/x";
const valueFor = (field: string) =>
  /endpoint|issuer/.test(field) ? url : field === "a reference" ? "keycloak" : secret;
const viaEnv = "{value_from: {env: VALUE}}";

describe("F33 a line break at the end", () => {
  it.each(Object.keys(fields))("of %s is an error that names it and says where it came from", async (field) => {
    const write = fields[field] ?? String;
    const value = valueFor(field);
    const cases = [
      [viaEnv, { env: { VALUE: `${value}\n` } }, "a line feed (U+000A)", "`printf '%s'`"],
      [viaEnv, { env: { VALUE: `${value}\r` } }, "a carriage return (U+000D)", "Windows line endings"],
      [viaEnv, { env: { VALUE: `${value}\r\n` } }, "a Windows line break (U+000D U+000A)", "Windows line endings"],
      [
        "{value_from: {file: ./v}}",
        { files: { v: `${value}\n\n` } },
        "a line feed (U+000A)",
        "one line break at the end of the file is dropped",
      ],
      [`"${value}\\n"`, {}, "a line feed (U+000A)", "write |-"],
    ] as const;
    for (const [written, given, name, hint] of cases) {
      const { status, stderr } = await run(write(written), given);
      expect(status).toBe(3);
      expect(stderr.match(/error:.*/g)).toEqual([
        `error: this value has ${name} at the end, which is not allowed here [INVALID_VALUE]`,
      ]);
      expect(stderr).toContain(hint);
      if (/secret|token|password/.test(field)) expect(stderr).not.toContain(secret);
    }
  });

  it("of a secret's file, as `echo` and editors write it, is dropped as before", async () => {
    for (const ending of ["", "\n", "\r\n"]) {
      const { status, stderr } = await run(
        explicitProvider.replace("SECRET", "{value_from: {file: ./v}}"),
        { files: { v: secret + ending } },
        "validate",
      );
      expect(stderr.replace(/.*SECRET_FILE_MODE[\s\S]*/, "")).toBe("");
      expect(status).toBe(0);
    }
  });
});

describe("F33 a character", () => {
  it.each([
    ["\ufeff", "", "a byte order mark (U+FEFF) at the start", "UTF-8 without a byte order mark"],
    ["", "\u00a0", "a no-break space (U+00A0) at the end", "retype the value"],
    ["a\u200b", "", "a zero-width space (U+200B) at character 2", "retype the value"],
    ["\t", "", "a tab (U+0009) at the start", "retype the value"],
    ["\u0001", "", "a control character (U+0001) at the start", "retype the value"],
  ])("such as %j is named in every field", async (before, after, message, hint) => {
    for (const field of [
      "a client id",
      "a client secret",
      "a scope",
      "an audience",
      "an endpoint",
      "an issuer",
      "a token",
    ]) {
      const { status, stderr } = await run(fields[field]?.(viaEnv) ?? "", {
        env: { VALUE: before + valueFor(field) + after },
      });
      expect(status, field).toBe(3);
      expect(stderr.match(/error:.*/g), field).toEqual([expect.stringContaining(message)]);
      expect(stderr).toContain(hint);
    }
  });

  it("that is visible is named, except in secrets, which it is part of", async () => {
    const env = { VALUE: "caf\u00e9-with-more-characters-than-needed" };
    expect((await run(fields["a client id"]?.(viaEnv) ?? "", { env })).stderr).toContain(
      "a character (U+00E9) at character 4",
    );
    const { stderr } = await run(fields["a client secret"]?.(viaEnv) ?? "", { env });
    expect(stderr).toContain("a character that is not printable ASCII at character 4");
    expect(stderr).not.toContain("U+00E9");
  });

  it("of another language is accepted in a password, a group's name and a URL's host", async () => {
    const yaml = explicitProvider.replace("keycloak.example/token", "münchen.example/token");
    for (const text of [userFile("username: jan, password: 'wachtwoord één 👩‍💻', groups: []"), yaml]) {
      expect(await run(text, {}, "validate", "--strict")).toMatchObject({ status: 0, stderr: "" });
    }
  });
});

describe("F33 blanks or quotes around a whole value", () => {
  it.each(["a client id", "a client secret", "a scope", "an audience", "a password"])(
    "of %s are a warning",
    async (field) => {
      const write = fields[field] ?? String;
      const quoted = await run(write(viaEnv), { env: { VALUE: `"${secret}"` } });
      expect(quoted.stderr).toContain("warning: this value has quotes around it, which are part of it [INVALID_VALUE]");
      expect(quoted.stderr).toContain("--env-file");
      const blank = await run(write(viaEnv), { env: { VALUE: ` ${secret}` } });
      expect(blank.stderr).toContain(
        "warning: this value has whitespace around it, which is part of it [INVALID_VALUE]",
      );
      expect([quoted.status, blank.status]).toEqual([0, 0]);
      expect((await run(write(viaEnv), { env: { VALUE: ` ${secret}` } }, "validate", "--strict")).status).toBe(3);
      // The near twins: a single quote, and blanks inside.
      const inside = { env: { VALUE: `it's ${secret}` } };
      expect(await run(write(viaEnv), inside)).toMatchObject({ status: 0, stderr: "" });
    },
  );

  it("of an endpoint are left out, with a warning", async () => {
    const { status, stderr, folder } = await run(fields["an endpoint"]?.(`" ${url} "`) ?? "", {}, "apply", "--offline");
    expect(status, stderr).toBe(0);
    expect(stderr).toContain("this value has whitespace around it, which is ignored");
    const { kysely } = await openForTest(databaseOf(folder));
    expect(await kysely.selectFrom("oidc_providers").select("token_endpoint").execute()).toEqual([
      { token_endpoint: url },
    ]);
  });

  it("of a token or an issuer are refused", async () => {
    for (const field of ["a token", "an issuer"]) {
      const { status, stderr } = await run(fields[field]?.(`" ${valueFor(field)}"`) ?? "");
      expect([status, stderr.match(/error:/g)?.length], stderr).toEqual([3, 1]);
    }
  });
});

describe("F33 a blank that YAML does not treat as one", () => {
  const head = "tokenauth_config_enable: true\ntokenauth:\n  items:\n";

  it.each([
    [
      "in the indentation",
      `${head}    - identifier: a\n\u00a0\u00a0    token: x\n    - b: 1\n`,
      "5:1",
      "a no-break space (U+00A0)",
    ],
    ["behind a colon", `tokenauth_config_enable:\u00a0true\n${head.slice(30)}`, "1:25", "a no-break space (U+00A0)"],
    ["before a key", `${head}    - identifier: "a"\n      \u200btoken: "x" y\n`, "5:7", "a zero-width space (U+200B)"],
    ["behind a quoted text", `${head}    - identifier: "a \u00a0b"\u00a0\n`, "4:25", "a no-break space (U+00A0)"],
  ])("%s is named first, where it stands", async (_where, yaml, position, name) => {
    const { status, stderr } = await run(yaml);
    expect(status).toBe(3);
    expect(stderr).toMatch(
      new RegExp(
        `^config\\.yaml:${position}: error: ${name.replace(/[()+]/g, "\\$&")} outside quotes is not a space to YAML`,
      ),
    );
  });

  it("in quotes or a comment is not blamed for another mistake", async () => {
    const { stderr } = await run(`${head}    - identifier: "a\u00a0b" c # d\u00a0e\n`);
    expect(stderr).toContain("[YAML_SYNTAX]");
    expect(stderr).not.toContain("no-break");
  });

  it("is named too where it joins a key and its value into one key, which is not repeated", async () => {
    for (const output of ["text", "json"]) {
      const { status, stdout, stderr } = await run(
        `${head}    - {identifier: a,\u00a0token:\u00a0${secret}}\n`,
        {},
        "validate",
        "--output",
        output,
      );
      expect(status).toBe(3);
      expect(stdout + stderr).toContain("the name of this field contains a no-break space (U+00A0)");
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});

describe("F43 a key without a colon", () => {
  it.each([
    ["in an item", tokenFile(`    - {identifier: a, ${secret}}\n`)],
    ["at the root", `{tokenauth_config_enable: true, tokenauth: {items: []}, ${secret}}\n`],
    ["in value_from", tokenFile(tokenItem("a", `{value_from: {${secret}}}`))],
    ["beside value_from", tokenFile(tokenItem("a", `{value_from: {env: HOME}, ${secret}}`))],
  ])("%s may be a value, and is not repeated", async (_where, yaml) => {
    for (const output of ["text", "json"]) {
      const { stdout, stderr } = await run(yaml, {}, "validate", "--output", output);
      expect(stdout + stderr).toMatch(/UNKNOWN_FIELD|UNKNOWN_ROOT_KEY|VALUE_FROM_INVALID/);
      expect(stdout + stderr).not.toContain(secret);
    }
  });
});
