import { describe, expect, it } from "vitest";
import * as z from "zod";
import { defineStep } from "../../src/config/step.js";
import { group } from "../../src/resources/kinds.js";
import { contextOf, lines, validate } from "./from-yaml.js";

const step = (flag: string, namespace: string, title: string) =>
  defineStep({
    flag,
    namespace,
    title,
    kinds: [group],
    schema: z.strictObject({ items: z.array(z.strictObject({ name: z.string() })) }),
    declare: ({ items }) => items.map(({ name }, index) => group.resource(name, { permissions: [] }, ["items", index])),
  });
const steps = [
  step("tokenauth_config_enable", "tokenauth", "Tokens"),
  step("groups_config_enable", "groups_config", "Groups"),
];

const on = "tokenauth_config_enable: true\ntokenauth: {items: [{name: a}]}\n";
const reported = (yaml: string | Record<string, string>, context = contextOf()) =>
  lines(validate(yaml, steps, context).diagnostics);
const keysOf = (yaml: string | Record<string, string>) => validate(yaml, steps).declarations.map(({ key }) => key);

describe("flags", () => {
  it.each(["true", "True", "yes", "on", "1", '"true"', "'Y'"])("enable a step when they are %s", (flag) => {
    const { enabled, diagnostics } = validate(`tokenauth_config_enable: ${flag}\ntokenauth: {items: []}`, steps);
    expect(enabled.map(({ namespace }) => namespace)).toEqual(["tokenauth"]);
    expect(diagnostics).toEqual([]);
  });

  it.each(["42", "ja", "[true]", "{a: b}", "", "~"])("A3.20 are refused when they are %j", (flag) => {
    expect(reported(`tokenauth_config_enable: ${flag}\ntokenauth: {items: []}`)).toEqual([
      expect.stringMatching(
        /^error WRONG_TYPE config\.yaml:1:\d+ tokenauth_config_enable: expected true or false \(yes, no, on, off, 1 and 0 work too\)$/,
      ),
    ]);
  });

  it("A1.4 say which there are when none is true", () => {
    for (const yaml of ["", "tokenauth_config_enable: false\ngroups_config_enable: no\n"]) {
      const diagnostics = reported(`${yaml}other_program: 1`);
      expect(diagnostics).toContain(
        "error NO_STEPS_ENABLED -:0:0 -: no step is enabled (set at least one of these to true at the root: tokenauth_config_enable, groups_config_enable)",
      );
    }
    expect(reported(on)).toEqual([]);
  });

  it("may come from a variable", () => {
    const yaml = "tokenauth_config_enable: {value_from: {env: ON}}\ntokenauth: {items: [{name: a}]}";
    expect(validate(yaml, steps, contextOf({ ON: "yes" })).declarations).toHaveLength(1);
    expect(validate(yaml, steps, contextOf({ ON: "no" })).enabled).toEqual([]);
    const unset = validate(yaml, steps, contextOf());
    expect(unset.diagnostics.map(({ code }) => code)).toEqual(["ENV_NOT_SET"]);
    expect(unset.unresolved).toBe(true);
  });

  it("with an unset variable have what is written checked all the same, without values", () => {
    const context = contextOf({}, { noEnv: true });
    const yaml = "tokenauth_config_enable: {value_from: {env: ON}}\n";
    expect(reported(`${yaml}tokenauth: {items: [{nam: a}]}`, context)).toHaveLength(1);
    expect(reported(yaml, context)).toEqual([]);
  });

  it("that hold a placeholder are reported as such", () => {
    expect(reported("tokenauth_config_enable: ${ON}\ntokenauth: {items: []}")).toEqual([
      expect.stringContaining("error PLACEHOLDER config.yaml:1:26 tokenauth_config_enable:"),
    ]);
  });

  it("F34: that a variable gives are no placeholder, but of the wrong type", () => {
    const yaml = "tokenauth_config_enable: {value_from: {env: ON}}\ntokenauth: {items: []}";
    expect(reported(yaml, contextOf({ ON: "<ON>" }))).toEqual([expect.stringContaining("error WRONG_TYPE")]);
  });

  it("enable their step for all files, which are one configuration", () => {
    expect(keysOf({ "a.yaml": "tokenauth_config_enable: true", "b.yaml": "tokenauth: {items: [{name: b}]}" })).toEqual([
      "b",
    ]);
  });

  it("that contradict each other in two files are an error at the second", () => {
    const files = { "a.yaml": on, "b.yaml": "groups_config_enable: no\ntokenauth_config_enable: false" };
    expect(reported(files)).toEqual([
      "error INVALID_VALUE b.yaml:2:26 tokenauth_config_enable: `tokenauth_config_enable` contradicts a.yaml:1: all files together form one configuration (set the flag in one file only)",
    ]);
    expect(reported({ ...files, "b.yaml": "tokenauth_config_enable: yes" })).toEqual([]);
  });
});

describe("namespaces", () => {
  it("are missed at the flag of an enabled step", () => {
    expect(reported("groups_config_enable: no\ntokenauth_config_enable: true")).toEqual([
      'error MISSING_FIELD config.yaml:2:1 tokenauth: `tokenauth_config_enable` is true, but `tokenauth` is missing (add `tokenauth:` at the root with the configuration of the step "Tokens", or set the flag to false)',
    ]);
  });

  it.each(["", "~", "[]", "text", "42"])("must be mappings, not %j", (value) => {
    expect(reported(`tokenauth_config_enable: true\ntokenauth: ${value}`)).toEqual([
      expect.stringMatching(/^error WRONG_TYPE config\.yaml:2:1\d tokenauth: expected a mapping \(/),
    ]);
  });

  it("without their flag are warned of, but not when it is false", () => {
    const unused = "groups_config: {items: bad}\n";
    expect(reported(on + unused)).toEqual([
      "warning STEP_NOT_ENABLED config.yaml:3:1 groups_config: `groups_config` is ignored, because `groups_config_enable` is not true (add `groups_config_enable: true` at the root, or `groups_config_enable: false` to disable it on purpose)",
    ]);
    expect(reported(`${on + unused}groups_config_enable: false`)).toEqual([]);
  });

  it("of one step in several files are validated one by one and all declare", () => {
    const files = { "a.yaml": on, "b.yaml": "tokenauth: {items: [{name: b}]}" };
    expect(keysOf(files)).toEqual(["a", "b"]);
    expect(reported({ ...files, "b.yaml": "tokenauth: {items: [{nam: b}, {}]}" })).toEqual([
      "error UNKNOWN_FIELD b.yaml:1:22 tokenauth.items.0.nam: unknown field `nam` (did you mean `name`?)",
      "error MISSING_FIELD b.yaml:1:31 tokenauth.items.1.name: the required field `name` is missing (add `name`)",
    ]);
  });

  it("may come from a variable that leaves them out", () => {
    expect(reported("tokenauth_config_enable: true\ntokenauth: {value_from: {env: X, required: false}}")).toEqual([
      expect.stringContaining(
        "error MISSING_FIELD config.yaml:2:1 tokenauth: the step is enabled, but `tokenauth` is empty",
      ),
    ]);
  });

  it("are not missed in files that could be read while another could not", () => {
    const context = contextOf({}, { incomplete: true });
    expect(reported("tokenauth_config_enable: true", context)).toEqual([]);
    expect(reported("groups_config: {}", context)).toEqual([]);
  });
});

describe("other root keys", () => {
  it("A3.18 of other programs are allowed, with a warning", () => {
    const diagnostics = validate(
      `${on}my_program: {a: "{{ b }}", c: {value_from: {env: UNSET}}}\nzgw_consumers: {}`,
      steps,
    ).diagnostics;
    expect(lines(diagnostics)).toEqual([
      "warning UNKNOWN_ROOT_KEY config.yaml:3:1 my_program: unknown key `my_program` at the root is ignored (ignore this if another program reads it; vtb-setup reads tokenauth_config_enable, tokenauth, groups_config_enable, groups_config, vtb_setup)",
      "warning UNKNOWN_ROOT_KEY config.yaml:4:1 zgw_consumers: `zgw_consumers` belongs to another program and is ignored here",
    ]);
  });

  it.each([
    ["tokenauth_config_enalbe", "tokenauth_config_enable"],
    ["tokenauth_config_enabled", "tokenauth_config_enable"],
    ["tokenath", "tokenauth"],
    ["TokenAuth", "tokenauth"],
    ["group_config", "groups_config"],
  ])("I6 that are close to one of ours are an error: %s", (key, near) => {
    expect(reported(`${on}${key}: {}`)).toEqual([
      `error UNKNOWN_FIELD config.yaml:3:1 ${key}: unknown key \`${key}\` at the root (did you mean \`${near}\`?)`,
    ]);
  });

  it.each(["GROUPS_CONFIG_ENABLE", "Groups_Config_Enable", "groups-config-enable", "GROUPS_CONFIG_ENABEL"])(
    "F73: %s is an error, whatever else is enabled, and what it turns on is checked",
    (flag) => {
      expect(reported(`${on}${flag}: true\nGROUPS_CONFIG: {items: [{nmae: a}]}`)).toEqual([
        `error UNKNOWN_FIELD config.yaml:3:1 ${flag}: unknown key \`${flag}\` at the root (did you mean \`groups_config_enable\`?)`,
        "error UNKNOWN_FIELD config.yaml:4:1 GROUPS_CONFIG: unknown key `GROUPS_CONFIG` at the root (did you mean `groups_config`?)",
        "error UNKNOWN_FIELD config.yaml:4:26 groups_config.items.0.nmae: unknown field `nmae` (did you mean `name`?)",
      ]);
    },
  );

  it("F73: keys of other programs stay theirs in any case", () => {
    const diagnostics = validate(`${on}SITES_CONFIG_ENABLE: true\nMY_PROGRAM: {}`, steps).diagnostics;
    expect(diagnostics.map(({ code }) => code)).toEqual(["UNKNOWN_ROOT_KEY", "UNKNOWN_ROOT_KEY"]);
  });

  it("I6 a misspelt flag is one error, without those that follow from it", () => {
    expect(reported("tokenauth_config_enalbe: true\ntokenauth: {items: []}")).toEqual([
      "error UNKNOWN_FIELD config.yaml:1:1 tokenauth_config_enalbe: unknown key `tokenauth_config_enalbe` at the root (did you mean `tokenauth_config_enable`?)",
    ]);
    expect(reported("tokenauth_config_enable: true\ntokenaut: {items: []}")).toHaveLength(1);
  });

  it("I6 what stands under a misspelt key is checked as what it was meant to be, unless its flag is false", () => {
    const codes = (text: string) => validate(text, steps).diagnostics.map(({ code, path }) => `${code} ${path}`);
    const wrong = "{items: [{nmae: a}]}";
    expect(codes(`tokenauth_config_enalbe: true\ntokenaut: ${wrong}`)).toEqual([
      "UNKNOWN_FIELD tokenauth_config_enalbe",
      "UNKNOWN_FIELD tokenaut",
      "UNKNOWN_FIELD tokenauth.items.0.nmae",
    ]);
    expect(codes(`tokenauth_config_enalbe: false\ntokenauth: ${wrong}`)).toEqual([
      "UNKNOWN_FIELD tokenauth_config_enalbe",
    ]);
  });

  it("that another program is known to have are not treated as misspelt", () => {
    const sites = step("site_config_enable", "site_config", "Site");
    const diagnostics = validate("site_config_enable: yes\nsite_config: {items: []}\nsites_config: {}", [
      sites,
    ]).diagnostics;
    expect(diagnostics.map(({ code }) => code)).toEqual(["UNKNOWN_ROOT_KEY"]);
  });
});
