import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/apply/load.js";
import { coreSteps } from "../../src/resources/registry.js";
import { contextOf, lines, validate } from "./from-yaml.js";

const groups = (...names: readonly string[]) =>
  `groups_config_enable: true\ngroups_config: {items: [${names.map((name) => `{name: ${name}}`).join(", ")}]}\n`;
const read = (...files: readonly string[]) =>
  validate(Object.fromEntries(files.map((text, index) => [`${"abc"[index]}.yaml`, text])), coreSteps, contextOf());
const found = (...files: readonly string[]) => lines(read(...files).diagnostics);

describe("F201: vtb_setup", () => {
  it("gives the settings of the run", () => {
    const { settings, diagnostics } = read(
      groups("a") +
        "vtb_setup: {format: 1, owner: shop, policy: {require_expiry: yes, max_lifetime: 365d, warn_before: 24h}, permissions: [a.b], allow: [WEAK_TOKEN], deny: [EXPIRED]}\n",
    );
    expect(lines(diagnostics)).toEqual([]);
    expect(settings).toMatchObject({
      policy: {
        requireExpiry: true,
        maxLifetimeSeconds: 365 * 86_400,
        warnBeforeSeconds: 86_400,
        unusedAfterSeconds: undefined,
      },
      policyRange: { position: { line: 3 } },
      permissions: { names: ["a.b"], range: { position: { line: 3 } } },
      catalogues: [],
      allow: [{ code: "WEAK_TOKEN", range: { position: { file: "a.yaml", line: 3 } } }],
      deny: [{ code: "EXPIRED" }],
    });
  });

  it.each([
    ["an unknown key", "{ownr: shop}", "UNKNOWN_FIELD a.yaml:1:13", "did you mean `owner`?"],
    [
      "an unknown key of the policy",
      "{policy: {max_livetime: 1d}}",
      "UNKNOWN_FIELD a.yaml:1:22",
      "did you mean `max_lifetime`?",
    ],
    [
      "an unknown key of the owner",
      "{owner: {name: a, formely: b}}",
      "UNKNOWN_FIELD a.yaml:1:30",
      "did you mean `formerly`?",
    ],
    ["no mapping", "shop", "WRONG_TYPE a.yaml:1:12", "expected a mapping"],
    ["nothing", "", "WRONG_TYPE a.yaml:1:", "expected a mapping"],
    ["an owner in quotes twice", `{owner: "'shop'"}`, "INVALID_VALUE a.yaml:1:20", "has quotes around it"],
    ["an empty owner", `{owner: ""}`, "INVALID_VALUE a.yaml:1:20", "owner"],
    [
      "no duration",
      "{policy: {warn_before: 30}}",
      "INVALID_VALUE a.yaml:1:35",
      "expected a whole number above zero and a unit",
    ],
    ["a duration of nothing", "{policy: {warn_before: 0d}}", "INVALID_VALUE a.yaml:1:35", "above zero"],
    ["no permission", "{permissions: [a b]}", "INVALID_VALUE a.yaml:1:27", "expected a permission"],
    ["a file in place of permissions", "{permissions: list.json}", "WRONG_TYPE a.yaml:1:26", "expected a list"],
    ["an unknown code", "{allow: [EXPIRD]}", "INVALID_VALUE a.yaml:1:21", "did you mean EXPIRED?"],
    [
      "a later format",
      "{format: 3, ownr: x}",
      "FORMAT_UNKNOWN a.yaml:1:21",
      "use a newer version of vtb-setup, one that reads format 3",
    ],
    ["no format", "{format: one}", "INVALID_VALUE a.yaml:1:21", "expected 1"],
    [
      "value_from",
      "{owner: {value_from: {env: OWNER, default: x}}}",
      "VALUE_FROM_INVALID a.yaml:1:20",
      "takes nothing from the environment",
    ],
    [
      "value_from inside a list",
      "{allow: [{value_from: {env: CODE}}]}",
      "VALUE_FROM_INVALID a.yaml:1:21",
      "write the value itself",
    ],
    ["a placeholder", "{owner: '${OWNER}'}", "PLACEHOLDER a.yaml:1:20", "write the value itself"],
    ["a placeholder for a catalogue", "{catalogue: <file>}", "PLACEHOLDER a.yaml:1:24", "write the value itself"],
    [
      "value_from as a whole",
      "{value_from: {file: settings.yaml}}",
      "VALUE_FROM_INVALID a.yaml:1:12",
      "write the value itself",
    ],
  ])("refuses %s, with its place", (_, yaml, place, sentence) => {
    const reported = found(`vtb_setup: ${yaml}\n${groups("a")}`);
    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain(place);
    expect(reported[0]).toContain(sentence);
  });

  it.each(["vtb_setpu", "vtb-setup", "VTB_SETUP"])(
    "refuses the misspelt root key %s, and reads it all the same",
    (key) => {
      const reported = found(`${key}: {ownr: x}\n${groups("a")}`);
      expect(reported).toEqual([
        `error UNKNOWN_FIELD a.yaml:1:1 ${key}: unknown key \`${key}\` at the root (did you mean \`vtb_setup\`?)`,
        expect.stringContaining("did you mean `owner`?"),
      ]);
    },
  );

  it("is no step: alone, it enables nothing", () => {
    expect(found("vtb_setup: {owner: shop}\n")).toEqual([expect.stringContaining("NO_STEPS_ENABLED")]);
  });
});

describe("F202: vtb_setup in several files", () => {
  it("gives each entry the owner of its file, and the default one where a file names none", () => {
    const { declarations } = read(
      `vtb_setup: {owner: shop}\n${groups("a")}`,
      `vtb_setup: {owner: {name: stock, formerly: shop}}\n${groups("b")}`,
      groups("c"),
    );
    expect(declarations.map(({ key, owner }) => [key, owner])).toEqual([
      ["a", "shop"],
      ["b", "stock"],
      ["c", "default"],
    ]);
  });

  it("gives objects their own owners, although all have the same name", async () => {
    const object = (owner: string) => ({
      vtb_setup: { owner },
      groups_config_enable: true,
      groups_config: { items: [{ name: `of-${owner}` }] },
    });
    const { resources } = await loadConfig([object("shop"), object("stock")]);
    expect(resources.map(({ key, owner }) => [key, owner])).toEqual([
      ["of-shop", "shop"],
      ["of-stock", "stock"],
    ]);
  });

  it("lets two files say the same, and unites what they allow and deny", () => {
    const { settings, diagnostics } = read(
      `${groups("a")}vtb_setup: {policy: {warn_before: 1d, require_expiry: yes}, permissions: [a.b], allow: [EXPIRED]}\n`,
      `${groups("b")}vtb_setup: {policy: {warn_before: 24h, unused_after: 90d}, permissions: [c.d, {name: e.f}], allow: [WEAK_TOKEN], deny: [EXPIRED]}\n`,
    );
    expect(lines(diagnostics)).toEqual([]);
    expect(settings).toMatchObject({
      policy: { requireExpiry: true, warnBeforeSeconds: 86_400, unusedAfterSeconds: 90 * 86_400 },
      permissions: { names: ["a.b", "c.d", "e.f"], range: { position: { file: "a.yaml" } } },
      allow: [{ code: "EXPIRED" }, { code: "WEAK_TOKEN" }],
      deny: [{ code: "EXPIRED" }],
    });
  });

  it.each([
    ["policy: {warn_before: 1d}", "policy: {warn_before: 2d}", "vtb_setup.policy.warn_before"],
    ["policy: {require_expiry: yes}", "policy: {require_expiry: no}", "vtb_setup.policy.require_expiry"],
  ])("refuses %s beside %s, and names both places", (one, other, path) => {
    expect(found(`vtb_setup: {${one}}\n${groups("a")}`, `${groups("b")}vtb_setup: {${other}}\n`)).toEqual([
      expect.stringMatching(new RegExp(`^error INVALID_VALUE b.yaml:3:\\d+ ${path}: this contradicts a.yaml:1: `)),
    ]);
  });
});
