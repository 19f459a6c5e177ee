import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setImmediate, setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { type CliProcess, startCli } from "../support/cli-process.js";
import { runInProcess } from "../support/command-in-process.mjs";
import { digestsOf, stateOf, tokensYaml } from "../support/tokens.js";

const tokens = 300;
const moments = 30;

/** A database of 300 tokens, and what it holds before and after an apply that replaces every value. */
async function prepare(folder: string) {
  writeFiles(folder, {
    "old.yaml": tokensYaml(tokens, "old"),
    "new.yaml": tokensYaml(tokens, "new"),
    "next.yaml": "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n",
  });
  expect(await runCli(["apply", "old.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
  const prepared = join(folder, "vtb-auth.db");
  const before = await stateOf(`sqlite:${prepared}`);

  /** A separate folder with a copy of the prepared database. */
  const copy = (name: string): string => {
    mkdirSync(join(folder, name));
    copyFileSync(prepared, join(folder, name, "vtb-auth.db"));
    return join(folder, name);
  };
  const started = performance.now();
  // Two at once, as there are later, so that it takes as long.
  const whole = [copy("whole"), copy("too")];
  const ends = await Promise.all(whole.map((cwd) => runCliProcess(["apply", "../new.yaml"], { cwd })));
  expect(ends).toMatchObject([{ status: 0 }, { status: 0 }]);
  const durationMs = performance.now() - started;
  const after = await stateOf(`sqlite:${join(whole[0] ?? "", "vtb-auth.db")}`);
  return { before, after, copy, durationMs };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Kills an apply, and returns whether the database that it left holds the old or the new state. */
async function killedRun(
  { before, after, copy }: Prepared,
  name: string,
  wait: (folder: string, run: CliProcess) => Promise<void>,
) {
  const folder = copy(name);
  const run = startCli(["apply", "../new.yaml"], { cwd: folder });
  await wait(folder, run);
  run.kill("SIGKILL");
  const { status, signal } = await run.ended;
  expect([status, signal]).toEqual(signal === null ? [0, null] : [null, "SIGKILL"]);

  // A copy is looked into, so that the next run finds what the killed one left.
  const left = join(folder, "left");
  mkdirSync(left);
  for (const file of ["vtb-auth.db", "vtb-auth.db-wal"]) {
    if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(left, file));
  }
  const state = await stateOf(`sqlite:${join(left, "vtb-auth.db")}`);
  const isNew = state.revision[0]?.revision !== before.revision[0]?.revision;
  expect(state).toEqual(isNew ? after : before);

  const next = await runInProcess(["apply", "../next.yaml"], { cwd: folder });
  expect(next).toMatchObject({ status: 0, stdout: expect.stringContaining("Applied: 1 created") });
  rmSync(left, { recursive: true });
  return { folder, isNew, isKilled: signal !== null };
}

describe("an apply that is killed", () => {
  const folder = mkdtempSync(join(tmpdir(), "vtb-setup-"));
  let prepared: Prepared;
  beforeAll(async () => {
    prepared = await prepare(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is tested with states that differ in every table", () => {
    const { before, after } = prepared;
    const oldDigests = digestsOf(tokens, "old");
    expect(before).toMatchObject({ retired: [], counts: [tokens, tokens, tokens, 1] });
    expect(after).toMatchObject({ retired: oldDigests, counts: [tokens, tokens, tokens, 2] });
    expect(before.tokens.map(({ digest }) => digest).sort()).toEqual(oldDigests);
    expect(after.tokens.map(({ digest }) => digest).sort()).toEqual(digestsOf(tokens, "new"));
    expect(before.changes).toEqual([{ action: "create", kind: "api_token", count: tokens }]);
    expect(after.changes).toEqual([...before.changes, { action: "update", kind: "api_token", count: tokens }]);
    for (const [state, version] of [
      [before, "old"],
      [after, "new"],
    ] as const) {
      expect(state.tokens).toHaveLength(tokens);
      for (const token of state.tokens) {
        expect(token).toMatchObject({
          email: `${version}@gemeente.example`,
          permission: `taken.${version}_externetaak`,
          username: token.identifier,
          is_service: 1,
        });
      }
    }
  });

  it("S91 leaves the old or the new state, whole, at 30 moments, and does not block the next one", async () => {
    const queue = Array.from({ length: moments }, (_, index) => index);
    const runs: Awaited<ReturnType<typeof killedRun>>[] = [];
    let span = prepared.durationMs;
    const lane = async (): Promise<void> => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        // A random moment in each thirtieth of what a whole run takes.
        const moment = ((index + Math.random()) / moments) * span;
        const run = await killedRun(prepared, `run-${index}`, () => setTimeout(moment));
        if (run.isKilled) {
          runs.push(run);
          continue;
        }
        // It was over by then: this machine has become faster, and the moment is chosen again.
        span = Math.min(span, moment);
        rmSync(run.folder, { recursive: true });
        queue.push(index);
      }
    };
    await Promise.all([lane(), lane()]);
    expect(runs).toHaveLength(moments);
    const interrupted = runs.find(({ isNew }) => !isNew)?.folder ?? "";
    const finished = await runCli(["apply", "../new.yaml"], { cwd: interrupted });
    expect(finished).toMatchObject({ status: 0, stdout: expect.stringContaining(`${tokens} updated`) });
  }, 120_000);

  it("S91 leaves the old or the new state, whole, when it is killed amid writing its log", async () => {
    const sizeOfLog = (folder: string) =>
      statSync(join(folder, "vtb-auth.db-wal"), { throwIfNoEntry: false })?.size ?? 0;
    let killed = 0;
    // Some are over before they are killed, and more of them where other processes are busy.
    for (let index = 0; killed < 3 && index < 40; index += 1) {
      const { isKilled } = await killedRun(prepared, `log-${index}`, async (folder, run) => {
        let isOver = false;
        void run.ended.then(() => {
          isOver = true;
        });
        while (!isOver && sizeOfLog(folder) <= (index % 5) * 80_000) await setImmediate();
      });
      if (isKilled) killed += 1;
    }
    expect(killed).toBe(3);
  }, 120_000);
});
