import { performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { databaseOf, isInUse, sealingEnv } from "../support/databases.js";
import { makeSchema } from "../support/fresh-schemas.js";
import { type PostgresServer, startPostgres } from "../support/postgres-server.js";
import { temporaryFolder } from "../support/run.js";
import { digestsOf, stateOf, tokensYaml } from "../support/tokens.js";

const moments = 30;

/** Which version of the tokens a database holds, whole, and how many runs made it so. */
async function versionIn(url: string, count: number, versions: readonly string[]) {
  const { tokens, changes, counts } = await stateOf(url);
  const digests = tokens.map(({ digest }) => digest).sort();
  const version = versions.find((candidate) => digests[0] === digestsOf(count, candidate)[0]) ?? "";
  expect(digests).toEqual(digestsOf(count, version));
  for (const token of tokens) {
    expect(token).toMatchObject({ email: `${version}@gemeente.example`, permission: `taken.${version}_externetaak` });
  }
  const runs = counts[3] ?? 0;
  expect(counts).toEqual([count, count, count, runs]);
  expect(changes.map((change) => change.count)).toEqual(Array.from({ length: runs }, () => count));
  return { version, runs };
}

describe("an apply that is killed", () => {
  const count = 100;

  it("S91 leaves the old or the new state, whole, at 30 moments, and does not block the next one", async () => {
    const folder = temporaryFolder();
    const url = databaseOf(folder);
    const versionAt = (index: number): string => `v${index}`;
    const write = (index: number) => writeFiles(folder, { "config.yaml": tokensYaml(count, versionAt(index)) });
    const finish = async () =>
      expect(await runCli(["apply", "config.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
    write(0);
    await finish();
    write(1);
    const started = performance.now();
    expect((await startCli(["apply", "config.yaml"], { cwd: folder }).ended).status).toBe(0);
    let span = performance.now() - started;
    let killed = 0;
    let current = await versionIn(url, count, [versionAt(1)]);
    for (let index = 2; killed < moments; index += 1) {
      write(index);
      const run = startCli(["apply", "config.yaml"], { cwd: folder });
      // A random moment in each thirtieth of what a whole run takes.
      const moment = ((killed + Math.random()) / moments) * span;
      await setTimeout(moment);
      run.kill("SIGKILL");
      const { signal } = await run.ended;
      // It was over by then: this machine has become faster, and the moment is chosen again.
      if (signal === null) span = Math.min(span, moment);
      else killed += 1;
      // The server may still be at the commit of a client that is gone.
      while (await isInUse(url)) await setTimeout(1);
      const left = await versionIn(url, count, [current.version, versionAt(index)]);
      expect(left.runs).toBe(current.runs + (left.version === current.version ? 0 : 1));
      await finish();
      // What it made is looked at after the next kill.
      current = { version: versionAt(index), runs: left.version === versionAt(index) ? left.runs : left.runs + 1 };
    }
  }, 120_000);
});

describe("an apply whose server", () => {
  const count = 500;
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ isDurable: true });
  });
  afterAll(() => server.remove());

  it.each(["stop", "crash"] as const)(
    "is restarted amid it (%s) ends with an error and no change, or is done",
    async (end) => {
      const folder = temporaryFolder();
      const url = await makeSchema(server.url, `test_${end}`);
      const env = { VTB_SETUP_DATABASE: url, ...sealingEnv() };
      writeFiles(folder, { "old.yaml": tokensYaml(count, "old"), "new.yaml": tokensYaml(count, "new") });
      expect(await runCli(["apply", "old.yaml"], { cwd: folder, env })).toMatchObject({ status: 0 });
      const run = startCli(["apply", "new.yaml"], { cwd: folder, env });
      while (!(await isInUse(url))) await setTimeout(1);
      await server[end]();
      const { status, stderr } = await run.ended;
      await server.start();
      const { version } = await versionIn(url, count, ["old", "new"]);
      if (status === 0) expect(version).toBe("new");
      else {
        expect(status, stderr).toBe(5);
        if (!stderr.includes("[COMMIT_UNKNOWN]")) expect(version).toBe("old");
      }
      expect(await runCli(["apply", "new.yaml"], { cwd: folder, env })).toMatchObject({ status: 0 });
      expect((await versionIn(url, count, ["new"])).version).toBe("new");
    },
  );
});
