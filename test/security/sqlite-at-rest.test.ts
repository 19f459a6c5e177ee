import { chmodSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseKeys } from "../../src/secrets/key.js";
import { createVault } from "../../src/secrets/vault.js";
import { runCli, writeFiles } from "../support/cli.js";
import { explicitProvider, tablesIn, tokenFile, tokenItem } from "../support/config-text.js";
import { openForTest, temporaryFolder } from "../support/run.js";
import { runWithUmask } from "./umask.js";

const token = "f3b1c09d5e7a4826b0c4d18e92a7635fd0e1b2c3";
const provider = explicitProvider.replace("SECRET", "a-client-secret-for-tests");

async function applied(yaml: string) {
  const folder = temporaryFolder();
  writeFiles(folder, { "config.yaml": yaml });
  const { status, stderr } = await runCli(["apply", "config.yaml"], { cwd: folder });
  expect(status, stderr).toBe(0);
  return folder;
}

const run = (folder: string, args: readonly string[]) =>
  runCli([...args.slice(0, 1), "config.yaml", ...args.slice(1)], { cwd: folder });

describe("a database that is a file", () => {
  it("S70 gets its secrets sealed with the key in the file beside it", async () => {
    const folder = await applied(provider);
    const row = await (await tablesIn(folder)).selectFrom("oidc_clients").selectAll().executeTakeFirstOrThrow();
    const vault = createVault(parseKeys(readFileSync(join(folder, "vtb-auth.db.key"), "latin1")));
    expect(vault.open(row.client_secret, `oidc_clients/${row.id}/client_secret`).reveal()).toBe(
      "a-client-secret-for-tests",
    );
  });

  it("S70 refuses to go on without its key file instead of making a new one", async () => {
    const folder = await applied(provider);
    const key = join(folder, "vtb-auth.db.key");
    renameSync(key, `${key}.away`);
    for (const command of ["plan", "apply"]) {
      const { status, stderr } = await run(folder, [command]);
      expect(status).toBe(4);
      expect(stderr).toContain("[KEY_MISMATCH]");
      expect(existsSync(key)).toBe(false);
    }
    renameSync(`${key}.away`, key);
    expect((await run(folder, ["apply"])).stdout).toMatch(/^No changes\./);
  });

  it.each(["0000", "0022", "0277", "0777"])("S94 and its key file have mode 0600 with umask %s", (umask) => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": provider });
    expect(runWithUmask(umask, ["apply", "config.yaml"], folder)).toMatchObject({ status: 0 });
    for (const name of ["vtb-auth.db", "vtb-auth.db.key"]) {
      expect(statSync(join(folder, name)).mode & 0o7777, name).toBe(0o600);
    }
  });

  it.each([0o000, 0o022, 0o277])("S94 has a -wal and a -shm of mode 0600 as well, with umask 0%o", async (umask) => {
    const folder = temporaryFolder();
    const earlier = process.umask(umask);
    try {
      const database = await openForTest(`sqlite:${join(folder, "auth.db")}`);
      await database.kysely.schema.createTable("probe").addColumn("id", "integer").execute();
      for (const name of ["auth.db", "auth.db-wal", "auth.db-shm"]) {
        expect(statSync(join(folder, name)).mode & 0o7777, name).toBe(0o600);
      }
    } finally {
      process.umask(earlier);
    }
  });

  it("S94 is warned about where others can read it, refused with --strict, and kept as it is", async () => {
    const folder = await applied(tokenFile(tokenItem("app", token)));
    const file = join(folder, "vtb-auth.db");
    chmodSync(file, 0o644);
    for (const command of ["plan", "apply"]) {
      const warned = await run(folder, [command]);
      expect(warned).toMatchObject({ status: 0, stdout: expect.stringMatching(/^No changes\./) });
      expect(warned.stderr).toMatch(/^warning: other users of this machine can read .*\[DATABASE_MODE\]/);
      expect((await run(folder, [command, "--strict"])).status).toBe(3);
    }
    expect(statSync(file).mode & 0o777).toBe(0o644);
    chmodSync(file, 0o640);
    expect(await run(folder, ["plan", "--strict"])).toMatchObject({ status: 0, stderr: "" });
  });
});
