import { describe, expect, it } from "vitest";
import { migratedWorkplace, users } from "./outcome.js";

const quoted = (name: string) => `username: ${JSON.stringify(name)}`;
const groups = (...names: readonly string[]) =>
  `groups_config_enable: true\ngroups_config:\n  items:\n${names.map((name) => `    - {name: ${JSON.stringify(name)}}\n`).join("")}`;

const composed = "Ren\u00e9e";

describe("a name in a file", () => {
  it.each([
    ["decomposed letters", "Rene\u0301e", "composed letters"],
    ["a blank before it", " jan", "leading or trailing whitespace"],
    ["a no-break space behind it", "jan\u00a0", "leading or trailing whitespace"],
    ["a zero-width space", "ja\u200bn", "invisible characters"],
    ["a filler", "ja\u3164n", "invisible characters"],
    ["a variation selector", "jan\ufe0f", "invisible characters"],
    ["a blank of Braille", "ja\u2800n", "invisible characters"],
  ])("F13: with %s is an error, for users and groups, and where it is referred to", async (_what, name, reported) => {
    const place = await migratedWorkplace();
    const base = users(quoted(composed), quoted("jan")) + groups(composed, "jan");
    expect((await place.apply(base)).status).toBe(0);
    const files = [users(quoted(name)), groups(name), users(`username: a, groups: [${JSON.stringify(name)}]`)];
    for (const file of files) {
      const run = await place.apply(file);
      expect([run.status, run.diagnostics]).toEqual([3, [expect.stringMatching(/^error INVALID_VALUE/)]]);
      expect(run.json.diagnostics[0]?.message).toContain(reported);
    }
    expect((await (await place.open()).kysely.selectFrom("users").select("id").execute()).length).toBe(2);
  });

  it.each([
    ["case", "Behandelaars", "behandelaars"],
    ["whitespace", "de  groep", "de groep"],
    ["whitespace and case", "De  groep", "de groep"],
  ])("F13: that refers to nothing is reported as different only in %s", async (difference, name, other) => {
    const run = await (await migratedWorkplace()).apply(
      users(`username: a, groups: [${JSON.stringify(name)}]`) + groups(other),
    );
    expect([run.status, run.json.diagnostics.map(({ code }) => code)]).toEqual([3, ["REFERENCE_NOT_FOUND"]]);
    expect(run.json.diagnostics[0]?.message).toContain(`it differs only in ${difference} from ${other}`);
  });

  it("F13: that refers to nothing gets no suggestion where no name is close", async () => {
    const run = await (await migratedWorkplace()).apply(users("username: a, groups: [x]") + groups("y"));
    expect(run.json.diagnostics[0]?.message).not.toContain("differs");
  });

  it("F13: that can be mistaken for another is a warning, and two of ASCII only where they differ in case", async () => {
    const place = await migratedWorkplace();
    const both = users(quoted("jan"), quoted("j\u0251n"), quoted("JAN"), quoted("jl1"), quoted("jll"), quoted("weg"));
    const file = both.replace('"weg"', '"JL1", state: absent') + groups("lezers", "Lezers", "jan");
    const run = await place.apply(file);
    const warning = (line: number) => `warning CONFUSABLE_NAMES ${line}:7`;
    expect([run.status, run.diagnostics]).toEqual([0, [warning(5), warning(6), warning(14)]]);
    expect(run.json.diagnostics[0]?.message).toContain("user jan at config.yaml:4");
    expect((await place.run(["validate", "config.yaml"])).diagnostics).toEqual(run.diagnostics);
  });
});
