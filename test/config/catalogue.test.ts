import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { coreSteps } from "../../src/resources/registry.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { contextOf, lines, validate } from "./from-yaml.js";

const uuid = "feeaa795-d212-4fa2-bb38-2c34996e5702";
const group = (permissions: string) =>
  `groups_config_enable: true\ngroups_config:\n  items:\n    - name: lezers\n      permissions: ${permissions}\n`;
const catalogueOf = (...names: readonly string[]) =>
  JSON.stringify({ formatVersion: 1, permissions: names.map((name) => ({ name })) });

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

/** The diagnostics of files in the folder; what does not end in .yaml is only written. */
function found(files: Readonly<Record<string, string>>): readonly string[] {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const yaml = Object.entries(files).filter(([name]) => name.endsWith(".yaml"));
  const { diagnostics } = validate(
    Object.fromEntries(yaml.map(([name, text]) => [join(folder, name), text])),
    coreSteps,
    contextOf(),
  );
  return lines(diagnostics).map((line) => line.replaceAll(`${folder}/`, ""));
}

describe("a permission catalogue", () => {
  it("changes nothing where files have none", () => {
    expect(found({ "a.yaml": group("[taken.anything]") })).toEqual([]);
  });

  it("makes an unknown permission an error at its place, and suggests the nearest one", () => {
    const listed =
      "vtb_setup: {permissions: [taken.view_externetaak, {name: taken.delete_externetaak, description: Weg.}]}\n";
    expect(found({ "a.yaml": group("[taken.view_externetaak, taken.delete_externetaak]") + listed })).toEqual([]);
    expect(found({ "a.yaml": group("[taken.view_externetaak, taken.view_externtaak]") + listed })).toEqual([
      "error UNKNOWN_PERMISSION a.yaml:5:45 groups_config.items.0.permissions: unknown permission taken.view_externtaak (did you mean taken.view_externetaak?)",
    ]);
    expect(found({ "a.yaml": group("[zaken.lezen]") + listed })).toEqual([
      "error UNKNOWN_PERMISSION a.yaml:5:21 groups_config.items.0.permissions: unknown permission zaken.lezen (add it to the catalogue at a.yaml:6, or remove it)",
    ]);
  });

  it("holds for groups, users and tokens, and for the way in which the Objects API writes permissions", () => {
    const objectType = (mode: string) => `{object_type: "${uuid.toUpperCase()}", mode: ${mode}}`;
    const files = (mode: string, permission: string) => ({
      "a.yaml": `vtb_setup: {permissions: [taken.view, "objecttype.*.read_only"]}
groups_config_enable: true
groups_config: {items: [{name: a, permissions: [${permission}]}]}
default_user_configuration_enable: true
default_user_configuration_config: {users: [{username: b, permissions: [${permission}]}]}
tokenauth_config_enable: true
tokenauth:
  items:
    - {identifier: c, token: {generate: true}, contact_person: C, email: c@example.nl, permissions: [${objectType(mode)}]}
`,
    });
    expect(found(files("read_only", "taken.view"))).toEqual([]);
    expect(found(files("read_and_write", "taken.vieuw")).map((line) => line.split(" (")[0])).toEqual([
      "error UNKNOWN_PERMISSION a.yaml:3:49 groups_config.items.0.permissions: unknown permission taken.vieuw",
      "error UNKNOWN_PERMISSION a.yaml:5:73 default_user_configuration_config.users.0.permissions: unknown permission taken.vieuw",
      `error UNKNOWN_PERMISSION a.yaml:9:102 tokenauth.items.0.permissions: unknown permission objecttype.${uuid}.read_and_write`,
    ]);
  });

  it("takes a `*` for one whole part, and suggests what it would be", () => {
    const listed = 'vtb_setup: {permissions: ["objecttype.*.read_only"]}\n';
    expect(found({ "a.yaml": group("[objecttype.x.read_only, objecttype.y.read_only]") + listed })).toEqual([]);
    expect(found({ "a.yaml": group("[objecttype.x.y.read_only]") + listed })).toHaveLength(1);
    expect(found({ "a.yaml": group("[objecttype.read_only]") + listed })).toHaveLength(1);
    expect(found({ "a.yaml": group("[objecttype.x.read_onyl]") + listed })[0]).toContain(
      "did you mean objecttype.x.read_only?",
    );
    for (const name of ["*.read", "a.re*", "*"]) {
      expect(found({ "a.yaml": `${group("[]")}vtb_setup: {permissions: ["${name}"]}\n` })[0]).toContain(
        "INVALID_VALUE",
      );
    }
  });

  it("always has the permissions of the admin pages", () => {
    const listed = "vtb_setup: {permissions: []}\n";
    expect(found({ "a.yaml": group("[vtb_setup.view_tokens, vtb_setup.view_history]") + listed })).toEqual([]);
    expect(found({ "a.yaml": group("[vtb_setup.view_token]") + listed })[0]).toContain(
      "did you mean vtb_setup.view_tokens?",
    );
  });

  it("joins the lists and files of all files, each relative to the file that names it", () => {
    mkdirSync(join(folder, "api"));
    writeFileSync(join(folder, "api", "taken.json"), catalogueOf("taken.view"));
    symlinkSync(join(folder, "api", "taken.json"), join(folder, "link.json"));
    const permissions = "[taken.view, berichten.view, zaken.view, klant.view]";
    const files = {
      "berichten.json": catalogueOf("berichten.view"),
      "a.yaml": `${group(permissions)}vtb_setup: {catalogue: api/taken.json, permissions: [zaken.view]}\n`,
      "b.yaml": `vtb_setup: {catalogue: [link.json, ${join(folder, "berichten.json")}], permissions: [klant.view]}\n`,
    };
    expect(found(files)).toEqual([]);
    expect(found({ ...files, "b.yaml": "" }).map((line) => line.split(": ")[1]?.split(" (")[0])).toEqual([
      "unknown permission berichten.view",
      "unknown permission klant.view",
    ]);
  });

  it("reads JSON as any program writes it", () => {
    const text = JSON.stringify(
      {
        formatVersion: 1,
        permissions: [{ name: "taken.view", description: 'Zie "taken" \\ ${X} {{ y }} é 😀 / \u2028 # a: b' }],
      },
      null,
      "\t",
    );
    for (const written of [text, `\ufeff${text}`, text.replaceAll("\n", "\r\n"), text.replaceAll("/", "\\/")]) {
      expect(
        found({ "a.yaml": `${group("[taken.view]")}vtb_setup: {catalogue: c.json}\n`, "c.json": written }),
      ).toEqual([]);
    }
  });

  it.each([
    [
      "is missing",
      undefined,
      "the catalogue c.json does not exist (a relative path starts at the folder of this file)",
    ],
    ["is empty", "", "the catalogue c.json is not valid: 1:1: the file is empty"],
    ["is no JSON", "{", "the catalogue c.json is not valid: 1:1: this { is never closed"],
    ["is a list", "[]", "the catalogue c.json is not valid: 1:1: expected a mapping at the root of the file"],
    ["has another format", '{"formatVersion": 2, "permissions": []}', "not valid: 1:19 formatVersion: expected 1"],
    ["has no permissions", '{"formatVersion": 1}', "the required field `permissions` is missing"],
    [
      "has a name alone",
      '{"formatVersion": 1, "permissions": ["a.b"]}',
      "not valid: 1:38 permissions.0: expected a mapping",
    ],
    ["has an unknown field", '{"formatVersion": 1, "permission": []}', "did you mean `permissions`?"],
    [
      "has what is no permission",
      '{"formatVersion": 1,\n"permissions": [{"name": "taken"}]}',
      "not valid: 2:26 permissions.0.name: expected a permission such as",
    ],
  ])("is an error at its value where the file %s", (_, text, sentence) => {
    const config = `${group("[a.unknown]")}vtb_setup:\n  catalogue: [c.json]\n`;
    const reported = found({ "a.yaml": config, ...(text !== undefined && { "c.json": text }) });
    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain("error CATALOGUE_INVALID a.yaml:7:15 vtb_setup.catalogue: ");
    expect(reported[0]).toContain(sentence);
  });

  it("refuses a folder, a device and a file that is too large, and quotes nothing of a wrong one", () => {
    mkdirSync(join(folder, "c"));
    const at = (path: string) => found({ "a.yaml": `${group("[a.b]")}vtb_setup: {catalogue: ${path}}\n` });
    expect(at("c")[0]).toContain("CATALOGUE_INVALID");
    expect(at("/dev/zero")[0]).toContain("not a regular file");
    writeFileSync(join(folder, "big.json"), " ".repeat(4 * 1024 * 1024 + 1));
    expect(at("big.json")[0]).toContain("larger than 4 MiB");
    for (const wrong of [
      "s3cret-of-a-file",
      "s3cret: {a: s3cret}",
      '{"formatVersion": "s3cret", "permissions": ["s3cret"]}',
    ]) {
      writeFileSync(join(folder, "secret"), wrong);
      const reported = at("secret").join("\n");
      expect(reported).toContain("CATALOGUE_INVALID");
      expect(reported).not.toContain("s3cret");
    }
  });
});
