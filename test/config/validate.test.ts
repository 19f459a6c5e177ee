import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { coreSteps } from "../../src/resources/registry.js";
import { isSecret } from "../../src/secrets/secret.js";
import { contextOf, keys, lines, shownIn, validate } from "./from-yaml.js";

const tokenauth = (items: string) => `tokenauth_config_enable: true\ntokenauth:\n  items:\n${items}`;
const token = (identifier: string, value: string, more = "") =>
  `  - identifier: ${identifier}\n    token: ${value}\n    contact_person: Jan\n    email: jan@example.nl\n${more}`;
const strong = "ba9d233e95e04c4a8a661a27daffe7c9bd019067";
const keysHeader = "keys_config_enable: true\nkeys_config:\n  items:\n";

describe("validateDocuments", () => {
  it("returns what the files declare, with hidden secrets and positions", () => {
    const { declarations, diagnostics, unresolved } = validate(
      tokenauth(token("a", strong) + token("b", "1234e5678")),
      coreSteps,
    );
    expect(lines(diagnostics)).toEqual([
      expect.stringContaining("warning WEAK_TOKEN config.yaml:9:12 tokenauth.items.1.token:"),
    ]);
    expect(
      declarations.map(({ kind, key, present, range }) => ({ kind, key, present, line: range.position.line })),
    ).toEqual([
      { kind: "api_token", key: "a", present: true, line: 4 },
      { kind: "api_token", key: "b", present: true, line: 8 },
    ]);
    const value = declarations[1]?.attributes.token;
    expect(isSecret(value) && value.reveal()).toBe("1234e5678");
    expect(JSON.stringify(declarations)).not.toContain("1234e5678");
    expect(unresolved).toBe(false);
  });

  it("reports the diagnostics of all steps and files at once", () => {
    const { diagnostics } = validate(
      {
        "a.yaml": `groups_config_enable: yes\ngroups_config: {items: [{nam: x}]}\n${tokenauth(token("a", "${TOKEN}"))}`,
        "b.yaml": "default_user_configuration_enable: 1\ndefault_user_configuration_config: {users: [{}]}",
      },
      coreSteps,
    );
    expect(
      diagnostics.map(({ code, range }) => `${code} ${range?.position.file}:${range?.position.line}`).sort(),
    ).toEqual(["MISSING_FIELD b.yaml:2", "PLACEHOLDER a.yaml:7", "UNKNOWN_FIELD a.yaml:2"]);
  });

  it("reports what is wrong between the entries that are right beside those that are wrong", () => {
    const items =
      "  - {identifier: bad id, contact_person: Jan}\n" +
      "  - {identifier: b, contact_person: Jan, size: 16}\n" +
      "  - {identifier: c}\n" +
      "  - {identifier: b, contact_person: Jan}\n";
    const { diagnostics, declarations } = validate(keysHeader + items, [keys]);
    expect(lines(diagnostics)).toEqual([
      "error INVALID_VALUE config.yaml:4:18 keys_config.items.0.identifier: expected letters, digits, hyphens and underscores only",
      "error MISSING_FIELD config.yaml:6:5 keys_config.items.2.contact_person: the required field `contact_person` is missing (add `contact_person`: Who to ask.)",
      "warning WEAK_SIZE config.yaml:5:48 keys_config.items.1.size: too short",
      "error DUPLICATE_RESOURCE config.yaml:7:5 keys_config.items.3: key b is already declared at config.yaml:5 (remove one of them, or rename it)",
    ]);
    expect(declarations).toHaveLength(2);
  });

  it("declares nothing where the list itself is wrong", () => {
    const { declarations, diagnostics } = validate(`${keysHeader}    a: b`, [keys]);
    expect(declarations).toEqual([]);
    expect(diagnostics.map(({ code }) => code)).toEqual(["WRONG_TYPE"]);
  });

  it("finds one resource declared in two files", () => {
    const items = "  - {identifier: b, contact_person: Jan}\n";
    const { diagnostics } = validate({ "a.yaml": keysHeader + items, "b.yaml": `keys_config:\n  items:\n${items}` }, [
      keys,
    ]);
    expect(lines(diagnostics)).toEqual([
      expect.stringContaining(
        "error DUPLICATE_RESOURCE b.yaml:3:5 keys_config.items.0: key b is already declared at a.yaml:4",
      ),
    ]);
  });

  it("S62 refuses the same secret for two tokens, without showing it", () => {
    const { diagnostics } = validate(tokenauth(token("a", strong) + token("b", strong)), coreSteps);
    expect(lines(diagnostics)).toEqual([
      "error DUPLICATE_SECRET config.yaml:9:12 tokenauth.items.1.token: this has the same token as api_token a at config.yaml:4 (give each its own token)",
    ]);
    expect(lines(diagnostics).join()).not.toContain(strong);
    const other = `${strong.slice(1)}0`;
    expect(validate(tokenauth(token("a", strong) + token("b", other)), coreSteps).diagnostics).toEqual([]);
  });

  it("S62 allows a value for a token while an absent one still has it", () => {
    const yaml = tokenauth(token("a", strong, "    state: absent\n") + token("b", strong));
    expect(validate(yaml, coreSteps).diagnostics).toEqual([]);
  });

  it("I1 S86 A3.21 reads no variable that no field names, whatever its name", () => {
    const yaml = `default_user_configuration_enable: true\ndefault_user_configuration_config: {users: [{username: alice}]}\n${tokenauth(
      "  - identifier: a\n    contact_person: Jan\n    email: jan@example.nl\n",
    )}`;
    const ambient = Object.fromEntries(
      [
        ["is_superuser", "true"],
        ["token", strong],
        ["enabled", "false"],
        ["password", "leak"],
        ["email", "leak@env.example"],
        ["items", "[]"],
        ["users", "[]"],
        ["tokenauth__items", "[]"],
        ["tokenauth_config_enable", "false"],
      ].flatMap(([name = "", value = ""]) => [
        [name, value],
        [name.toUpperCase(), value],
      ]),
    );
    const saved = { ...process.env };
    Object.assign(process.env, ambient);
    try {
      const bare = validate(yaml, coreSteps);
      const surrounded = validate(yaml, coreSteps, contextOf(ambient));
      expect(lines(surrounded.diagnostics)).toEqual(lines(bare.diagnostics));
      const declared = ({ declarations }: typeof bare) => declarations.map(({ rangeIn: _, ...rest }) => rest);
      expect(declared(surrounded)).toEqual(declared(bare));
      expect(lines(bare.diagnostics)).toEqual([
        expect.stringContaining(
          "error MISSING_FIELD config.yaml:6:5 tokenauth.items.0.token: the required field `token` is missing",
        ),
      ]);
      expect(bare.declarations.map(({ attributes }) => [attributes.is_superuser, attributes.email])).toEqual([
        [false, ""],
      ]);
    } finally {
      for (const name of Object.keys(ambient)) delete process.env[name];
      Object.assign(process.env, saved);
    }
  });

  it("takes a value from the variable that a field names, as it is", () => {
    const yaml = tokenauth(token("a", "{value_from: {env: TOKEN_A}}"));
    const { declarations, diagnostics } = validate(yaml, coreSteps, contextOf({ TOKEN_A: strong }));
    expect(diagnostics).toEqual([]);
    expect(isSecret(declarations[0]?.attributes.token)).toBe(true);
    expect(lines(validate(yaml, coreSteps, contextOf({ TOKEN_A: "two words" })).diagnostics)).toEqual([
      expect.stringContaining(
        "error INVALID_VALUE config.yaml:5:12 tokenauth.items.0.token: expected 1 to 255 printable",
      ),
    ]);
  });

  it("I4 reports an unset variable beside everything else, and nothing else about its field", () => {
    const yaml =
      keysHeader +
      "  - {identifier: {value_from: {env: ID}}, token: {value_from: {env: T}}, size: 1, contact_person: Jan}\n";
    const { diagnostics, unresolved } = validate(yaml, [keys]);
    expect(diagnostics.map(({ code, path }) => `${code} ${path}`)).toEqual([
      expect.stringContaining("ENV_NOT_SET"),
      expect.stringContaining("ENV_NOT_SET"),
      "INVALID_VALUE keys_config.items.0.size",
    ]);
    expect(unresolved).toBe(true);
  });

  it("checks what can be checked without values", () => {
    const two = token("a", "{value_from: {env: A}}") + token("a", "{value_from: {env: A}}");
    const context = contextOf({}, { noEnv: true });
    const { diagnostics, unresolved } = validate(tokenauth(two), coreSteps, context);
    expect(diagnostics.map(({ code }) => code)).toEqual(["DUPLICATE_RESOURCE"]);
    expect(unresolved).toBe(true);
    expect(validate(tokenauth(token("a", "{value_from: {env: A}}")), coreSteps, context).diagnostics).toEqual([]);
  });

  it("allows values of known fields and names of variables to be shown, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "vtb-setup-"));
    try {
      const file = join(folder, "note");
      writeFileSync(file, "from a file\n", { mode: 0o600 });
      const items = `  - {identifier: a, token: {value_from: {env: T, default: d}}, note: {value_from: {file: ${file}}}, contact_person: Jan, free: f}\n`;
      const validation = validate(`${keysHeader + items}more: {x: y}`, [keys]);
      expect(validation.diagnostics.map(({ code }) => code)).toEqual(["UNKNOWN_ROOT_KEY"]);
      expect([...shownIn(validation)].sort()).toEqual([file, "Jan", "T", "a", "true"].sort());
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("validates thousands of tokens in seconds, also when each is wrong", { timeout: 30_000 }, () => {
    const many = (count: number, more: string) =>
      tokenauth(Array.from({ length: count }, (_, index) => token(`t${index}`, `${strong}${index}`, more)).join(""));
    expect(validate(many(10_000, ""), coreSteps).declarations).toHaveLength(10_000);
    expect(validate(many(2000, "    emial: x\n    user: ''\n"), coreSteps).diagnostics).toHaveLength(4000);
  });
});
