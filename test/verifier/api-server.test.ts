import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it, onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { runCli } from "../support/cli.js";
import { sealingEnv, temporaryDatabase } from "../support/databases.js";
import { configurationOf, openForTest, runOptions, temporaryFolder } from "../support/run.js";
import { startIssuer } from "./bearer/issuer.js";
import { clientOf, providerOf } from "./bearer/world.js";

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

type Malformed = readonly [status: number, type: string, body: string | Uint8Array, headers?: Record<string, string>];

/** What is no JSON text with a title, and what it is answered with. */
const malformed: readonly Malformed[] = [
  [400, "application/json", '{"titel": '],
  [400, "application/json", '"titel"'],
  [400, "application/json", "null"],
  [400, "application/json", "[]"],
  [400, "application/json", '{"titel": 7}'],
  [400, "application/json", '{"titel": {"toString": 1}}'],
  [400, "application/json", new Uint8Array([0xff, 0xfe, 0x00])],
  [400, "application/json", `${"[".repeat(50_000)}`],
  [400, "application/json", "not gzip", { "content-encoding": "gzip" }],
  [415, "application/json", "{}", { "content-encoding": "other" }],
  [415, "application/json; charset=other", "{}"],
  [413, "application/json", JSON.stringify({ titel: "x".repeat(200_000) })],
  [400, "multipart/form-data", "--grens"],
  [400, "multipart/form-data; boundary=grens", '--grens\r\nContent-Disposition: form-data; name="titel"\r\n\r\nx'],
  [400, "application/x-www-form-urlencoded", "titel=%ZZ"],
  [400, "///", "titel"],
];

interface ExampleOptions {
  readonly file?: string;
  /** More environment variables. */
  readonly more?: Readonly<Record<string, string>>;
}

/** Starts the example as its first lines say, on a free port, and gives its URL. */
async function startExample(database: string, { file = "server.mjs", more = {} }: ExampleOptions = {}) {
  const child = spawn(process.execPath, [`examples/api-server/${file}`], {
    env: { PATH: process.env.PATH ?? "", PORT: "0", VTB_SETUP_DATABASE: database, ...sealingEnv(), ...more },
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
  it("F14 serves Open VTB's Taken API to whom the quickstart's database names, and answers 4xx to malformed bodies", async () => {
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

    const sendBody = (type: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
      fetch(url, {
        method: "POST",
        body,
        headers: { authorization: `Token ${quickstartToken}`, "content-type": type, ...headers },
      });
    for (const [status, type, body, headers] of malformed) {
      const broken = await sendBody(type, body, headers);
      expect([type, body, broken.status, broken.headers.get("content-type")]).toEqual([
        type,
        body,
        status,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
      const title = expect.stringMatching(/^(?:De inhoud kan niet worden gelezen|titel is verplicht)$/);
      expect(await broken.json()).toEqual({ status, title });
    }
    const { port } = new URL(url);
    for (const length of ["Content-Length: 500", "Transfer-Encoding: chunked"]) {
      const socket = connect(Number(port), "127.0.0.1");
      await once(socket, "connect");
      const lines = [`POST ${new URL(url).pathname} HTTP/1.1`, "Host: x", `Authorization: Token ${quickstartToken}`];
      socket.write([...lines, "Content-Type: application/json", length, "", '{"tit'].join("\r\n"));
      socket.destroy();
      await once(socket, "close");
    }
    expect((await ask(quickstartToken, "POST")).status).toBe(201);
    expect(log()).not.toContain("Error");
    const elsewhere = await fetch(new URL("/elsewhere", url));
    expect([elsewhere.status, await elsewhere.json()]).toEqual([404, { status: 404, title: "Niet gevonden" }]);

    child.kill("SIGTERM");
    const [status] = await once(child, "exit");
    expect(status).toBe(0);
  });

  it("tells programs how to authenticate, as the database has it at the moment", async () => {
    const idp = { issuer: "https://keycloak.gemeente.example/realms/vtb" };
    const database = temporaryDatabase();
    await apply(configurationOf(providerOf(idp), clientOf()), runOptions(database));
    const API_URL = "https://taken.gemeente.example/taken/api/v1";
    const { url } = await startExample(database, { more: { API_URL } });
    // Both are JSON objects.
    const read = async (path: string) => (await (await fetch(new URL(path, url))).json()) as Record<string, unknown>;
    const metadata = "/.well-known/oauth-protected-resource/taken/api/v1";
    const document = await read("/taken/api/v1/openapi.json");
    expect((await new Validator().validate(document)).errors).toBeUndefined();
    expect(document).toMatchObject({ security: [{ token: [] }, { "bearer-api-oidc": [] }] });
    expect(await read(metadata)).toMatchObject({ resource: API_URL, authorization_servers: [idp.issuer] });
    const { headers } = await fetch(url);
    expect(headers.get("www-authenticate")).toContain(
      'resource_metadata="https://taken.gemeente.example/.well-known/oauth-protected-resource/taken/api/v1"',
    );
    await apply(configurationOf(clientOf({ enabled: false })), runOptions(database));
    // Another process, which may take a second to notice a change on a server.
    await expect.poll(() => read(metadata), { timeout: 20_000 }).toEqual({ resource: API_URL });
    expect(await read("/taken/api/v1/openapi.json")).toMatchObject({ security: [{ token: [] }, { bearer: [] }] });
  });

  it("F60 fetches the providers' keys anew at SIGHUP, and goes on", async () => {
    const idp = await startIssuer();
    onTestFinished(() => idp.close());
    const database = temporaryDatabase();
    await apply(configurationOf(providerOf(idp), clientOf()), runOptions(database));
    const { url, log, child } = await startExample(database);
    for (const times of [1, 2]) {
      child.kill("SIGHUP");
      await expect.poll(idp.keyRequests, { timeout: 10_000 }).toBe(times);
    }
    await expect.poll(log, { timeout: 10_000 }).toContain('"kind":"keys_fetched"');
    expect((await fetch(url)).status).toBe(401);
  });

  it.each(["server.mjs", "fastify.mjs", "hono.mjs"])(
    "%s is alive in an outage of the database, but not ready, and is ready again afterwards",
    async (file) => {
      const database = temporaryDatabase();
      const quickstart = join(process.cwd(), "examples/quickstart.yaml");
      await runCli(["apply", "--offline", "--database", database, quickstart], { env: sealingEnv() });
      const { url, log, child } = await startExample(database, { file });
      const ask = async (path: string) => {
        const response = await fetch(new URL(path, url));
        return [response.status, await response.json()];
      };
      const listed = await fetch(url, { headers: { authorization: `Token ${quickstartToken}` } });
      expect([listed.status, (await fetch(url)).status]).toEqual([200, 401]);
      expect([await ask("/livez"), await ask("/readyz")]).toEqual([
        [200, { alive: true }],
        [200, { ready: true }],
      ]);
      const { kysely } = await openForTest(database);
      const migrations = await kysely.selectFrom("setup_migrations").selectAll().execute();
      await kysely.deleteFrom("setup_migrations").execute();
      await kysely.updateTable("setup_state").set({ revision: 9999 }).execute();
      await expect.poll(() => ask("/readyz"), { timeout: 5000 }).toEqual([503, { ready: false }]);
      expect(await ask("/livez")).toEqual([200, { alive: true }]);
      await kysely.insertInto("setup_migrations").values(migrations).execute();
      await expect.poll(() => ask("/readyz"), { timeout: 5000 }).toEqual([200, { ready: true }]);
      expect(log()).not.toContain("Error");
      child.kill("SIGTERM");
      expect(await once(child, "exit")).toEqual([0, null]);
    },
  );

  it("F64: logs a request whose headers are over 16 kB, which Node answers with 431, and none below that", async () => {
    const database = temporaryDatabase();
    const file = join(process.cwd(), "examples/quickstart.yaml");
    await runCli(["apply", "--offline", "--database", database, file], { env: sealingEnv() });
    const { url, log } = await startExample(database);
    const statusWith = async (length: number) =>
      (await fetch(url, { headers: { authorization: `Bearer ${"a".repeat(length)}` } })).status;
    expect(await statusWith(15_000)).toBe(401);
    expect(log()).not.toContain("headers_too_large");
    expect(await statusWith(17_000)).toBe(431);
    await expect.poll(log).toContain('"kind":"headers_too_large","hint":"node --max-http-header-size=32768"');
  });
});
