import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { writeFiles } from "../support/cli.js";
import { answering, metadata } from "../support/discovery-document.js";
import { always, serve } from "../support/http-server.js";
import { workplace } from "./outcome.js";

const client = (identifier: string) =>
  `    - {identifier: ${identifier}, oidc_provider_identifier: idp, oidc_rp_client_id: a, oidc_rp_client_secret: b8f1c2d3e4}\n`;

function configuration(provider: string, ...clients: readonly string[]): string {
  const items = (clients.length === 0 ? ["api-oidc"] : clients).map(client).join("");
  return `oidc_db_config_enable: true\noidc_db_config_admin_auth:\n  providers:\n    - {identifier: idp, ${provider}}\n  items:\n${items}`;
}

const discovered = (origin: string, issuer = "") =>
  `${issuer && `oidc_op_issuer: "${issuer}", `}endpoint_config: {oidc_op_discovery_endpoint: "${origin}"}`;

const endpoints = ["authorization", "token", "user", "jwks"]
  .map((name) => `oidc_op_${name}_endpoint: "https://idp.example/${name}"`)
  .join(", ");

async function plan(yaml: string, env: Readonly<Record<string, string>> = {}) {
  const place = workplace();
  writeFiles(place.folder, { "config.yaml": yaml });
  const key = { VTB_SETUP_KEY: randomBytes(32).toString("hex") };
  const run = await place.run(["plan", "config.yaml", "--allow", "OPTIONS_DEFAULTED"], { env: { ...key, ...env } });
  const found = (code: string) => run.json.diagnostics.filter((diagnostic) => diagnostic.code === code);
  return { ...run, found };
}

describe("a network that requires a proxy", () => {
  const password = "canary-1a2b3c4d";

  it.each([
    ["HTTP_PROXY", `http://beheer:${password}@127.0.0.1:9`],
    ["http_proxy", `:::${password}`],
    ["ALL_PROXY", `socks5://beheer:${password}@proxy.example`],
  ])(
    "F41: is named by its variable %s where the provider can't be reached, never with its value",
    async (name, value) => {
      const { origin, close } = await serve(always(200, {}));
      await close();
      const run = await plan(configuration(discovered(origin)), { [name]: value });
      expect([run.status, run.diagnostics]).toEqual([5, ["error DISCOVERY_UNREACHABLE 4:7"]]);
      expect(run.json.diagnostics[0]?.hint).toBe(
        "check host and port in the URL, and that the server is running; " +
          `${name} is set, but proxies are not supported: allow direct connections to the provider`,
      );
      expect(run.stderr + JSON.stringify(run.json)).not.toContain(password);
    },
  );

  it.each([
    { what: "without such a variable", env: {} },
    { what: "with one for https alone", env: { HTTPS_PROXY: "http://127.0.0.1:9" } },
    { what: "with one that is empty", env: { HTTP_PROXY: "" } },
    {
      what: "where NO_PROXY has the host",
      env: { HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "x.example, 127.0.0.1" },
    },
    { what: "where NO_PROXY has all hosts", env: { HTTP_PROXY: "http://127.0.0.1:9", no_proxy: "*" } },
  ])("F41: is not mentioned $what", async ({ env }) => {
    const { origin, close } = await serve(always(200, {}));
    await close();
    const run = await plan(configuration(discovered(origin)), env);
    expect([run.status, run.json.diagnostics[0]?.hint]).toEqual([
      5,
      "check host and port in the URL, and that the server is running",
    ]);
  });

  it("F41: is not mentioned where the provider answered, whatever the answer", async () => {
    const env = { HTTP_PROXY: "http://127.0.0.1:9" };
    const failing = await plan(configuration(discovered((await serve(always(503, {}))).origin)), env);
    expect([failing.status, failing.json.diagnostics[0]?.hint]).toEqual([5, expect.not.stringContaining("PROXY")]);
    const { origin } = await answering(({ origin: own }) => metadata(own));
    expect((await plan(configuration(discovered(origin)), env)).status).toBe(0);
  });
});

describe("an issuer that stands for all tenants", () => {
  it("F41: in a provider's document is an error that says to write the tenant's id", async () => {
    const issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const { origin } = await answering(() => metadata(issuer));
    for (const written of ["", issuer.replace("{tenantid}", "7d0cbb5f-1c3e-4a0e-9a6f-2f3a1f1f7c11")]) {
      const run = await plan(configuration(discovered(origin, written)));
      expect([run.status, run.diagnostics]).toEqual([3, ["error DISCOVERY_INVALID 4:7"]]);
      expect(run.json.diagnostics[0]).toMatchObject({
        message: expect.stringContaining("`{tenantid}` where tokens have a tenant's id"),
        hint: expect.stringContaining("write the tenant's own id in `oidc_op_discovery_endpoint`"),
      });
    }
  });

  it.each([
    ["https://login.microsoftonline.com/{tenantid}/v2.0", "{tenantid}"],
    ["https://login.microsoftonline.com/common/v2.0", "common"],
    ["https://login.microsoftonline.us/organizations/v2.0", "organizations"],
    ["https://keycloak.example/realms/{realm}", "{realm}"],
  ])("F41: in a file is an error: %s", async (issuer, shared) => {
    const run = await plan(configuration(`oidc_op_issuer: "${issuer}", endpoint_config: {${endpoints}}`));
    const errors = run.diagnostics.filter((problem) => problem.startsWith("error"));
    expect([run.status, errors]).toEqual([3, ["error INVALID_VALUE 4:41"]]);
    expect(run.found("INVALID_VALUE")[0]?.message).toContain(`\`${shared}\``);
  });

  it.each([
    "https://login.microsoftonline.com/7d0cbb5f-1c3e-4a0e-9a6f-2f3a1f1f7c11/v2.0",
    "https://keycloak.example/realms/common",
    "https://login.microsoftonline.com/common-ground.nl/v2.0",
  ])("F41: is not reported where the issuer names one tenant: %s", async (issuer) => {
    const run = await plan(configuration(`oidc_op_issuer: "${issuer}", endpoint_config: {${endpoints}}`));
    expect([run.status, run.found("INVALID_VALUE")]).toEqual([0, []]);
  });
});

describe("a provider whose access tokens have another issuer (AD FS)", () => {
  const trust = "http://adfs.example/adfs/services/trust";
  const adfs = () => answering(({ origin }) => ({ ...metadata(origin), access_token_issuer: trust }));

  it("F41: is a warning at the client that accepts access tokens, and says what to write", async () => {
    const { origin } = await adfs();
    const run = await plan(configuration(discovered(origin), "admin-oidc", "api-oidc"));
    expect([run.status, run.found("ACCESS_TOKEN_ISSUER")]).toEqual([
      0,
      [
        expect.objectContaining({
          severity: "warning",
          line: 7,
          message: `oidc_client api-oidc: oidc_provider idp signs access tokens as ${trust}, so its bearer tokens are rejected`,
          hint: expect.stringContaining(`\`oidc_op_issuer: ${trust}\``),
        }),
      ],
    ]);
  });

  it("F41: is an error that says to leave discovery out where the other issuer is configured beside it", async () => {
    const { origin } = await adfs();
    const run = await plan(configuration(discovered(origin, trust)));
    expect([run.status, run.json.diagnostics[0]]).toEqual([
      3,
      expect.objectContaining({
        message: expect.stringContaining("the configured issuer is that of the provider's access tokens"),
        hint: expect.stringContaining("without `oidc_op_discovery_endpoint`"),
      }),
    ]);
  });

  it("F41: is accepted once it is written so, for a login, and where both issuers are one", async () => {
    const written = await plan(configuration(`oidc_op_issuer: "${trust}", endpoint_config: {${endpoints}}`));
    expect([written.status, written.found("ACCESS_TOKEN_ISSUER")]).toEqual([0, []]);
    const login = await plan(configuration(discovered((await adfs()).origin), "admin-oidc"));
    expect([login.status, login.found("ACCESS_TOKEN_ISSUER")]).toEqual([0, []]);
    const { origin } = await answering(({ origin: own }) => ({ ...metadata(own), access_token_issuer: own }));
    expect((await plan(configuration(discovered(origin)))).found("ACCESS_TOKEN_ISSUER")).toEqual([]);
  });
});
