import { describe, expect, it, onTestFinished } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { databaseOf } from "../support/databases.js";
import { discoveredYaml, oidcYaml } from "../support/oidc-yaml.js";
import { startOpenIdProvider } from "../support/openid-provider.js";
import { openForTest, temporaryFolder } from "../support/run.js";

/** A folder, a provider that runs, and a way to apply a file there and look at the provider's row. */
async function withProvider() {
  const folder = temporaryFolder();
  const provider = await startOpenIdProvider();
  onTestFinished(() => provider.close());
  const apply = async (yaml: string, ...more: readonly string[]) => {
    writeFiles(folder, { "config.yaml": yaml });
    const { status, stdout } = await runCli(["apply", "config.yaml", "--output", "json", ...more], { cwd: folder });
    return { status, ...JSON.parse(stdout) };
  };
  const row = async () =>
    (await openForTest(databaseOf(folder))).kysely
      .selectFrom("oidc_providers")
      .select(["issuer", "discovery_endpoint", "authorization_endpoint", "token_endpoint", "userinfo_endpoint"])
      .select(["introspection_endpoint", "jwks_endpoint", "logout_endpoint"])
      .executeTakeFirstOrThrow();
  return { provider, apply, row };
}

function explicitEndpoints(issuer: string): Readonly<Record<string, string>> {
  return {
    oidc_op_authorization_endpoint: `${issuer}/own-auth`,
    oidc_op_token_endpoint: `${issuer}/own-token`,
    oidc_op_user_endpoint: `${issuer}/own-me`,
    oidc_op_jwks_endpoint: `${issuer}/own-jwks`,
    oidc_op_logout_endpoint: `${issuer}/own-logout`,
  };
}

describe("--offline", () => {
  it("stores a provider without the endpoints that only it knows, and a later run fills them in", async () => {
    const { provider, apply, row } = await withProvider();
    const { issuer, discoveryEndpoint } = provider;
    expect(await apply(discoveredYaml(discoveryEndpoint), "--offline")).toMatchObject({ outcome: "applied" });
    expect(provider.requests).toEqual([]);
    const empty = { authorization_endpoint: null, token_endpoint: null, userinfo_endpoint: null };
    const none = { introspection_endpoint: null, jwks_endpoint: null, logout_endpoint: null };
    const known = { discovery_endpoint: discoveryEndpoint };
    expect(await row()).toEqual({ issuer: null, ...known, ...empty, ...none });
    expect(await apply(discoveredYaml(discoveryEndpoint), "--offline")).toMatchObject({ outcome: "unchanged" });

    const online = await apply(discoveredYaml(discoveryEndpoint));
    expect(online).toMatchObject({ outcome: "applied", changes: [{ action: "update", kind: "oidc_provider" }] });
    expect(online.changes).toHaveLength(1);
    const filled = {
      issuer,
      ...known,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/me`,
      introspection_endpoint: null,
      jwks_endpoint: `${issuer}/jwks`,
      logout_endpoint: `${issuer}/session/end`,
    };
    expect(await row()).toEqual(filled);
    // What was discovered once is kept.
    expect(await apply(discoveredYaml(discoveryEndpoint), "--offline")).toMatchObject({ outcome: "unchanged" });
    expect(await row()).toEqual(filled);
  });
});

describe("explicit endpoints", () => {
  it("cause no request, alone or beside a discovery endpoint, when they are complete", async () => {
    const { provider, apply } = await withProvider();
    const endpoints = explicitEndpoints(provider.issuer);
    const issuer = [`oidc_op_issuer: ${provider.issuer}`];
    expect(await apply(oidcYaml(endpoints))).toMatchObject({ status: 0, outcome: "applied" });
    const both = { oidc_op_discovery_endpoint: provider.discoveryEndpoint, ...endpoints };
    expect(await apply(oidcYaml(both, issuer))).toMatchObject({ status: 0, outcome: "applied" });
    expect(provider.requests).toEqual([]);
    expect(await apply(oidcYaml(both))).toMatchObject({ status: 0 });
    expect(provider.requests).toHaveLength(1);
  });

  it("F2: leave the introspection endpoint to discovery, where that is requested anyway", async () => {
    const apart = await startOpenIdProvider({ configuration: { features: { introspection: { enabled: true } } } });
    onTestFinished(() => apart.close());
    const { apply, row } = await withProvider();
    await apply(discoveredYaml(apart.discoveryEndpoint));
    expect(await row()).toMatchObject({ introspection_endpoint: `${apart.issuer}/token/introspection` });
    const own = { oidc_op_introspection_endpoint: `${apart.issuer}/own-introspection` };
    await apply(oidcYaml({ oidc_op_discovery_endpoint: apart.discoveryEndpoint, ...own }));
    expect(await row()).toMatchObject({ introspection_endpoint: `${apart.issuer}/own-introspection` });
  });

  it("win over those that are discovered", async () => {
    const { provider, apply, row } = await withProvider();
    const { issuer, discoveryEndpoint } = provider;
    const own = { oidc_op_token_endpoint: `${issuer}/own-token` };
    await apply(oidcYaml({ oidc_op_discovery_endpoint: discoveryEndpoint, ...own }));
    expect(await row()).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/own-token`,
    });
  });
});
