import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, connect as connectTo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import { SetupError } from "../../../src/errors.js";
import { runCli, writeFiles } from "../../support/cli.js";
import { tokenFile, tokenItem } from "../../support/config-text.js";
import {
  configurationOf,
  openForTest,
  resource,
  runOptions,
  temporaryDatabase,
  temporaryFolder,
} from "../../support/run.js";

/** The same database through a proxy that ends the connection at the COMMIT of what was written, before or after it is done. */
async function losingCommit(url: string, reaches: boolean): Promise<string> {
  const { hostname, port } = new URL(url);
  let isLost = false;
  let isWriting = false;
  const proxy = createServer((client) => {
    const server = connectTo(Number(port), hostname);
    client.on("data", (bytes) => {
      const sent = bytes.toString("latin1");
      isWriting ||= sent.includes('insert into "setup_state"');
      const isCommit = isWriting && !isLost && sent.includes("commit\0");
      if (isCommit) {
        isLost = true;
        server.unpipe(client);
        // The server answers only once it has committed.
        if (reaches) server.once("data", () => client.destroy()).resume();
        else return void client.destroy();
      }
      server.write(bytes);
    });
    server.pipe(client);
    client.on("close", () => server.destroy()).on("error", () => {});
    server.on("close", () => client.destroy()).on("error", () => {});
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  // A server that listens on TCP has an address with a port.
  return url.replace(`:${port}/`, `:${(proxy.address() as AddressInfo).port}/`);
}

const group = configurationOf(resource("group", "lezers", { permissions: [] }));

describe("a commit whose answer is lost", () => {
  it.each([
    ["was done", true, "unchanged"],
    ["was not done", false, "applied"],
  ] as const)("and that %s, is reported as unknown, and running again succeeds", async (_what, reaches, again) => {
    const url = temporaryDatabase();
    const error: unknown = await apply(group, runOptions(await losingCommit(url, reaches))).catch((reason) => reason);
    if (!(error instanceof SetupError)) throw new Error("expected a failure", { cause: error });
    expect(error.reason).toBe("unavailable");
    expect(error.message).toBe(
      "the connection to the database was lost during the commit: the changes may or may not have been made [COMMIT_UNKNOWN]",
    );
    expect(error.diagnostics[0]?.hint).toMatch(/^run the same command again, which is safe/);
    expect((await apply(group, runOptions(url))).outcome).toBe(again);
    const { kysely } = await openForTest(url);
    expect(await kysely.selectFrom("groups").select("name").execute()).toEqual([{ name: "lezers" }]);
  });

  it("F22: keeps the generated tokens for the next run, ends with 5, and does not claim that nothing was changed", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": tokenFile(tokenItem("ci", "{generate: true}")) });
    const url = temporaryDatabase();
    const lost = await losingCommit(url, true);
    const args = ["apply", "config.yaml", "--tokens-out", join(folder, "tokens.json"), "--database"];
    const { status, stderr } = await runCli([...args, lost], { cwd: folder });
    expect({ status, known: stderr.includes("nothing was changed") }).toEqual({ status: 5, known: false });
    expect(existsSync(join(folder, "tokens.json"))).toBe(false);
    // It was done, so the next run only has to turn the draft into the file.
    const again = await runCli([...args, url], { cwd: folder });
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining("No changes.") });
    expect(readFileSync(join(folder, "tokens.json"), "utf8")).toMatch(/"ci": "vtb_/);
    // A near twin: where the run failed before, the file goes away.
    const other = ["apply", "config.yaml", "--tokens-out", join(folder, "other.json"), "--database"];
    const closed = await runCli([...other, url.replace(/:\d+\//, ":1/")], { cwd: folder });
    expect(closed.status).toBe(5);
    expect(closed.stderr).toContain("nothing was changed");
    expect(existsSync(join(folder, "other.json"))).toBe(false);
  });
});
