import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { answering, metadata } from "../support/discovery-document.js";
import { type JsonRun, workplace as workplaceOf } from "./outcome.js";

const options =
  'options: {user_settings: {claim_mappings: {username: [sub]}}, groups_settings: {claim_mapping: [groups], sync: true, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}}';

const client = (identifier: string, fields: string) =>
  `    - {identifier: ${identifier}, oidc_provider_identifier: idp, oidc_rp_client_id: a, oidc_rp_client_secret: b8f1c2d3e4, ${options}${fields && `, ${fields}`}}\n`;

/** The diagnostics, without the note that a login's client alone guards no API. */
const reported = ({ diagnostics }: JsonRun) =>
  diagnostics.filter((problem) => !problem.startsWith("note NO_API_CLIENT "));

/** A provider whose document says this, and a client of it. */
async function placeWith(document: object, fields = "", identifier = "admin-oidc", endpoints = "", provider = "") {
  const { origin } = await answering(({ origin: own }) => ({ ...metadata(own), ...document }));
  const yaml = `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers: [{identifier: idp, endpoint_config: {oidc_op_discovery_endpoint: "${origin}/"${endpoints}}${provider}}]
  items:
${client(identifier, fields)}`;
  const key = { VTB_SETUP_KEY: randomBytes(32).toString("hex") };
  const place = workplaceOf({}, (args, given) => runCli(args, { ...given, env: key }));
  writeFiles(place.folder, { "config.yaml": yaml });
  return place;
}

const full = {
  id_token_signing_alg_values_supported: ["RS256"],
  token_endpoint_auth_methods_supported: ["client_secret_post"],
  code_challenge_methods_supported: ["plain", "S256"],
  scopes_supported: ["openid", "email", "profile"],
};

/** What Kubernetes and GitHub Actions publish. */
const keysAlone = {
  authorization_endpoint: undefined,
  token_endpoint: undefined,
  userinfo_endpoint: undefined,
  end_session_endpoint: undefined,
  response_types_supported: ["id_token"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
};

describe("F62 an issuer that publishes only issuer and keys", () => {
  it("guards an API without a diagnostic, and without a change the second time", async () => {
    const place = await placeWith(keysAlone, "userinfo_claims_source: id_token", "api-oidc");
    for (const outcome of ["applied", "unchanged"]) {
      const run = await place.run(["apply", "config.yaml"]);
      expect([run.status, run.json.outcome, reported(run)]).toEqual([0, outcome, []]);
    }
  });

  it("is an error at a client that signs people in, and nothing is written", async () => {
    const place = await placeWith(keysAlone, "userinfo_claims_source: id_token");
    for (const command of ["plan", "apply"]) {
      const run = await place.run([command, "config.yaml"]);
      expect([run.status, reported(run)]).toEqual([3, [expect.stringMatching(/^error PROVIDER_LACKS 5:\d+$/)]]);
      expect(run.json.diagnostics[0]?.message).toContain("which sign-in needs");
    }
    expect(await place.hasDatabase()).toBe(false);
  });

  it("is a warning at a client with an unknown identifier, which a verifier may use", async () => {
    const place = await placeWith(keysAlone, "userinfo_claims_source: id_token", "pipelines");
    const run = await place.run(["apply", "config.yaml"]);
    expect(run.status).toBe(0);
    expect(reported(run)).toContainEqual(expect.stringMatching(/^warning PROVIDER_LACKS 5:\d+$/));
  });

  it("signs people in where the file completes it", async () => {
    const own = { userinfo_claims_source: "id_token" };
    const written = ["authorization", "token"].map(
      (name) => `oidc_op_${name}_endpoint: https://idp.example.nl/${name}`,
    );
    const endpoints = `, ${written.join(", ")}`;
    const fields = `userinfo_claims_source: ${own.userinfo_claims_source}`;
    const place = await placeWith({ ...keysAlone, token_endpoint: "not a URL" }, fields, "admin-oidc", endpoints);
    const run = await place.run(["apply", "config.yaml"]);
    expect([run.status, reported(run)]).toEqual([0, [expect.stringMatching(/^warning PROVIDER_LACKS/)]]);
    expect(run.json.diagnostics[0]?.message).toContain("end-session endpoint");
  });
});

describe("what a provider does not offer", () => {
  it("F35: is an error at the client where its claims would come from there, and nothing is written", async () => {
    const place = await placeWith(
      { userinfo_endpoint: undefined },
      "userinfo_claims_source: userinfo_endpoint",
      "api-oidc",
    );
    for (const command of ["plan", "apply"]) {
      const run = await place.run([command, "config.yaml"]);
      expect([run.status, reported(run)]).toEqual([3, [expect.stringMatching(/^error PROVIDER_LACKS 5:3\d\d$/)]]);
      expect(run.json.diagnostics[0]?.message).toContain("no userinfo endpoint");
    }
    expect(await place.hasDatabase()).toBe(false);
  });

  it.each([
    { how: "an explicit endpoint", endpoints: ", oidc_op_user_endpoint: http://127.0.0.1/me", fields: "", args: [] },
    { how: "claims from the ID token", endpoints: "", fields: "userinfo_claims_source: id_token", args: [] },
    { how: "a disabled client", endpoints: "", fields: "enabled: false", args: [] },
    { how: "--offline", endpoints: "", fields: "", args: ["--offline"] },
  ])("F35: is no error with $how", async ({ endpoints, fields, args }) => {
    const place = await placeWith({ userinfo_endpoint: undefined }, fields, "api-oidc", endpoints);
    const run = await place.run(["apply", "config.yaml", ...args]);
    expect([run.status, reported(run)]).toEqual([0, []]);
  });

  it.each([
    { document: { id_token_signing_alg_values_supported: ["ES256"] }, what: "tokens signed with RS256", fields: "" },
    {
      document: { token_endpoint_auth_methods_supported: ["private_key_jwt"] },
      what: "client_secret_post",
      fields: "",
    },
    { document: { code_challenge_methods_supported: ["plain"] }, what: "PKCE with S256", fields: "" },
    { document: { scopes_supported: ["openid"] }, what: "scope email, profile", fields: "" },
    { document: { end_session_endpoint: undefined }, what: "end-session endpoint", fields: "" },
  ])("F35: is a warning each time: $what", async ({ document, what }) => {
    const place = await placeWith({ ...full, ...document });
    for (const command of ["plan", "apply", "apply"]) {
      const run = await place.run([command, "config.yaml"]);
      expect([run.status, reported(run)]).toEqual([0, ["warning PROVIDER_LACKS 5:7"]]);
      const lack = run.json.diagnostics.find(({ code }) => code === "PROVIDER_LACKS");
      expect(lack?.message).toContain(what);
    }
    expect((await place.run(["plan", "config.yaml", "--strict"])).status).toBe(3);
    expect((await place.run(["plan", "config.yaml", "--strict", "--allow", "PROVIDER_LACKS"])).status).toBe(0);
  });

  const basic = ", oidc_token_use_basic_auth: true";
  const introspection = (...methods: readonly string[]) => ({
    introspection_endpoint: "http://127.0.0.1/introspect",
    introspection_endpoint_auth_methods_supported: methods,
  });
  it.each([
    {
      of: "the login",
      identifier: "admin-oidc",
      document: full,
      provider: basic,
      what: "client_secret_basic at its token endpoint",
    },
    {
      of: "the API, which asks about opaque tokens",
      identifier: "api-oidc",
      document: introspection("client_secret_basic", "private_key_jwt"),
      provider: "",
      what: "client_secret_post at its introspection endpoint",
    },
    {
      of: "the API by Basic",
      identifier: "api-oidc",
      document: introspection("client_secret_post"),
      provider: basic,
      what: "client_secret_basic at its introspection endpoint",
    },
  ])(
    "F35: is a warning where it is the method of the client of $of",
    async ({ identifier, document, provider, what }) => {
      const run = await (await placeWith(document, "", identifier, "", provider)).run(["apply", "config.yaml"]);
      expect([run.status, reported(run)]).toEqual([0, ["warning PROVIDER_LACKS 5:7"]]);
      const lack = run.json.diagnostics.find(({ code }) => code === "PROVIDER_LACKS");
      expect(lack?.message).toContain(what);
      const other = provider === "" ? "true" : "false";
      expect(lack?.hint).toContain(`oidc_token_use_basic_auth: ${other}`);
    },
  );

  it.each([
    {
      what: "Basic at the token endpoint",
      identifier: "admin-oidc",
      document: { ...full, token_endpoint_auth_methods_supported: ["client_secret_basic"] },
    },
    {
      what: "Basic at the introspection endpoint",
      identifier: "api-oidc",
      document: { ...introspection("client_secret_basic"), token_endpoint_auth_methods_supported: [] },
    },
    {
      what: "no introspection endpoint at all",
      identifier: "api-oidc",
      document: { introspection_endpoint_auth_methods_supported: [] },
    },
    {
      what: "introspection to a login, which asks for none",
      identifier: "admin-oidc",
      document: { ...introspection(), token_endpoint_auth_methods_supported: ["client_secret_basic"] },
    },
  ])("F35: nothing is reported for $what", async ({ identifier, document }) => {
    const place = await placeWith(document, "", identifier, "", basic);
    const run = await place.run(["apply", "config.yaml"]);
    expect([run.status, reported(run)]).toEqual([0, []]);
  });

  it("F35: is reported at the client's field where the file has it", async () => {
    const place = await placeWith({ ...full, scopes_supported: ["openid"] }, "oidc_rp_scopes_list: [openid, groups]");
    const run = await place.run(["plan", "config.yaml"]);
    expect(reported(run)).toEqual([expect.stringMatching(/^warning PROVIDER_LACKS 5:3\d\d$/)]);
  });

  it.each([
    { what: "a document that offers all of it", document: full, fields: "" },
    { what: "a document that leaves the lists out", document: {}, fields: "" },
    {
      what: "no PKCE where none is asked for",
      document: { ...full, code_challenge_methods_supported: ["plain"] },
      fields: "oidc_use_pkce: false",
    },
    {
      what: "Ed25519 under its other name",
      document: { ...full, id_token_signing_alg_values_supported: ["EdDSA"] },
      fields: "oidc_rp_sign_algo: Ed25519",
    },
  ])("F35: nothing is reported for $what", async ({ document, fields }) => {
    const place = await placeWith(document, fields);
    const run = await place.run(["apply", "config.yaml"]);
    expect([run.status, reported(run)]).toEqual([0, []]);
  });

  it("F35: is not reported at the client that guards the API, which signs no one in", async () => {
    const place = await placeWith({ ...full, scopes_supported: [], end_session_endpoint: undefined }, "", "api-oidc");
    const run = await place.run(["apply", "config.yaml"]);
    expect([run.status, reported(run)]).toEqual([0, []]);
  });
});
