import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { anyTables } from "../../src/database/database.js";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { databaseEnv, databaseOf, useDatabase } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const env = { VTB_SETUP_KEY: createHash("sha256").update("history").digest("hex") };

const yaml = `tokenauth_config_enable: true
tokenauth:
  items: [{identifier: forms, token: ba9d233e95e04c4a8a661a27daffe7c9bd019067, contact_person: Jan, email: jan@gemeente.example}]
default_user_configuration_enable: true
default_user_configuration_config:
  users: [{username: els, email: els-van-vroeger@gemeente.example}, {username: piet, password: een-heel-lang-wachtwoord}]
`;

/** A folder with a database of three runs; the first two are made to be of 2025. */
async function place() {
  const folder = temporaryFolder();
  useDatabase(folder, await migratedDatabase());
  writeFiles(folder, { "config.yaml": yaml });
  const run = (...args: readonly string[]) => runCli(args, { cwd: folder, env });
  const process = (...args: readonly string[]) => runCliProcess(args, { cwd: folder, env, timeoutMs: 60_000 });
  const lines = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await run(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.split("\n").filter((line) => line !== "");
  };
  await lines("apply", "config.yaml");
  await lines("token", "disable", "forms", "--actor", "Jan de Vries");
  await lines("user", "deactivate", "els");
  return {
    folder,
    run,
    process,
    lines,
    database: async () => anyTables((await openForTest(databaseOf(folder))).kysely),
  };
}

describe("history list", () => {
  it("shows the newest run first, with who, through what and each change, and so does history alone", async () => {
    const { run } = await place();
    const { stdout, status } = await run("history");
    expect(status).toBe(0);
    expect(await run("history", "list")).toEqual(await run("history"));
    const heads = stdout.split("\n").filter((line) => /^\d{4}/.test(line));
    expect(heads.map((line) => line.slice(19))).toEqual([
      expect.stringMatching(/^user deactivate by \S+@\S+$/),
      expect.stringMatching(/^token disable by \S+@\S+ for Jan de Vries$/),
      expect.stringMatching(/^apply by \S+@\S+ \(owner default, config\.yaml\)$/),
    ]);
    expect(stdout).toMatch(/\n {2}run 2, [\w-]{36}\n {2}~ api_token forms\n {6}disabled: false → true\n/);
    expect(stdout).toContain("+ user piet\n");
    expect(stdout).not.toContain("een-heel-lang");
  });

  it("says personal data, not secret, of what a provider said about a person", async () => {
    const { run, database } = await place();
    const fields = JSON.stringify([
      { name: "email", sensitive: true },
      { name: "password", sensitive: true },
    ]);
    await (await database()).updateTable("run_changes").set({ fields }).where("key", "=", "els").execute();
    const { stdout } = await run("history", "--key", "els", "--limit", "1");
    expect(stdout).toMatch(/email: +\(personal data\)\n +password: +\(secret\)/);
    expect((await run("history", "--key", "els", "--output", "csv")).stdout).toContain("email,(personal data),");
  });

  it("filters by kind, name, actor, way, time and run, and says what is nearly the same", async () => {
    const { run, lines } = await place();
    const keys = async (...args: readonly string[]) =>
      (await lines("history", "list", "--output", "ndjson", ...args)).map((line) => {
        const { kind, key, action } = JSON.parse(line);
        return `${action} ${kind} ${key}`;
      });
    expect(await keys("--kind", "api_token")).toEqual(["update api_token forms", "create api_token forms"]);
    expect(await keys("--kind", "user", "--key", "els")).toEqual(["update user els", "create user els"]);
    expect(await keys("--key", "forms", "--action", "update")).toEqual(["update api_token forms"]);
    expect(await keys("--actor", "de vries")).toEqual(["update api_token forms"]);
    expect(await keys("--through", "user deactivate")).toEqual(["update user els"]);
    expect(await keys("--run", "3")).toEqual(["update user els"]);
    expect(await keys("--limit", "1")).toEqual(["update user els"]);
    expect(await keys("--since", "1h", "--action", "update")).toHaveLength(2);
    expect(await keys("--until", "2020-01-01")).toEqual([]);
    const kind = await run("history", "--kind", "api_tokn");
    expect(kind).toMatchObject({ status: 64, stdout: "" });
    expect(kind.stderr).toContain("did you mean api_token?");
    expect(await run("history", "--key", "form")).toMatchObject({
      status: 0,
      stdout: "No run matches.\n",
      stderr: "did you mean --key forms?\n",
    });
    expect((await run("history", "--through", "token disabled")).stderr).toContain("did you mean token disable?");
    for (const args of [
      ["--since", "2026-02-30"],
      ["--since", "soon"],
      ["--limit", "0"],
      ["--run", "nowhere"],
    ]) {
      expect(await run("history", ...args), args.join(" ")).toMatchObject({ status: 64 });
    }
  });

  it("escapes CEF as ArcSight asks: bars, backslashes and equals signs, and no line breaks", async () => {
    const { lines, database } = await place();
    const key = "a|b\\c=d\ne";
    await (await database()).updateTable("run_changes").set({ key }).where("key", "=", "els").execute();
    const [line = ""] = await lines("history", "--output", "cef", "--limit", "1");
    expect(line).toMatch(/^CEF:0\|vtb-setup\|vtb-setup\|[\d.]+\|update:user\|Updated user\|3\|rt=\d{13} externalId=/);
    expect(line).toContain(" cs2Label=name cs2=a|b\\\\c\\=d\\ne ");
    expect(line).toContain(" cs5Label=fields cs5=[{");
  });
});

describe("history export", () => {
  it("prints each change once, oldest first, and goes on behind an id or a run, with writers at work", async () => {
    const { process, run, lines } = await place();
    const idOf = (line: string) => String(JSON.parse(line).id);
    const before = await lines("history", "export");
    expect(before.map((line) => JSON.parse(line).run.number)).toEqual([1, 1, 1, 1, 2, 3].slice(-before.length));
    const seen = before.slice(0, 2).map(idOf);
    const writers = ["a", "b", "c"].map((name) =>
      process(
        "token",
        "create",
        `t-${name}`,
        "--user",
        "piet",
        "--contact-person",
        "J",
        "--email",
        "a@b.nl",
        "--output",
        "json",
        "--wait",
        "50s",
      ),
    );
    // Each round is cut off behind its second line, as by a kill.
    const round = async (): Promise<number> => {
      const { stdout, status } = await process("history", "export", "--after", seen.at(-1) ?? "");
      expect(status).toBe(0);
      const got = stdout
        .split("\n")
        .slice(0, 2)
        .filter((line) => line.endsWith("}"));
      seen.push(...got.map(idOf));
      return got.length;
    };
    while ((await round()) > 0);
    expect((await Promise.all(writers)).map(({ status }) => status)).toEqual([0, 0, 0]);
    while ((await round()) > 0);
    const all = (await lines("history", "export")).map(idOf);
    expect(all).toHaveLength(before.length + 3);
    expect(seen).toEqual(all);
    const [first = ""] = all;
    const behindRun = await lines("history", "export", "--after", first.replace(/:\d+$/, ""));
    expect(behindRun.map(idOf)).toEqual(all.filter((id) => !id.startsWith(first.replace(/:\d+$/, ""))));
    expect(await run("history", "export", "--after", "gone:0")).toMatchObject({ status: 4 });
  }, 180_000);

  it("is killed in the middle of a pipe and has every whole line right", async () => {
    const { folder, lines } = await place();
    const all = await lines("history", "export");
    const child = startCli(["history", "export"], { cwd: folder, env: databaseEnv(folder, env) });
    await child.printed(/\n/);
    child.kill("SIGKILL");
    const { stdout } = await child.ended;
    const whole = stdout.split("\n").slice(0, -1);
    expect(all.slice(0, whole.length)).toEqual(whole);
    const rest = await lines("history", "export", "--after", String(JSON.parse(whole.at(-1) ?? "{}").id));
    expect([...whole, ...rest]).toEqual(all);
  });
});

describe("history trim", () => {
  it("S96 S109: removes old runs with all that they said, is a run itself, and what is left holds", async () => {
    const { folder, run, lines, database } = await place();
    const db = await database();
    const [old = ""] = await lines("history", "head");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const cut = new Date().toISOString();
    await lines("token", "enable", "forms");
    expect((await run("history", "trim", "--before", cut, "--dry-run")).stdout).toBe(
      "Would remove 3 runs, 1 to 3. Nothing was changed.\n",
    );
    expect((await lines("history", "head"))[0]).toMatch(/^4:/);
    const trimmed = await run("history", "trim", "--before", cut, "--actor", "privacy");
    expect(trimmed).toMatchObject({ status: 0, stderr: "" });
    expect(trimmed.stdout).toMatch(/^Removed 3 runs, 1 to 3\. Keep the new head elsewhere:\n5:[0-9a-f]{64}\n$/);
    expect(await db.selectFrom("run_changes").select("key").where("key", "=", "els").execute()).toEqual([]);
    if (inject("dialect") === "sqlite") {
      // Not in unused pages either.
      const written = readFileSync(join(folder, "vtb-auth.db"), "latin1");
      expect(written).toContain("privacy");
      expect(written).not.toContain("Jan de Vries");
    }
    expect(await run("history", "verify", "--strict")).toMatchObject({ status: 0, stderr: "" });
    expect((await run("history")).stdout).toContain("history trim by ");
    expect(await run("history", "trim", "--before", cut)).toMatchObject({
      stdout: expect.stringMatching(/^No changes/),
    });
    // A head of what is gone proves nothing any more; the last one of it still does.
    expect((await run("history", "verify", "--head", `2:${"a".repeat(64)}`)).stderr).toContain("JOURNAL_HEAD_OLD");
    expect(await run("history", "verify", "--head", old)).toMatchObject({ status: 0 });
    await db.updateTable("runs").set({ actor: "other" }).where("number", "=", 4).execute();
    expect((await run("history", "verify")).stderr).toContain("run 4 (");
    // Twice, and the chain goes on.
    await db.deleteFrom("runs").where("number", "=", 4).execute();
    expect(await run("history", "verify")).toMatchObject({ status: 4 });
    const refused = await run("history", "trim", "--before", new Date().toISOString());
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(refused.stderr).toContain("JOURNAL_BROKEN");
  });

  it("S109: can be done again and again, also of everything, and is refused without the key", async () => {
    const { folder, run, lines, database } = await place();
    for (const count of [3, 1]) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const { stdout } = await run("history", "trim", "--before", new Date().toISOString(), "--output", "json");
      expect(JSON.parse(stdout)).toMatchObject({ outcome: "applied", runs: count });
      expect(await run("history", "verify", "--strict")).toMatchObject({ status: 0, stderr: "" });
    }
    await lines("token", "enable", "forms");
    expect(await run("history", "verify", "--strict")).toMatchObject({ status: 0 });
    const keyless = { VTB_SETUP_KEY: "", VTB_SETUP_KEY_FILE: "" };
    expect(await runCli(["history", "trim", "--before", "0s"], { cwd: folder, env: keyless })).toMatchObject({
      status: 3,
    });
    expect(await run("history", "trim", "--before", "2999-01-01")).toMatchObject({ status: 64 });
    // Nobody can move the checkpoint to where it hides a run.
    const db = await database();
    const { number, digest, signature } = await db
      .selectFrom("runs")
      .selectAll()
      .orderBy("number", "desc")
      .limit(1)
      .executeTakeFirstOrThrow();
    await db.deleteFrom("runs").execute();
    const moved = { trimmed_number: number, trimmed_digest: digest, trimmed_signature: signature };
    await db
      .updateTable("journal_head")
      .set(moved as never)
      .execute();
    expect((await run("history", "verify")).stderr).toContain("no signed `history trim` accounts for it");
  });
});
