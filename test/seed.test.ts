import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { blocksOf, readDocument } from "./docs/markdown.js";
import { runCliProcess, writeFiles } from "./support/cli.js";
import { sealingEnv, temporaryDatabase } from "./support/databases.js";
import { freePort } from "./support/http-server.js";
import { startOpenIdProvider } from "./support/openid-provider.js";
import { temporaryFolder } from "./support/run.js";

const client = { id: "taken-client", secret: "taken-client-secret-of-32-characters" };
const token = "ba9d233e95e04c4a8a661a27daffe7c9bd019067";

const audience = "urn:example:taken-api";

/** A provider that gives this client JWT access tokens for itself. */
const providerConfiguration = {
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope: "openid",
        audience,
        accessTokenFormat: "jwt",
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
};

function configuration(discoveryEndpoint: string): string {
  return `
groups_config_enable: true
groups_config:
  items:
    - name: raadplegers
      permissions: [taken.view_externetaak]
tokenauth_config_enable: true
tokenauth:
  items:
    - identifier: open-formulieren
      token: ${token}
      contact_person: Functioneel beheer
      email: beheer@gemeente.example
      permissions: [taken.view_externetaak]
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      endpoint_config:
        oidc_op_discovery_endpoint: ${discoveryEndpoint}
  items:
    - identifier: api-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: ${client.id}
      oidc_rp_client_secret: ${client.secret}
      options:
        user_settings:
          claim_mappings:
            username: [sub]
        groups_settings:
          claim_mapping: [groups]
          sync: true
          sync_pattern: "*"
          default_groups: [raadplegers]
          make_users_staff: false
          superuser_group_names: []
`;
}

/** The API of examples/api-server, on a free port. */
async function startApi(database: string): Promise<string> {
  const child = spawn(process.execPath, ["examples/api-server/server.mjs"], {
    env: { PATH: process.env.PATH ?? "", PORT: "0", VTB_SETUP_DATABASE: database, ...sealingEnv() },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = await once(child.stdout.setEncoding("utf8"), "data");
  return String(line).trim();
}

/** Runs curl as a person would, and gives the body and the status. */
async function curl(...args: readonly string[]): Promise<{ readonly status: number; readonly body: string }> {
  const format = "\\n%{http_code}";
  const { stdout } = await promisify(execFile)("curl", ["--silent", "--write-out", format, ...args]);
  const end = stdout.lastIndexOf("\n");
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

describe("the three requests of the manual", () => {
  it("A10.74 accept an API token and a client's own access token, and nothing else", async () => {
    const provider = await startOpenIdProvider({ configuration: providerConfiguration });
    onTestFinished(() => provider.close());
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": configuration(provider.discoveryEndpoint) });
    const database = temporaryDatabase();
    const applied = await runCliProcess(["apply", "config.yaml", "--database", database], { cwd: folder });
    expect(applied).toMatchObject({ status: 0 });
    const api = await startApi(database);

    const withToken = await curl("--request", "GET", "--header", `Authorization: Token ${token}`, api);
    expect(withToken).toMatchObject({ status: 200, body: expect.stringContaining('"count":0') });
    const withWrongToken = await curl("--header", `Authorization: Token ${token.toUpperCase()}`, api);
    expect(withWrongToken.status).toBe(401);

    const granted = await curl(
      "--request",
      "POST",
      "--url",
      `${provider.issuer}/token`,
      "--header",
      "Content-Type: application/x-www-form-urlencoded",
      "--data",
      `client_id=${client.id}`,
      "--data",
      `client_secret=${client.secret}`,
      "--data",
      "grant_type=client_credentials",
      "--data",
      "scope=openid",
    );
    expect(granted.status).toBe(200);
    const { access_token: accessToken } = JSON.parse(granted.body) as { readonly access_token: string };

    const withBearer = await curl("--request", "GET", "--header", `Authorization: Bearer ${accessToken}`, api);
    expect(withBearer).toMatchObject({ status: 200, body: expect.stringContaining('"count":0') });
    const forbidden = await curl("--request", "POST", "--header", `Authorization: Bearer ${accessToken}`, api);
    expect(forbidden.status).toBe(403);
    const altered = await curl("--header", `Authorization: Bearer ${accessToken.slice(0, -4)}AAAA`, api);
    expect(altered.status).toBe(401);
    expect(provider.requests.filter((url) => url.includes("userinfo") || url.endsWith("/me"))).toEqual([]);
  });
});

/** The shell blocks of the README's part about requests, as they are written there. */
function readmeBlocks(): readonly string[] {
  const [, part = ""] = readDocument("README.md").split("\n## Checking requests\n");
  const [own = ""] = part.split("\n## ");
  return blocksOf(own).flatMap(({ info, text }) => (info === "sh" ? text : []));
}

/** Runs a block as a person would in a checkout, with the test's own database and ports. */
async function walkThrough() {
  const [api, provider] = await Promise.all([freePort(), freePort()]);
  const folder = temporaryFolder();
  const own = (text: string) =>
    text.replaceAll("127.0.0.1:8000", `127.0.0.1:${api}`).replaceAll("127.0.0.1:9000", `127.0.0.1:${provider}`);
  const [config = "", catalogue = ""] = ["config.yaml", "permissions.json"].map((name) =>
    readFileSync(`examples/api-server/${name}`, "utf8"),
  );
  writeFiles(folder, { "config.yaml": own(config), "permissions.json": catalogue });
  const inCheckout = (block: string) =>
    own(block)
      .replace("sqlite:./trial.db", `'${temporaryDatabase()}'`)
      .replace("npx vtb-setup", "node bin/vtb-setup.js")
      .replace("examples/api-server/config.yaml", join(folder, "config.yaml"))
      .replace("node examples/api-server/provider.mjs", `PORT=${provider} node examples/api-server/provider.mjs`)
      .replace("node examples/api-server/server.mjs", `PORT=${api} node examples/api-server/server.mjs`);
  const env = { PATH: process.env.PATH ?? "", HOME: folder, ...sealingEnv() };
  return {
    start: async (block: string) => {
      const shell = spawn("sh", ["-ec", `${inCheckout(block)}\nwait`], { env, detached: true, stdio: "ignore" });
      // The shell and what it has started, of which it is the leader.
      onTestFinished(() => void process.kill(-Number(shell.pid), "SIGKILL"));
      for (const port of [api, provider]) {
        await expect
          .poll(
            () =>
              fetch(`http://127.0.0.1:${port}`).then(
                () => "up",
                () => "down",
              ),
            { timeout: 20_000 },
          )
          .toBe("up");
      }
    },
    run: async (block: string, more: Readonly<Record<string, string>> = {}) => {
      const { stdout } = await promisify(execFile)("sh", ["-ec", inCheckout(block)], { env: { ...env, ...more } });
      return JSON.parse(stdout) as Readonly<Record<string, unknown>>;
    },
  };
}

describe("the README's walk-through", () => {
  it("has the manual's three requests, and they get in as they are written", async () => {
    const [start = "", withToken = "", getAccessToken = "", withBearer = "", ...others] = readmeBlocks();
    expect(others).toEqual([]);
    // Line by line as the manual has them.
    expect(withToken).toMatch(/^curl --request GET \\\n +--header 'Authorization: Token \w+' \\\n +http\S+\n$/);
    expect(withBearer).toMatch(
      /^curl --request GET \\\n +--header "Authorization: Bearer \$ACCESS_TOKEN" \\\n +http\S+\n$/,
    );
    const fields = [...getAccessToken.matchAll(/--data(?:-urlencode)? "(\w+)=([^"]+)"/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(fields).toEqual([
      ["client_id", "taken-client"],
      ["client_secret", "only-for-trying-this-out"],
      ["grant_type", "client_credentials"],
      ["scope", "openid"],
    ]);

    const shell = await walkThrough();
    await shell.start(start);
    const empty = { count: 0, next: null, previous: null, results: [] };
    expect(await shell.run(withToken)).toEqual(empty);
    const granted = await shell.run(getAccessToken);
    expect(granted).toMatchObject({ token_type: "Bearer", access_token: expect.any(String) });
    expect(await shell.run(withBearer, { ACCESS_TOKEN: String(granted.access_token) })).toEqual(empty);
    expect(await shell.run(withBearer, { ACCESS_TOKEN: "another" })).toMatchObject({ status: 401 });
    expect(await shell.run(withToken.replace("ba9d", "aaaa"))).toMatchObject({ status: 401 });
  });
});
