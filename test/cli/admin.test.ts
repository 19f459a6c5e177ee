import { rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { forwardedAddress } from "../../src/cli/admin-server.js";
import { runCli, writeFiles } from "../support/cli.js";
import { type CliProcess, startCli } from "../support/cli-process.js";
import { tablesIn, userFile } from "../support/config-text.js";
import { databaseOf, isMade } from "../support/databases.js";
import { always, startServer } from "../support/http-server.js";
import { temporaryFolder } from "../support/run.js";

const secretPhrase = "een nieuw wachtwoord van vier woorden";
const anyPort = ["--listen", "127.0.0.1:0"];

/** The command, with where it serves. */
async function started(args: readonly string[], cwd = temporaryFolder()) {
  const server = startCli(["admin", ...args], { cwd });
  const [, url = ""] = await server.printed(/^Admin pages: (\S+)\n/);
  return { server, url, cwd };
}

const codeText = /type this code:\n\n {2}(\S+)\n/;

/** Sends a form as the page of a browser does. */
function post(url: string, path: string, fields: Readonly<Record<string, string>>, cookie = "") {
  const headers = { origin: new URL(url).origin, "sec-fetch-site": "same-origin", cookie };
  return fetch(url + path, { method: "POST", body: new URLSearchParams(fields), headers, redirect: "manual" });
}

function cookieOf(answer: Response): string {
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

async function stop(server: CliProcess) {
  server.kill("SIGTERM");
  return await server.ended;
}

describe("admin", () => {
  it("prepares a new database, and its code makes the first administrator, who signs in", async () => {
    const { server, url, cwd } = await started(anyPort);
    const [, code = ""] = await server.printed(codeText);
    const typed = await post(url, "/bootstrap", { code });
    expect(typed).toHaveProperty("status", 303);
    const cookie = cookieOf(typed);
    const form = await (await fetch(`${url}/first-administrator`, { headers: { cookie } })).text();
    const csrf = /name="csrf" value="([^"]+)"/.exec(form)?.[1] ?? "";
    const fields = { csrf, username: "root", password: secretPhrase, password_again: secretPhrase };
    expect(await post(url, "/first-administrator", fields, cookie)).toHaveProperty("status", 303);
    const signedIn = await post(url, "/sign-in/password", { username: "root", password: secretPhrase });
    const home = await fetch(url, { headers: { cookie: cookieOf(signedIn) } });
    expect(await home.text()).toContain("<strong>root</strong>");

    const ended = await stop(server);
    expect(ended).toMatchObject({ status: 143, signal: null });
    const lines = ended.stderr.split("\n").filter((line) => line.startsWith("{"));
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual([
      "bootstrap_started",
      "signed_in_with_password",
      "stopped",
    ]);
    for (const secret of [code, secretPhrase, csrf, cookie.split("=")[1] ?? ""])
      expect(ended.stderr).not.toContain(secret);

    // The second time, there is nothing to do and no code.
    const again = await started(anyPort, cwd);
    expect(await stop(again.server)).toMatchObject({ stdout: `Admin pages: ${again.url}\n` });
    const runs = await (await tablesIn(cwd)).selectFrom("runs").select("actor").execute();
    expect(runs.map(({ actor }) => actor)).toEqual(["bootstrap", "bootstrap", "password:admin-oidc"]);
  });

  it("prints the same as one JSON object", async () => {
    const cwd = temporaryFolder();
    const server = startCli(["admin", ...anyPort, "--output", "json"], { cwd });
    await server.printed(/\n}\n$/);
    server.kill("SIGINT");
    const { status, stdout } = await server.ended;
    expect(status).toBe(130);
    const value = JSON.parse(stdout);
    expect(value).toMatchObject({
      formatVersion: 1,
      command: "admin",
      outcome: "ok",
      listen: { host: "127.0.0.1", port: expect.any(Number) },
      bootstrap: { code: expect.stringMatching(/^\w{4}(?:-\w{4}){3}$/), expiresAt: expect.any(String) },
      migrations: expect.arrayContaining(["0001_tables"]),
    });
    expect(value.url).toBe(`http://127.0.0.1:${value.listen.port}`);
    expect(value.bootstrap.url).toBe(`${value.url}/bootstrap`);
  });

  it("keeps to this machine, but for a public URL with https", async () => {
    const cwd = temporaryFolder();
    const open = ["--listen", "0.0.0.0:0"];
    for (const args of [
      open,
      [...open, "--public-url", "http://127.0.0.1:8090"],
      ["--public-url", "http://example.nl"],
    ]) {
      expect(await runCli(["admin", ...args], { cwd })).toMatchObject({
        status: 64,
        stderr: expect.stringContaining("https"),
      });
    }
    expect(await isMade(databaseOf(cwd))).toBe(false);
    const server = startCli(["admin", ...open, "--public-url", "https://beheer.example.nl/vtb"], { cwd });
    await server.printed(/^Admin pages: https:\/\/beheer\.example\.nl\/vtb\n/);
    await stop(server);
  });

  it("answers on this machine only under its exact host", async () => {
    const { server, url } = await started(anyPort);
    const { port } = new URL(url);
    const ask = (host: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(port), "127.0.0.1", () =>
          socket.write(`GET /sign-in HTTP/1.0\r\nHost: ${host}\r\n\r\n`),
        );
        let text = "";
        socket.on("data", (piece) => {
          text += piece;
        });
        socket.on("close", () => resolve(text.split("\r\n")[0] ?? ""));
      });
    expect(await ask(`127.0.0.1:${port}`)).toContain(" 200 ");
    expect(await ask(`evil.example:${port}`)).toContain(" 400 ");
    await stop(server);
  });

  it.each([
    [["--listen", "8090"], "--listen is not an address"],
    [["--listen", "127.0.0.1:99999"], "--listen is not an address"],
    [["--time-zone", "Mars/Olympus"], "--time-zone must be"],
    [["--contact", ""], "--contact must have"],
    [["--trusted-proxies", "-1"], "Write a number from 0 to 99."],
    [["--password-sign-in", "never"], "--password-sign-in"],
    [["--public-url", "https://jan:geheim@example.nl"], "--public-url must be"],
  ])("refuses %j as a mistake in the command line, without making a database", async (args, message) => {
    const cwd = temporaryFolder();
    const { status, stderr } = await runCli(["admin", ...args], { cwd });
    expect({ status, stderr }).toMatchObject({ status: 64, stderr: expect.stringContaining(message) });
    expect(stderr).not.toContain("geheim");
    expect(await isMade(databaseOf(cwd))).toBe(false);
  });

  it("changes nothing where another program listens at its address", async () => {
    const cwd = temporaryFolder();
    const other = await startServer(always(200, {}));
    const listen = new URL(other.origin).host;
    expect(await runCli(["admin", "--listen", listen], { cwd })).toMatchObject({
      status: 5,
      stdout: "",
      stderr: expect.stringContaining("another program listens there [LISTEN_FAILED]"),
    });
    expect(await isMade(databaseOf(cwd))).toBe(false);
    await other.close();
  });

  it("refuses a database whose sealing key is another one, and a newer database", async () => {
    const cwd = temporaryFolder();
    const secret = "oidc_rp_client_secret: a-client-secret-of-enough-length";
    const endpoints = ["authorization", "token", "user", "jwks"].map(
      (name) => `oidc_op_${name}_endpoint: "https://idp.example/${name}"`,
    );
    writeFiles(cwd, {
      "config.yaml": `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers: [{identifier: keycloak, oidc_op_issuer: "https://idp.example", endpoint_config: {${endpoints.join(", ")}}}]
  items: [{identifier: admin-oidc, oidc_provider_identifier: keycloak, oidc_rp_client_id: vtb, ${secret}}]
`,
    });
    expect(await runCli(["apply", "config.yaml"], { cwd })).toMatchObject({ status: 0 });
    if (inject("dialect") === "sqlite") {
      rmSync(join(cwd, "vtb-auth.db.key"));
      expect(await runCli(["admin", ...anyPort], { cwd })).toMatchObject({
        status: 4,
        stderr: expect.stringContaining("[KEY_MISMATCH]"),
      });
    }
    const db = await tablesIn(cwd);
    await db.insertInto("setup_migrations").values({ name: "9999_future", applied_at: "" }).execute();
    expect(await runCli(["admin", ...anyPort], { cwd })).toMatchObject({
      status: 4,
      stderr: expect.stringContaining("[DATABASE_NEWER]"),
    });
  });

  it("makes no code where a file has made an administrator, and goes on after SIGHUP", async () => {
    const cwd = temporaryFolder();
    writeFiles(cwd, {
      "config.yaml": userFile(`username: root, is_staff: true, is_superuser: true, password: "${secretPhrase}"`),
    });
    expect(await runCli(["apply", "config.yaml"], { cwd })).toMatchObject({ status: 0 });
    const { server, url } = await started(anyPort, cwd);
    server.kill("SIGHUP");
    expect(await fetch(`${url}/sign-in`)).toHaveProperty("status", 200);
    expect(await stop(server)).toMatchObject({ status: 143, stdout: `Admin pages: ${url}\n` });
  });

  it("answers and logs a request whose headers are too large", async () => {
    const { server, url } = await started(anyPort);
    const answer = await fetch(`${url}/sign-in`, { headers: { cookie: `a=${"x".repeat(33 * 1024)}` } });
    expect(answer).toHaveProperty("status", 431);
    await server.said(/"kind":"headers_too_large"/);
    expect(await fetch(`${url}/sign-in`, { headers: { cookie: `a=${"x".repeat(31 * 1024)}` } })).toHaveProperty(
      "status",
      200,
    );
    await stop(server);
  });

  it("limits attempts by the address that a trusted proxy saw, and by no other", async () => {
    const { server, url } = await started([...anyPort, "--trusted-proxies", "1"]);
    const attempt = (forwarded: string) =>
      fetch(`${url}/bootstrap`, {
        method: "POST",
        body: new URLSearchParams({ code: "CCCC-CCCC-CCCC-CCCC" }),
        headers: { origin: url, "sec-fetch-site": "same-origin", "x-forwarded-for": forwarded },
      });
    const statuses: number[] = [];
    for (let number = 0; number < 11; number += 1) statuses.push((await attempt(`10.0.0.${number}, 192.0.2.1`)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 422), 429]);
    expect(await attempt("192.0.2.1, 192.0.2.2")).toHaveProperty("status", 422);
    await server.said(/"kind":"too_many_attempts","what":"code","address":"192\.0\.2\.1"/);
    await stop(server);
  });
});

describe("the address of a request", () => {
  it.each([
    ["203.0.113.7", 0, undefined],
    ["203.0.113.7", 1, "203.0.113.7"],
    ["198.51.100.1, 203.0.113.7", 1, "203.0.113.7"],
    ["198.51.100.1, 203.0.113.7", 2, "198.51.100.1"],
    ["2001:db8::1", 1, "2001:db8::1"],
    // Fewer proxies than told: whoever sent it reached this server past one of them.
    ["203.0.113.7", 2, undefined],
    ["unknown", 1, undefined],
    ["203.0.113.7:4711", 1, undefined],
    ["", 1, undefined],
    [undefined, 1, undefined],
  ])("is, of %j behind %i proxies, %s", (header, proxies, address) => {
    expect(forwardedAddress(header, proxies)).toBe(address);
  });
});
