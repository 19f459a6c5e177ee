import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { anyTables } from "../../src/database/database.js";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { databaseOf, useDatabase } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { openForTest, temporaryFolder } from "../support/run.js";

const keyOf = (name: string) => createHash("sha256").update(name).digest("hex");

const yaml = (email = "jan@gemeente.example") => `tokenauth_config_enable: true
tokenauth:
  items: [{identifier: forms, token: ba9d233e95e04c4a8a661a27daffe7c9bd019067, contact_person: Jan, email: ${email}}]
default_user_configuration_enable: true
default_user_configuration_config:
  users: [{username: els, email: els@gemeente.example}, {username: piet}]
`;

/** A folder with a database of three runs, whose programs have the key. */
async function place(env: Readonly<Record<string, string>> = { VTB_SETUP_KEY: keyOf("first") }) {
  const folder = temporaryFolder();
  useDatabase(folder, await migratedDatabase());
  writeFiles(folder, { "config.yaml": yaml(), "changed.yaml": yaml("els@gemeente.example") });
  const run = (...args: readonly string[]) => runCli(args, { cwd: folder, env });
  expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
  expect(await run("token", "disable", "forms")).toMatchObject({ status: 0 });
  expect(await run("user", "deactivate", "els")).toMatchObject({ status: 0 });
  const database = async () => anyTables((await openForTest(databaseOf(folder))).kysely);
  const verify = async (...args: readonly string[]) => {
    const text = await run("history", "verify", ...args);
    const json = await run("history", "verify", "--output", "json", ...args);
    expect(json.status).toBe(text.status);
    return { ...text, json: JSON.parse(json.stdout) };
  };
  return { folder, env, run, database, verify };
}

describe("history verify", () => {
  it("S109: says that the record of commands holds, which a second apply of the same files does not touch", async () => {
    const { verify, run } = await place();
    const first = await verify("--strict");
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(/^The journal holds \(3 runs: 1 to 3\)\.\nSigned: {2}from run 1 \([\w-]+\) of .+Z\n/);
    expect(first.json).toMatchObject({ outcome: "ok", runs: 3, trimmed: 0, breaks: [], unsigned: [], diagnostics: [] });
    expect(await run("user", "deactivate", "els")).toMatchObject({ status: 0 });
    expect((await verify("--strict")).json.head).toBe(first.json.head);
  });

  it("S109: names the run that was changed, deleted or put in, and ends with 4", async () => {
    const { verify, database } = await place();
    const db = await database();
    const runs = await db.selectFrom("runs").selectAll().orderBy("number").execute();
    const [, second] = runs;
    await db
      .updateTable("run_changes")
      .set({ key: "other" })
      .where("run_id", "=", second?.id ?? "")
      .execute();
    const changed = await verify();
    expect(changed.status).toBe(4);
    expect(changed.stderr).toContain(`error: run 2 (${second?.id}) of ${String(second?.finished_at).slice(0, 10)} `);
    expect(changed.stderr).toContain("is not as it was written");
    expect(changed.stdout).toMatch(/^The journal does not hold/);
    expect(changed.json).toMatchObject({ outcome: "failed", breaks: [{ kind: "changed", run: { number: 2 } }] });
    await db.deleteFrom("runs").where("number", "=", 2).execute();
    expect(await verify()).toMatchObject({
      status: 4,
      json: { breaks: [{ kind: "missing", from: 2, to: 2, run: { number: 3 } }] },
    });
    await db
      .insertInto("runs")
      .values({ ...second, id: "put-in", number: null } as never)
      .execute();
    expect((await verify()).json.breaks.map(({ kind }: { kind: string }) => kind)).toEqual(["missing", "inserted"]);
  });

  it("S109: finds an end that was cut off with a head kept elsewhere, in an option or a file", async () => {
    const { folder, run, verify, database } = await place();
    const { stdout: head } = await run("history", "head");
    expect(head).toMatch(/^3:[0-9a-f]{64}\n$/);
    writeFileSync(join(folder, "kept"), head);
    expect(await verify("--head-file", "kept", "--strict")).toMatchObject({ status: 0, json: { breaks: [] } });
    const db = await database();
    await db.deleteFrom("runs").where("number", "=", 3).execute();
    const { number, digest, signature } = await db
      .selectFrom("runs")
      .selectAll()
      .where("number", "=", 2)
      .executeTakeFirstOrThrow();
    await db
      .updateTable("journal_head")
      .set({ number, digest, signature } as never)
      .execute();
    expect(await verify("--strict")).toMatchObject({ status: 0 });
    const cut = await verify("--head-file", "kept");
    expect(cut).toMatchObject({ status: 4, json: { breaks: [{ kind: "behind_head" }] } });
    expect(cut.stderr).toContain("the journal was cut off: it ends with run 2 (");
    expect(await verify("--head", head.trim())).toMatchObject({ status: 4 });
    expect(await run("history", "verify", "--head", "3:abc")).toMatchObject({ status: 64 });
    expect(await run("history", "verify", "--head-file", "missing")).toMatchObject({ status: 64 });
  });

  it("S109: warns where programs without the key wrote, which --strict refuses and the next signed run covers", async () => {
    const { folder, verify, run } = await place();
    const keyless = { VTB_SETUP_KEY: "", VTB_SETUP_KEY_FILE: "" };
    expect(await runCli(["token", "enable", "forms"], { cwd: folder, env: keyless })).toMatchObject({ status: 0 });
    const tail = await verify();
    expect(tail).toMatchObject({
      status: 0,
      json: { unsigned: [{ from: 4, to: 4, reason: "no_signature" }], signed: { to: { number: 3 } } },
    });
    expect(tail.stderr).toContain("warning: run 4 is not signed: anyone who can write to the database could have put");
    expect(await verify("--strict")).toMatchObject({ status: 4 });
    expect(await run("apply", "changed.yaml")).toMatchObject({ status: 0 });
    const covered = await verify();
    expect(covered.stderr).toContain("warning: run 4 is not signed: it is proven only since run 5 (");
    // Without the key, nothing is proven, which is said as well.
    const blind = await runCli(["history", "verify"], { cwd: folder, env: keyless });
    expect(blind).toMatchObject({ status: 0 });
    expect(blind.stderr).toContain("the signatures were not checked, since there is no sealing key here");
  });

  it("S109: holds after the key was rotated and the old one is gone, and not before", async () => {
    const { folder } = await place();
    writeFileSync(join(folder, "keys"), `${keyOf("second")}\n${keyOf("first")}\n`, { mode: 0o600 });
    const run = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
      runCli(args, { cwd: folder, env });
    const onlyNew = { VTB_SETUP_KEY: keyOf("second") };
    const withBoth = { VTB_SETUP_KEY: "", VTB_SETUP_KEY_FILE: join(folder, "keys") };
    expect(await run(onlyNew, "history", "verify", "--strict")).toMatchObject({ status: 4 });
    const before = await run(withBoth, "key", "status");
    expect(before.stdout).not.toContain("can be removed");
    expect(await run(withBoth, "key", "rotate", "--new-key-file", "keys")).toMatchObject({ status: 0, stderr: "" });
    expect((await run(withBoth, "key", "status")).stdout).toContain("can be removed");
    expect(await run(onlyNew, "history", "verify", "--strict")).toMatchObject({ status: 0, stderr: "" });
    expect((await run(withBoth, "key", "rotate", "--new-key-file", "keys")).stdout).toMatch(/^No changes/);
    expect(await run(onlyNew, "token", "enable", "forms")).toMatchObject({ status: 0 });
    expect(await run(onlyNew, "history", "verify", "--strict")).toMatchObject({ status: 0, stderr: "" });
    // What came before the rotation is still covered.
    const db = anyTables((await openForTest(databaseOf(folder))).kysely);
    await db.updateTable("runs").set({ actor: "other" }).where("number", "=", 1).execute();
    expect(await run(onlyNew, "history", "verify", "--strict")).toMatchObject({ status: 4 });
  });

  it("S109: holds for what processes wrote at the same time", async () => {
    const { folder, env, verify } = await place();
    const about = ["--user", "piet", "--contact-person", "Jan", "--email", "a@b.nl", "--output", "json"];
    const create = (number: number) => {
      const args = ["token", "create", `t-${number}`, ...about, "--wait", "60s"];
      return runCliProcess(args, { cwd: folder, env, timeoutMs: 90_000 });
    };
    const done = await Promise.all([1, 2, 3, 4, 5].map(create));
    expect(done).toMatchObject([1, 2, 3, 4, 5].map(() => ({ status: 0, signal: null })));
    const check = await runCliProcess(["history", "verify", "--strict", "--output", "json"], { cwd: folder, env });
    expect(check.status).toBe(0);
    expect(JSON.parse(check.stdout)).toMatchObject({ runs: 8, breaks: [], unsigned: [] });
    expect((await verify()).status).toBe(0);
  }, 120_000);
});
