import { describe, expect, it } from "vitest";
import { runCliProcess, writeFiles } from "../support/cli.js";
import { placeWith } from "./token-place.js";

const catalogue = (...names: readonly string[]) =>
  JSON.stringify({ formatVersion: 1, permissions: names.map((name) => ({ name })) });
const groups = (permission: string, settings = "catalogue: api.json") => `vtb_setup: {${settings}}
groups_config_enable: true
groups_config: {items: [{name: lezers, permissions: [${permission}]}]}
`;

describe("a permission catalogue in a run", () => {
  it("refuses an unknown permission in validate, plan and apply, with line and caret, and changes nothing", async () => {
    const { folder, command, contents } = await placeWith(groups("taken.view", "format: 1"));
    const before = await contents();
    writeFiles(folder, { "api.json": catalogue("taken.view"), "config.yaml": groups("taken.veiw") });
    for (const name of ["validate", "plan", "apply"]) {
      expect(await command([name, "config.yaml"])).toMatchObject({
        status: 3,
        stderr: expect.stringContaining(`config.yaml:3:54: error: unknown permission taken.veiw [UNKNOWN_PERMISSION]
  3 | groups_config: {items: [{name: lezers, permissions: [taken.veiw]}]}
    |                                                      ^^^^^^^^^^
  fix: did you mean taken.view?
`),
      });
    }
    expect(await contents()).toBe(before);
    writeFiles(folder, { "config.yaml": groups("taken.view") });
    expect(await command(["validate", "--strict", "config.yaml"])).toMatchObject({ status: 0, stderr: "" });
  });

  it("only warns where the code is allowed, on the command line or in the file", async () => {
    const { folder, command } = await placeWith(groups("taken.view", "format: 1"));
    writeFiles(folder, { "api.json": catalogue("taken.view"), "config.yaml": groups("taken.new") });
    const allowed = await command(["apply", "config.yaml", "--allow", "UNKNOWN_PERMISSION"]);
    expect(allowed).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("warning: unknown permission taken.new"),
    });
    writeFiles(folder, { "config.yaml": groups("taken.view", "catalogue: api.json, allow: [UNKNOWN_PERMISSION]") });
    expect(await command(["validate", "config.yaml"])).toMatchObject({ status: 0 });
  });

  it("warns of permissions that the database has and the catalogue does not, of entries in no file alone", async () => {
    const { folder, command } = await placeWith(groups("taken.view", "format: 1"));
    const other = groups("taken.old, taken.view", "owner: ander").replace("lezers", "van-hand");
    writeFiles(folder, { "other.yaml": other });
    expect(await command(["apply", "other.yaml"])).toMatchObject({ status: 0 });
    writeFiles(folder, { "api.json": catalogue("taken.view"), "config.yaml": groups("taken.view") });
    const { stdout } = await command(["plan", "config.yaml", "--output", "json"]);
    expect(JSON.parse(stdout).diagnostics).toMatchObject([
      {
        severity: "warning",
        code: "UNKNOWN_PERMISSION",
        message: "the database has permissions that are not in the catalogue: group van-hand has taken.old",
        file: "config.yaml",
        line: 1,
      },
    ]);
    writeFiles(folder, { "api.json": catalogue("taken.view", "taken.old") });
    expect(JSON.parse((await command(["plan", "config.yaml", "--output", "json"])).stdout).diagnostics).toEqual([]);
  });

  it("reads a catalogue that is not written simply, and says what is wrong with one that can't be read", async () => {
    const { folder, command } = await placeWith(groups("taken.view", "format: 1"));
    const written = "formatVersion: !!int 1\npermissions:\n  - {name: taken.view}\n";
    writeFiles(folder, { "api.json": written, "config.yaml": groups("taken.view") });
    expect(await command(["validate", "--strict", "config.yaml"])).toMatchObject({ status: 0, stderr: "" });
    writeFiles(folder, { "api.json": catalogue("taken.view").slice(0, -1) });
    expect(await command(["validate", "config.yaml"])).toMatchObject({
      status: 3,
      stderr: expect.stringMatching(/the catalogue api\.json is not valid: 1:\d+: this \{ is never closed/),
    });
  });

  it("reads the file beside the configuration, not in the working directory, in a process of its own", async () => {
    const { folder } = await placeWith(groups("taken.view", "format: 1"));
    writeFiles(folder, { "config/a.yaml": groups("taken.view"), "config/api.json": catalogue("taken.view") });
    expect(await runCliProcess(["validate", "config"], { cwd: folder })).toMatchObject({ status: 0, stderr: "" });
    const input = groups("taken.view", "catalogue: config/api.json");
    expect(await runCliProcess(["validate", "-"], { cwd: folder, input })).toMatchObject({ status: 0, stderr: "" });
    const missing = await runCliProcess(["validate", "-"], { cwd: folder, input: groups("taken.view") });
    expect(missing).toMatchObject({
      status: 3,
      stderr: expect.stringContaining("a relative path starts at the working directory"),
    });
  });
});
