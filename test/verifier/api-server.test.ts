import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../support/cli.js";
import { sealingEnv, temporaryDatabase } from "../support/databases.js";
import { temporaryFolder } from "../support/run.js";

const quickstartToken = "ba9d233e95e04c4a8a661a27daffe7c9bd019067";
const readerToken = "5d0c7f1a9b3e4862af71c0d9e8b7a6f5c4d3e2b1";

const readerYaml = `
tokenauth_config_enable: true
tokenauth:
  items:
    - identifier: alleen-lezen
      token: ${readerToken}
      contact_person: Functioneel beheer
      email: beheer@gemeente.example
      permissions: [taken.view_externetaak]
`;

/** Starts the example as its first lines say, on a free port, and gives its URL. */
async function startExample(database: string) {
  const child = spawn(process.execPath, ["examples/api-server/server.mjs"], {
    env: { PATH: process.env.PATH ?? "", PORT: "0", VTB_SETUP_DATABASE: database, ...sealingEnv() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  return { url: String(line).trim(), log: () => log, child };
}

describe("examples/api-server", () => {
  it("serves Open VTB's Taken API to whom the quickstart's database names", async () => {
    const folder = temporaryFolder();
    const database = temporaryDatabase();
    const reader = join(folder, "reader.yaml");
    writeFileSync(reader, readerYaml);
    for (const file of [join(process.cwd(), "examples/quickstart.yaml"), reader]) {
      const args = ["apply", "--offline", "--output", "json", "--database", database, file];
      const applied = await runCli(args, { env: sealingEnv() });
      expect(applied).toMatchObject({ status: 0 });
    }
    const { url, log, child } = await startExample(database);
    const ask = (token: string, method = "GET") =>
      fetch(url, {
        method,
        headers: { authorization: `Token ${token}`, "content-type": "application/json" },
        ...(method === "POST" && { body: JSON.stringify({ titel: "Bel terug" }) }),
      });

    expect((await fetch(url)).status).toBe(401);
    const created = await ask(quickstartToken, "POST");
    expect(created.status).toBe(201);
    expect(await created.json()).toMatchObject({ titel: "Bel terug", aangemaaktDoor: "open-formulieren" });
    const listed = await ask(readerToken);
    expect(listed.status).toBe(200);
    expect(await listed.json()).toMatchObject({ count: 1, results: [{ titel: "Bel terug", status: "open" }] });
    expect((await ask(readerToken, "POST")).status).toBe(403);
    expect((await ask("0".repeat(40))).status).toBe(401);
    expect(log()).toContain('"reason":"unknown_token"');
    expect(log()).not.toContain(readerToken);

    const broken = await fetch(url, {
      method: "POST",
      headers: { authorization: `Token ${quickstartToken}`, "content-type": "application/json" },
      body: '{"titel": ',
    });
    expect([broken.status, broken.headers.get("content-type")]).toEqual([
      400,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
    expect(await broken.json()).toEqual({ status: 400, title: "De inhoud kan niet worden gelezen" });
    const elsewhere = await fetch(new URL("/elsewhere", url));
    expect([elsewhere.status, await elsewhere.json()]).toEqual([404, { status: 404, title: "Niet gevonden" }]);

    child.kill("SIGTERM");
    const [status] = await once(child, "exit");
    expect(status).toBe(0);
  });
});
