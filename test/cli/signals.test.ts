import { readdirSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { RunStep } from "../../src/apply/options.js";
import { withLock } from "../../src/database/lock.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { contentsOf, databaseOf, isInUse } from "../support/databases.js";
import { freePort, serve } from "../support/http-server.js";
import { discoveredYaml } from "../support/oidc-yaml.js";
import {
  configurationOf,
  openForTest,
  resource,
  runOptions,
  temporaryDatabase,
  temporaryFolder,
} from "../support/run.js";
import { stateOf, tokensYaml } from "../support/tokens.js";

const signals = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const;

const interrupted = {
  formatVersion: 1,
  command: "apply",
  outcome: "failed",
  diagnostics: [
    {
      severity: "error",
      code: "INTERRUPTED",
      message: "interrupted by a signal; nothing was changed",
      hint: "run it again",
    },
  ],
};

/** A folder with a database of two tokens, and what it holds. */
async function withDatabase() {
  const folder = temporaryFolder();
  writeFiles(folder, { "old.yaml": tokensYaml(2, "old"), "new.yaml": tokensYaml(2, "new") });
  expect(await runCli(["apply", "old.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
  const database = databaseOf(folder);
  return { folder, database, contents: await contentsOf(database) };
}

describe.each(signals)("%s", (signal, status) => {
  it(`ends the waiting for a provider with ${status}, and nothing was changed`, async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": discoveredYaml(`http://127.0.0.1:${await freePort()}/realms/test/`) });
    const run = startCli(["apply", "config.yaml", "--wait", "60s", "--output", "json"], { cwd: folder });
    await run.said(/waiting for oidc_provider keycloak/);
    run.kill(signal);
    const ended = await run.ended;
    expect(ended).toMatchObject({ status, signal: null });
    expect(JSON.parse(ended.stdout)).toEqual(interrupted);
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
  });

  it(`ends a request that a provider does not answer with ${status}`, async () => {
    const folder = temporaryFolder();
    let asked = (): void => {};
    const request = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const provider = await serve(() => asked());
    writeFiles(folder, { "config.yaml": discoveredYaml(`${provider.origin}/realms/test/`) });
    const run = startCli(["apply", "config.yaml", "--wait", "60s"], { cwd: folder });
    await request;
    run.kill(signal);
    const ended = await run.ended;
    expect(ended).toMatchObject({ status, signal: null, stdout: "" });
    expect(ended.stderr).toContain("error: interrupted by a signal; nothing was changed [INTERRUPTED]");
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
  });

  it(`ends the waiting for the lock with ${status}, and nothing was changed`, async () => {
    const { folder, database, contents } = await withDatabase();
    const held = await openForTest(database);
    const lock = {
      timeoutMs: 0,
      hasTables: true,
      sleep: (ms: number) => setTimeout(ms),
      now: () => Date.now(),
      newId: () => "store",
    };
    const ended = await withLock(held, lock, async () => {
      const run = startCli(["apply", "new.yaml", "--output", "json"], { cwd: folder });
      await run.said(/waiting for another run to finish/);
      run.kill(signal);
      return { commit: false, value: await run.ended };
    });
    expect(ended).toMatchObject({ status, signal: null });
    expect(JSON.parse(ended.stdout)).toEqual(interrupted);
    await held.close();
    expect(await contentsOf(database)).toBe(contents);
    expect(await runCli(["apply", "new.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
  });

  it(`ends the waiting for standard input with ${status}`, async () => {
    const folder = temporaryFolder();
    const run = startCli(["apply", "-", "--output", "json"], { cwd: folder });
    // More than fits between the two processes, so that it is being read.
    await run.write("# a comment\n".repeat(200_000));
    run.kill(signal);
    const ended = await run.ended;
    expect(ended).toMatchObject({ status, signal: null });
    expect(JSON.parse(ended.stdout)).toEqual(interrupted);
    expect(readdirSync(folder)).toEqual([]);
  });

  it(`ends an apply with ${status} and the old state, or comes too late and finds the new one`, async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "old.yaml": tokensYaml(1000, "old"), "new.yaml": tokensYaml(1000, "new") });
    const url = databaseOf(folder);
    expect(await runCli(["apply", "old.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
    const before = await stateOf(url);
    const run = startCli(["apply", "new.yaml"], { cwd: folder });
    // The signal comes before, in or after the transaction.
    let isOver = false;
    void run.ended.then(() => {
      isOver = true;
    });
    while (!isOver && !(await isInUse(url))) await setTimeout(5);
    run.kill(signal);
    const ended = await run.ended;
    const after = await stateOf(url);
    if (ended.status === 0) expect(after.revision).not.toEqual(before.revision);
    else expect({ status: ended.status, after }).toEqual({ status, after: before });
    expect(await runCli(["apply", "new.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
  }, 120_000);
});

it("takes back what a run had written when the signal comes amid its writing", async () => {
  const database = temporaryDatabase();
  const group = (permission: string) => configurationOf(resource("group", "lezers", { permissions: [permission] }));
  await apply(group("taken.view_externetaak"), runOptions(database));
  const controller = new AbortController();
  const { signal } = controller;
  const writing: string[] = [];
  const onStep = ({ code, message }: RunStep): void => {
    if (code !== "WRITING") return;
    writing.push(message);
    controller.abort();
  };
  const stopped = apply(group("taken.add_externetaak"), runOptions(database, { signal, onStep }));
  await expect(stopped).rejects.toMatchObject({ reason: "interrupted", diagnostics: [{ code: "INTERRUPTED" }] });
  expect(writing).toEqual(["writing 1 group"]);
  const { kysely } = await openForTest(database);
  expect(await kysely.selectFrom("group_permissions").select("permission").execute()).toEqual([
    { permission: "taken.view_externetaak" },
  ]);
  expect(await kysely.selectFrom("runs").select("id").execute()).toHaveLength(1);
});
