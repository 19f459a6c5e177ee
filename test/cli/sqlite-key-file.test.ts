import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { explicitProvider } from "../support/config-text.js";
import { contentsOf, databaseOf } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";

describe("the key file beside a database", () => {
  it("must have the new key before the key is changed, since every program with this database reads it", async () => {
    const folder = temporaryFolder();
    const url = databaseOf(folder);
    const run = (...args: readonly string[]) => runCli(args, { cwd: folder });
    writeFiles(folder, { "config.yaml": explicitProvider.replace("SECRET", "canary-client-secret") });
    expect(await run("apply", "config.yaml")).toMatchObject({ status: 0 });
    const keyFile = join(folder, "vtb-auth.db.key");
    const next = `${randomBytes(32).toString("base64")}\n`;
    writeFileSync(join(folder, "new.key"), next, { mode: 0o600 });
    const contents = await contentsOf(url);
    const rotate = () => run("key", "rotate", "--new-key-file", "new.key");
    const refused = await rotate();
    expect(refused).toMatchObject({ status: 4, stdout: "" });
    expect(refused.stderr).toContain(`${keyFile} does not have the new key [KEY_NOT_SHARED]`);
    expect(await contentsOf(url)).toBe(contents);
    writeFileSync(keyFile, next + readFileSync(keyFile, "utf8"));
    expect(await rotate()).toMatchObject({ status: 0 });
    // The old key is no longer needed.
    writeFileSync(keyFile, next);
    expect(await run("plan", "config.yaml", "--detailed-exitcode")).toMatchObject({ status: 0 });
  });
});
