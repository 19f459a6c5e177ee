import { describe, expect, it } from "vitest";
import { loadConfig, validate } from "../../src/apply/load.js";
import type { DiagnosticCode } from "../../src/errors.js";
import { writeFiles } from "../support/cli.js";
import { tokenItem, tokens, users, workplace as workplaceOf } from "./outcome.js";

const workplace = (yaml: string) => workplaceOf({ "config.yaml": yaml });

const strong = "kX9vQ2mR7tB4nW8cZ1pL6sD3fG5hJ0aY";
const ours = tokens(tokenItem("a", strong));
const weak = tokens(tokenItem("a", "kX9vQ2mR7tB4"));
const others = `zgw_consumers_config_enable: true
zgw_consumers: {services: [{secret: a, secret: b}]}
notifications_subscriptions_config: {items: []}
openklant: {}
objecten: {}
`;
const commands = ["validate", "plan", "apply"];

describe("--strict", () => {
  it("F38: does not raise what other programs' known keys get, nor a key that stands twice in their part", async () => {
    const place = workplace(ours + others);
    for (const command of commands) {
      const run = await place.run([command, "config.yaml", "--strict", "--deny", "UNKNOWN_ROOT_KEY"]);
      expect([run.status, run.diagnostics.map((problem) => problem.replace(/ \d.*/, ""))]).toEqual([
        0,
        ["UNKNOWN_ROOT_KEY", "UNKNOWN_ROOT_KEY", "DUPLICATE_KEY", ...Array(3).fill("UNKNOWN_ROOT_KEY")].map(
          (code) => `warning ${code}`,
        ),
      ]);
    }
  });

  it("F38: raises a root key that no known program reads, and duplicates there, unless allowed", async () => {
    const place = workplace(`${ours}my_program: {a: 1, a: 2}\n`);
    expect(await place.run(["plan", "config.yaml"])).toMatchObject({
      status: 0,
      diagnostics: ["warning UNKNOWN_ROOT_KEY 5:1", "warning DUPLICATE_KEY 5:20"],
    });
    expect(await place.run(["plan", "config.yaml", "--strict"])).toMatchObject({
      status: 3,
      diagnostics: ["error UNKNOWN_ROOT_KEY 5:1", "error DUPLICATE_KEY 5:20"],
    });
    const allow = ["--allow", "UNKNOWN_ROOT_KEY", "--allow", "DUPLICATE_KEY"];
    expect((await place.run(["plan", "config.yaml", "--strict", ...allow])).status).toBe(0);
  });

  it("F38: a key that stands twice in our own part stays an error, allowed or not, as does a misspelt namespace of ours", async () => {
    for (const yaml of [
      ours.replace("contact_person", `token: ${strong}, contact_person`),
      `${ours}tokenath: {a: 1, a: 2}\n`,
    ]) {
      const run = await workplace(yaml).run(["validate", "config.yaml", "--allow", "DUPLICATE_KEY"]);
      expect([run.status, run.diagnostics]).toEqual([
        3,
        expect.arrayContaining([expect.stringMatching(/^error DUPLICATE_KEY/)]),
      ]);
    }
  });
});

describe("--allow", () => {
  it("F38: leaves a warning one that --strict does not raise, in every command, and no other", async () => {
    const place = workplace(weak);
    for (const command of commands) {
      const strict = [command, "config.yaml", "--strict"];
      expect((await place.run([...strict, "--allow", "EXPIRED"])).status).toBe(3);
      const run = await place.run([...strict, "--allow", "EXPIRED", "--allow", "WEAK_TOKEN"]);
      expect([run.status, run.diagnostics]).toEqual([0, ["warning WEAK_TOKEN 4:30"]]);
    }
  });

  it("F38: turns only errors that are a matter of judgement into warnings", async () => {
    const group = "groups_config_enable: true\ngroups_config: {items: [{name: behandelaars}]}\n";
    const place = workplace(group + users("username: jan, groups: [behandelars]"));
    const allow = ["config.yaml", "--strict", "--allow", "REFERENCE_NOT_FOUND"];
    const allowed = await place.run(["validate", ...allow]);
    expect([allowed.status, allowed.diagnostics]).toEqual([0, ["warning REFERENCE_NOT_FOUND 6:32"]]);
    expect((await place.run(["plan", ...allow])).status).toBe(3);
  });
});

describe("--deny", () => {
  it("F38: refuses what has a warning or note of this code, in every command, and writes nothing", async () => {
    const place = workplace(weak);
    for (const command of commands) {
      const run = await place.run([command, "config.yaml", "--deny", "WEAK_TOKEN"]);
      expect([run.status, run.diagnostics]).toEqual([4, ["refusal WEAK_TOKEN 4:30"]]);
      // What --strict alone finds weighs more.
      const both = await place.run([command, "config.yaml", "--deny", "EXPIRED", "--strict"]);
      expect(both.status).toBe(3);
      // What is denied stays a refusal, with --strict too.
      expect((await place.run([command, "config.yaml", "--deny", "WEAK_TOKEN", "--strict"])).status).toBe(4);
    }
    expect(await place.hasDatabase()).toBe(false);
    expect((await place.apply(weak)).status).toBe(0);
  });

  it("F38: refuses a note that only the database shows", async () => {
    const place = workplace(ours);
    await place.apply(ours);
    writeFiles(place.folder, { "other.yaml": tokens(tokenItem("b", strong.toLowerCase())) });
    expect((await place.run(["plan", "other.yaml"])).diagnostics).toEqual(["note UNDECLARED"]);
    const before = await place.contents();
    expect(await place.run(["apply", "other.yaml", "--deny", "UNDECLARED"])).toMatchObject({
      status: 4,
      diagnostics: ["refusal UNDECLARED"],
    });
    expect(await place.contents()).toBe(before);
  });
});

describe("an unknown code", () => {
  it.each(["--allow", "--deny"])("F38: is a usage error of %s, which suggests the nearest one", async (option) => {
    const place = workplace(ours);
    for (const command of commands) {
      const run = await place.run([command, "config.yaml", option, "weak_tokn"]);
      expect([run.status, run.json.diagnostics[0]?.hint]).toEqual([64, "did you mean WEAK_TOKEN?"]);
    }
    const both = await place.run(["validate", "config.yaml", "--allow", "EXPIRED", "--deny", "EXPIRED"]);
    expect(both.status).toBe(64);
  });

  it("F38: is one in the library too", async () => {
    const place = workplace(ours);
    const codes = { cwd: place.folder, env: {}, deny: ["WEAK" as DiagnosticCode] };
    const files = [`${place.folder}/config.yaml`];
    await expect(loadConfig(files, codes)).rejects.toMatchObject({ reason: "usage" });
    await expect(validate(files, codes)).rejects.toMatchObject({ reason: "usage" });
  });
});
