import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCliProcess, writeFiles } from "../support/cli.js";
import { explicitProvider, tablesIn, tokenFile, userFile } from "../support/config-text.js";
import { temporaryFolder } from "../support/run.js";

// Clears the screen in two ways, hides what follows, reorders text, takes no room, ends a line, is half of a character.
const hostile = String.raw`\e[2J\u009b2J\e]0;titel\a\u202egnp.exe\u2066x\u200b\u2028\r\n\uFEFF`;
// What a terminal would act on; line breaks are the program's own.
const acting = /[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}/u;
const token = "a3f1c9d27b8e04a5a6d1f0e9c8b7a6950413223";

function entry(text: string, email = "a@example.nl"): string {
  const fields = ["contact_person", "organization", "application", "administration"];
  const texts = fields.map((name) => `, ${name}: "${text}"`).join("");
  return tokenFile(`    - {identifier: app, token: ${token}, email: ${email}${texts}}\n`);
}

describe("S90 control, ANSI and bidirectional characters", () => {
  it("are written out in the text of plan and apply: new fields, old and new values, what stays and what goes", async () => {
    const folder = temporaryFolder();
    const group = (more = "") => `groups_config_enable: true\ngroups_config: {items: [{name: groep${more}}]}\n`;
    const user = userFile(`username: alice, first_name: "${hostile}", email: "${hostile}"`);
    const provider = explicitProvider
      .replace("SECRET", "a-client-secret-for-tests")
      .replace("[sub]}", `[sub], "${hostile}": ["${hostile}"]}`);
    const steps: readonly (readonly [string, string, readonly string[]])[] = [
      [entry(hostile) + group() + user + provider, "contact_person", ["plan"]],
      [entry(hostile) + group() + user + provider, "Applied", ["apply"]],
      [entry(`${hostile} anders`) + group() + user + provider, "→", ["plan"]],
      [entry(`${hostile} anders`) + group() + user + provider, "→", ["apply"]],
      [entry("gewoon") + group(", state: absent"), "- groep", ["plan"]],
    ];
    for (const [yaml, expected, args] of steps) {
      writeFiles(folder, { "config.yaml": yaml });
      const { status, stdout, stderr } = await runCliProcess([...args, "config.yaml"], { cwd: folder });
      expect(status, stderr).toBe(0);
      expect(stdout).toContain(expected);
      expect(stdout).not.toMatch(acting);
      expect(stderr).not.toMatch(acting);
      if (args[0] === "plan") expect(stdout).toMatch(/\\u\{(?:1b|200b)\}/);
    }
    const [row] = await (await tablesIn(folder)).selectFrom("api_tokens").select("organization").execute();
    expect(row?.organization).toBe(
      `${JSON.parse(`"${hostile.replaceAll("\\e", "\\u001b").replace("\\a", "\\u0007")}"`)} anders`,
    );
  });

  it("are written out where the database has them and no file does", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": userFile("username: alice", "username: bob") });
    await runCliProcess(["apply", "config.yaml"], { cwd: folder });
    const tables = await tablesIn(folder);
    await tables.updateTable("users").set({ username: "bob\u001b[2J\u202e" }).where("username", "=", "bob").execute();
    await tables.updateTable("users").set({ email: "\u009b2J" }).where("username", "=", "alice").execute();
    writeFiles(folder, { "config.yaml": userFile("username: alice") });
    const { stdout } = await runCliProcess(["plan", "config.yaml", "--prune"], { cwd: folder });
    expect(stdout).toContain("- bob\\u{1b}[2J\\u{202e} (no file declares it)");
    expect(stdout).toContain("\\u{9b}2J → ");
    expect(stdout).not.toMatch(acting);
  });

  it("are written out in diagnostics: quoted lines, keys, names of files and arguments, and names that may not hold them", async () => {
    const folder = temporaryFolder();
    const file = "conf\u001b[2J\u202e.yaml";
    const yaml = userFile(`username: alice, "ema\\e[2Jil\u202e": x, email: "x\u202ey\u200b"`);
    writeFiles(folder, {
      [file]: yaml,
      "good.yaml": userFile("username: alice"),
      [`good-${file}`]: userFile("username: b"),
    });
    const database = ["--database", `sqlite:${join(folder, "no\u001b[2J", "x.db")}`];
    for (const more of [database, ["--owner", "o\u001b[2J"]]) {
      const refused = await runCliProcess(["apply", "good.yaml", ...more], { cwd: folder });
      expect(refused.status).toBe(64);
      expect(refused.stderr).not.toMatch(acting);
    }
    const runs: readonly (readonly [readonly string[], number])[] = [
      [["validate", file], 3],
      [["validate", `${file}-missing`], 3],
      [["validate", `good-${file}`], 0],
      [["apply", "good.yaml", `--wat\u001b[2J\u202e`], 64],
      [["vali\u001b[2Jdate"], 64],
    ];
    for (const [args, expected] of runs) {
      const { status, stdout, stderr } = await runCliProcess(args, { cwd: folder });
      expect(status, stderr).toBe(expected);
      expect(stdout + stderr, args.join(" ")).toMatch(/\\u\{1b\}\[2J/);
      expect(stdout + stderr, args.join(" ")).not.toMatch(acting);
    }
  });
});
