import { inspect } from "node:util";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { configurationSchema } from "../../src/config/schema-file.js";
import { coreSteps } from "../../src/resources/registry.js";
import { isSecret, Secret } from "../../src/secrets/secret.js";
import { quoteSource } from "../../src/yaml/excerpt.js";
import { type ValueSource, type ValueSources, valueSources } from "../../src/yaml/value-sources.js";
import { contextOf, shownIn, validate } from "../config/from-yaml.js";

const secret = "ba9d233e95e04c4a8a661a27daffe7c9bd019067";

/** A source of a test: a store with one secret, of which nothing but this entry is known. */
const store: ValueSource = {
  noun: "store",
  title: "a secret store",
  placeholder: "ENTRY",
  argument: "the name of an entry in the store",
  description: "The entry's name.",
  accepts: (entry) => /^[a-z/-]+$/.test(entry),
  read: (entry, field) =>
    entry === "apps/open-forms"
      ? { kind: "read", value: new Secret(`${secret}\n`), warnings: [] }
      : {
          kind: entry.startsWith("closed/") ? "refused" : "missing",
          diagnostic: {
            severity: "error",
            code: "SECRET_FILE",
            message: `the store has no ${entry} for ${field}`,
            hint: `put it at ${entry}`,
          },
        },
  withoutQuotes: "write the entry without them",
  withoutLineBreak: "the store keeps line breaks: write the entry without one",
};
const sources: ValueSources = { ...valueSources, store: { ...store, read: withoutBreak } };

function withoutBreak(...given: Parameters<ValueSource["read"]>): ReturnType<ValueSource["read"]> {
  const read = store.read(...given);
  return read.kind === "read" ? { ...read, value: new Secret(read.value.reveal().trim()) } : read;
}

const file = (token: string) => `tokenauth_config_enable: true
tokenauth:
  items:
    - {identifier: a, contact_person: Jan, email: jan@gemeente.example, token: ${token}}
`;

function validateWith(used: ValueSources | undefined, token: string, more: { readonly noEnv?: boolean } = {}) {
  return validate(file(token), coreSteps, contextOf({}, { valueSources: used, ...more }));
}

/** Code, message and hint of each diagnostic. */
const told = ({ diagnostics }: ReturnType<typeof validateWith>) =>
  diagnostics.map(({ code, message, hint }) => `${code}: ${message} (${hint})`);

const form =
  "write {value_from: {env: NAME}} or {value_from: {file: PATH}} or {value_from: {store: ENTRY}}, optionally with default or required: false";

describe("a source that is added to the table", () => {
  it("gives values, which are secrets from the moment they are read", () => {
    const { declarations, diagnostics, ...validation } = validateWith(
      sources,
      "{value_from: {store: apps/open-forms}}",
    );
    expect(diagnostics).toEqual([]);
    const token = declarations[0]?.attributes.token;
    expect(isSecret(token) && token.reveal()).toBe(secret);
    expect(inspect({ declarations, ...validation }, { depth: null }) + JSON.stringify(declarations)).not.toContain(
      secret,
    );
  });

  it("has the options of every source: default, required and --no-env", () => {
    const other = (more: string) => `{value_from: {store: apps/other${more}}}`;
    expect(told(validateWith(sources, other("")))).toEqual([
      "SECRET_FILE: the store has no apps/other for token (put it at apps/other, or add default or required: false to value_from)",
    ]);
    expect(told(validateWith(sources, other(`, default: ${secret}`)))).toEqual([]);
    expect(validateWith(sources, other(""), { noEnv: true })).toMatchObject({ diagnostics: [], unresolved: true });
    expect(told(validateWith(sources, other(", required: false")))).toEqual([
      expect.stringMatching(/^MISSING_FIELD: the required field `token` is missing/),
    ]);
    expect(told(validateWith(sources, "{value_from: {store: closed/a, required: false}}"))).toEqual([
      "SECRET_FILE: the store has no closed/a for token (put it at closed/a)",
    ]);
  });

  it("is in the hints for an unknown key, no source, two sources and a misspelt `value_from`", () => {
    const hints = (token: string) => told(validateWith(sources, token));
    expect(hints("{value_from: {stor: a}}")).toContain(
      "VALUE_FROM_INVALID: unknown key `stor` in `value_from` (did you mean store?)",
    );
    expect(hints("{value_from: {keychain: a}}")).toEqual([
      `VALUE_FROM_INVALID: unknown key \`keychain\` in \`value_from\` (${form})`,
      `VALUE_FROM_INVALID: \`value_from\` has neither \`env\` nor \`file\` nor \`store\` (${form})`,
    ]);
    expect(hints("{value_from: {env: A, store: a}}")).toEqual([
      "VALUE_FROM_INVALID: `value_from` has both `env` and `store` (remove one of them)",
    ]);
    expect(hints("{valueFrom: {store: a}}")).toEqual([
      "VALUE_FROM_INVALID: unknown key `valueFrom` (did you mean value_from?)",
    ]);
    expect(hints(`{value_from: {store: A 1}}`)).toEqual([
      `VALUE_FROM_INVALID: expected the name of an entry in the store (${form})`,
    ]);
  });

  it("is in the JSON Schema", () => {
    const accepts = (used?: ValueSources) => {
      const ajv = new Ajv({ allowUnionTypes: true, formats: { "date-time": true } });
      return ajv.compile(configurationSchema(coreSteps, used));
    };
    const withToken = (token: unknown) => ({
      tokenauth_config_enable: true,
      tokenauth: { items: [{ identifier: "a", contact_person: "Jan", email: "jan@gemeente.example", token }] },
    });
    expect(accepts(sources)(withToken({ value_from: { store: "apps/open-forms" } }))).toBe(true);
    expect(accepts(sources)(withToken({ value_from: { store: "a", env: "A" } }))).toBe(false);
    expect(accepts()(withToken({ value_from: { store: "apps/open-forms" } }))).toBe(false);
  });

  it("masks what it was asked for where that looks like the secret itself", () => {
    const validation = validateWith(sources, "{value_from: {store: qzxvjkwqpfhgtbnmzxcvqwjk}}");
    expect(told(validation)).toEqual([
      expect.stringMatching(/^SECRET_FILE: the store has no ••• for token \(this looks like the secret itself: /),
    ]);
    expect(shownIn(validation)).not.toContain("qzxvjkwqpfhgtbnmzxcvqwjk");
    const named = validateWith(sources, "{value_from: {store: apps/other}}");
    expect(shownIn(named)).toContain("apps/other");
  });

  it("says how to remove characters that do not belong to its value", () => {
    const broken = { ...valueSources, store };
    const [diagnostic] = validateWith(broken, "{value_from: {store: apps/open-forms}}").diagnostics;
    expect(diagnostic).toMatchObject({ code: "INVALID_VALUE", hint: store.withoutLineBreak });
    expect(JSON.stringify(quoteSource(diagnostic ? [diagnostic] : [], [], new Set()))).not.toContain(secret);
  });

  it("is unknown without its entry", () => {
    expect(told(validateWith(undefined, "{value_from: {store: apps/open-forms}}"))[0]).toMatch(
      /^VALUE_FROM_INVALID: unknown key `store` in `value_from`/,
    );
  });
});
