import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createTerminal } from "../../src/cli/terminal.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { databaseOf, isMade } from "../support/databases.js";
import { freePort } from "../support/http-server.js";
import { discoveredYaml } from "../support/oidc-yaml.js";
import { startOpenIdProvider } from "../support/openid-provider.js";
import { openForTest, temporaryFolder } from "../support/run.js";

/** A folder with a file whose provider is not there. */
async function withDeadProvider() {
  const folder = temporaryFolder();
  const port = await freePort();
  writeFiles(folder, { "config.yaml": discoveredYaml(`http://127.0.0.1:${port}/realms/test/`) });
  return { folder, port };
}

async function startProvider(port = 0) {
  const provider = await startOpenIdProvider({ port });
  onTestFinished(() => provider.close());
  return provider;
}

describe("apply with discovery", () => {
  it("ends with 5 at once when the provider is down", async () => {
    const { folder } = await withDeadProvider();
    const { status, stdout, stderr } = await runCli(["apply", "config.yaml"], { cwd: folder });
    expect({ status, stdout }).toEqual({ status: 5, stdout: "" });
    expect(stderr).toMatch(/^config\.yaml:4:7: error: oidc_provider keycloak: .+ \[DISCOVERY_UNREACHABLE\]$/m);
    expect(stderr).not.toContain("waiting");
  });

  it("ends with 5 when the provider does not come up within --wait", async () => {
    const { folder } = await withDeadProvider();
    const started = performance.now();
    const { status, stderr } = await runCli(["apply", "config.yaml", "--wait", "1s"], { cwd: folder });
    expect(status).toBe(5);
    expect(performance.now() - started).toBeGreaterThan(1000);
    expect(stderr).toContain("waiting for oidc_provider keycloak");
  });

  it("waits for a provider that comes up two seconds later, and applies", async () => {
    const { folder, port } = await withDeadProvider();
    const run = startCli(["apply", "config.yaml", "--wait", "20s", "--output", "json"], { cwd: folder });
    await run.said(/^waiting for oidc_provider keycloak: .+ \(up to \d+ s\)…$/m);
    await setTimeout(2000);
    const provider = await startProvider(port);
    const ended = await run.ended;
    expect(ended.status).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({ outcome: "applied", summary: { create: 3 } });
    // It says once that it waits, however often it tries, and again after ten seconds.
    expect(ended.stderr.match(/^waiting for (?:oidc_provider|another run to create).* \(up to/gm)).toHaveLength(1);
    expect(provider.requests).toEqual(["/realms/test/.well-known/openid-configuration"]);
    const { kysely } = await openForTest(databaseOf(folder));
    expect(await kysely.selectFrom("oidc_providers").select(["issuer", "token_endpoint"]).execute()).toEqual([
      { issuer: provider.issuer, token_endpoint: `${provider.issuer}/token` },
    ]);
  });

  it("requests a provider once in a run, also when two entries name it", async () => {
    const folder = temporaryFolder();
    const provider = await startProvider();
    const yaml = discoveredYaml(provider.discoveryEndpoint);
    const entry = /^ {4}- identifier: keycloak\n.*?(?=^ {2}items)/ms.exec(yaml)?.[0] ?? "";
    writeFiles(folder, { "config.yaml": yaml.replace(entry, entry + entry.replace("keycloak", "second")) });
    const run = async (command: string) =>
      JSON.parse((await runCli([command, "config.yaml", "--output", "json"], { cwd: folder })).stdout);
    expect(await run("plan")).toMatchObject({ outcome: "planned", summary: { create: 4 } });
    expect(provider.requests).toHaveLength(1);
    expect(await run("apply")).toMatchObject({ outcome: "applied", summary: { create: 4 } });
    expect(provider.requests).toHaveLength(2);
    expect(await run("apply")).toMatchObject({ outcome: "unchanged" });
    expect(provider.requests).toHaveLength(3);
    expect(await run("validate")).toMatchObject({ outcome: "valid" });
    expect(provider.requests).toHaveLength(3);
  });

  it("ends with 3 when the provider names another issuer, and applies when it names the expected one", async () => {
    const folder = temporaryFolder();
    const provider = await startProvider();
    writeFiles(folder, {
      "other.yaml": discoveredYaml(provider.discoveryEndpoint, ["oidc_op_issuer: https://login.gemeente.example"]),
      "right.yaml": discoveredYaml(provider.discoveryEndpoint, [`oidc_op_issuer: ${provider.issuer}`]),
    });
    const { status, stderr } = await runCli(["apply", "other.yaml", "--wait", "20s"], { cwd: folder });
    expect(status).toBe(3);
    expect(stderr).toMatch(/^other\.yaml:4:7: error: oidc_provider keycloak: .*issuer.* \[DISCOVERY_INVALID\]$/m);
    // Asking again would not help.
    expect(provider.requests).toHaveLength(1);
    expect(await runCli(["apply", "right.yaml"], { cwd: folder })).toMatchObject({ status: 0 });
  });
});

describe("F44: a reference to what another owner's files declare", () => {
  const groups = "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n";
  const user = userFile("username: jan, groups: [lezers]");

  it("is waited for with --wait, on a database that does not exist yet, and then found", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "groups.yaml": groups, "users.yaml": user });
    const waiting = startCli(["apply", "users.yaml", "--owner", "people", "--wait", "20s", "--output", "json"], {
      cwd: folder,
    });
    await waiting.said(
      /waiting for another run to create what is missing: user jan needs group lezers.* \(up to \d+ s\)…/,
    );
    expect(await isMade(databaseOf(folder))).toBe(false);
    expect(await runCli(["apply", "groups.yaml", "--owner", "groups"], { cwd: folder })).toMatchObject({ status: 0 });
    const ended = await waiting.ended;
    expect({ status: ended.status, ...JSON.parse(ended.stdout) }).toMatchObject({ status: 0, outcome: "applied" });
    expect(ended.stderr.match(/^waiting for (?:oidc_provider|another run to create).* \(up to/gm)).toHaveLength(1);
  });

  it("ends with 5 once --wait is over, with 3 at once without it, and with 3 at once where something else is wrong", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, { "users.yaml": user, "worse.yaml": user + tokenFile(tokenItem("jan", "a".repeat(40))) });
    for (const command of ["plan", "apply"]) {
      const waited = await runCli([command, "users.yaml", "--wait", "1s"], { cwd: folder });
      expect(waited).toMatchObject({ status: 5, stderr: expect.stringContaining("[REFERENCE_NOT_FOUND]") });
      expect(waited.stderr).toContain("apply the files that declare it, wait longer with --wait");
      const atOnce = await runCli([command, "users.yaml"], { cwd: folder });
      expect(atOnce).toMatchObject({ status: 3, stderr: expect.not.stringContaining("waiting") });
      const worse = await runCli([command, "worse.yaml", "--wait", "1h"], { cwd: folder });
      expect(worse).toMatchObject({ status: 3, stderr: expect.not.stringContaining("waiting") });
    }
    expect(await isMade(databaseOf(folder))).toBe(false);
  });

  it("that keeps an entry from being deleted names that owner and what they would change", async () => {
    const folder = temporaryFolder();
    const absent = "groups_config_enable: true\ngroups_config: {items: [{name: lezers, state: absent}]}\n";
    writeFiles(folder, { "groups.yaml": groups, "users.yaml": user, "absent.yaml": absent });
    await runCli(["apply", "groups.yaml", "--owner", "groups"], { cwd: folder });
    await runCli(["apply", "users.yaml", "--owner", "people"], { cwd: folder });
    const refused = await runCli(["apply", "absent.yaml", "--owner", "groups"], { cwd: folder });
    expect(refused.status).toBe(4);
    expect(refused.stderr).toContain(
      "group lezers can't be deleted: user jan, which the owner people manages, needs it [RESOURCE_IN_USE]",
    );
    expect(refused.stderr).toContain("first remove it from `groups` of user jan in the files of the owner people");
    // The twin: an entry of the same owner, which is theirs to declare.
    const own = await runCli(["plan", "absent.yaml", "--owner", "people"], { cwd: folder });
    expect(own.stderr).toContain("[OWNED_BY_OTHER]");
    writeFiles(folder, {
      "users.yaml": userFile("username: jan, state: absent"),
      "piet.yaml": userFile("username: piet, groups: [lezers]"),
    });
    await runCli(["apply", "users.yaml", "--owner", "people"], { cwd: folder });
    await runCli(["apply", "piet.yaml", "--owner", "groups"], { cwd: folder });
    const alone = await runCli(["apply", "absent.yaml", "--owner", "groups"], { cwd: folder });
    expect(alone.stderr).toContain("group lezers can't be deleted: user piet, which no file declares, needs it");
    expect(alone.stderr).toContain(
      "declare the user as well, with another `groups` or `state: absent`, or keep the group",
    );
  });
});

describe("F31: what this owner manages and no file declares", () => {
  const three = userFile("username: jan", "username: piet", "username: karin");
  const report = async (folder: string, ...args: readonly string[]) => {
    const [text, json] = [
      await runCli(args, { cwd: folder }),
      await runCli([...args, "--output", "json"], { cwd: folder }),
    ];
    const { outcome, diagnostics } = JSON.parse(json.stdout);
    return { status: text.status, outcome, said: text.stdout.trim(), talk: text.stderr, diagnostics };
  };

  it("is reported by plan and apply, in text and JSON, with and without changes", async () => {
    const folder = temporaryFolder();
    writeFiles(folder, {
      "three.yaml": three,
      "one.yaml": userFile("username: jan"),
      "other.yaml": userFile("username: kees"),
    });
    await runCli(["apply", "three.yaml"], { cwd: folder });
    const note = "2 entries that the owner default manages are in no file and stay as they are: user karin, user piet";
    for (const command of ["plan", "apply"]) {
      const reported = await report(folder, command, "one.yaml", "--strict");
      expect(reported).toMatchObject({
        status: 0,
        outcome: "unchanged",
        talk: expect.stringContaining(`note: ${note} [UNDECLARED]`),
      });
      expect(reported.said).toMatch(/^No changes\. .* matches one\.yaml \(1 unchanged, 2 in no file\)\.$/);
      expect(reported.diagnostics).toMatchObject([{ severity: "note", code: "UNDECLARED", message: note }]);
    }
    expect((await report(folder, "plan", "other.yaml")).diagnostics).toMatchObject([{ code: "UNDECLARED" }]);
    // With all declared, pruned, or another owner's, there is nothing to report.
    expect(await report(folder, "plan", "three.yaml")).toMatchObject({ talk: "", diagnostics: [] });
    expect(await report(folder, "plan", "one.yaml", "--prune")).toMatchObject({ outcome: "planned", diagnostics: [] });
    expect(await report(folder, "plan", "other.yaml", "--owner", "zaken")).toMatchObject({ diagnostics: [] });
  });

  it("is named up to twenty, also of kinds whose step no file enables", async () => {
    const folder = temporaryFolder();
    const groups = "groups_config_enable: true\ngroups_config: {items: [{name: lezers}]}\n";
    const crowd = Array.from({ length: 30 }, (_, index) => `username: jan-${index + 10}`);
    writeFiles(folder, { "crowd.yaml": userFile(...crowd), "groups.yaml": groups });
    await runCli(["apply", "crowd.yaml"], { cwd: folder });
    const { diagnostics } = await report(folder, "apply", "groups.yaml", "--prune");
    expect(diagnostics).toMatchObject([
      { message: expect.stringMatching(/: user jan-10, .*, user jan-29 and 10 more$/) },
    ]);
  });
});

describe("a long wait", () => {
  it("is shown at once, and every ten seconds with the time that has passed and is left, also without a terminal", () => {
    const file = join(temporaryFolder(), "stderr");
    const stream = { fd: openSync(file, "a"), isTTY: false };
    // createTerminal uses nothing else of the process.
    const own = { stdout: stream, stderr: stream, env: {} } as unknown as NodeJS.Process;
    onTestFinished(() => closeSync(stream.fd));
    const terminal = createTerminal(own, new AbortController().signal);
    for (let waitedMs = 0; waitedMs <= 80_000; waitedMs += 400) {
      terminal.waiting("the database", { waitedMs, leftMs: 120_000 - waitedMs });
      if (waitedMs === 10_000) terminal.waiting("another run to finish", { waitedMs: 0, leftMs: 30_000 });
    }
    const lines = readFileSync(file, "utf8").split("\n");
    expect(lines.slice(0, 4)).toEqual([
      "waiting for the database (up to 2 min)…",
      "waiting for the database (10 s so far, 1 min 50 s left)…",
      "waiting for another run to finish (up to 30 s)…",
      "waiting for the database (20 s so far, 1 min 40 s left)…",
    ]);
    expect(lines.slice(-2)).toEqual(["waiting for the database (1 min 20 s so far, 40 s left)…", ""]);
    expect(lines).toHaveLength(11);
  });
});
