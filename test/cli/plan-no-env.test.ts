import { describe, expect, it } from "vitest";
import { apply } from "../../src/apply/apply.js";
import { loadConfig } from "../../src/apply/load.js";
import { runCli, writeFiles } from "../support/cli.js";
import { explicitProvider } from "../support/config-text.js";
import { runOptions } from "../support/run.js";
import { tokenA, tokenB, tokenItem, tokens, users, workplace } from "./outcome.js";

const fromEnv = (name: string) => `{value_from: {env: ${name}}}`;
const fromFile = "{value_from: {file: /nowhere/secret}}";

const people = users(
  `username: jan, is_staff: ${fromEnv("STAFF")}, password: ${fromEnv("PASSWORD")}, email: jan@example.nl`,
);
const items = tokens(
  tokenItem("uit-omgeving", fromEnv("TOKEN"), `expires_at: ${fromEnv("UNTIL")}`),
  tokenItem("vast", tokenA),
);
const client = explicitProvider
  .replace("SECRET", fromFile)
  .replace("oidc_op_issuer: https://keycloak.example/realms/a", `oidc_op_issuer: ${fromEnv("ISSUER")}`);
const whole = people + items + client;
const env = {
  STAFF: "false",
  PASSWORD: "een-lang-wachtwoord",
  TOKEN: tokenB,
  UNTIL: "2999-01-01T00:00:00Z",
  ISSUER: "https://keycloak.example/realms/a",
};

function place(yaml: string) {
  const made = workplace();
  writeFiles(made.folder, { "config.yaml": yaml, "whole.yaml": yaml.replace(fromFile, "b8f1c2d3e4") });
  return made;
}

const plan = ["plan", "config.yaml", "--no-env"];
type Run = Awaited<ReturnType<ReturnType<typeof place>["run"]>>;
const unknownIn = (run: Run) =>
  (run.json.changes ?? []).flatMap(({ key, fields }) =>
    fields.flatMap((field) => ("unknown" in field ? [`${key}.${field.name}`] : [])),
  );

describe("plan --no-env", () => {
  it("F32: plans what is new, marks what it does not know, and creates no database", async () => {
    const made = place(whole);
    expect((await made.run(["plan", "config.yaml"])).status).toBe(3);
    const run = await made.run([...plan, "--detailed-exitcode"]);
    expect([run.status, run.json.outcome]).toEqual([2, "planned"]);
    expect([...run.changes].sort()).toEqual([
      "create api_token uit-omgeving",
      "create api_token vast",
      "create oidc_client api-oidc",
      "create oidc_provider keycloak",
      "create user jan",
    ]);
    expect(unknownIn(run).sort()).toEqual([
      "api-oidc.client_secret",
      "jan.is_staff",
      "jan.password",
      "keycloak.issuer",
      "uit-omgeving.expires_at",
      "uit-omgeving.token",
    ]);
    expect(await made.hasDatabase()).toBe(false);
    expect(JSON.stringify(run.json)).not.toMatch(/unknown[-.@]|[0-9a-f]{24}/);
  });

  it("F32: shows them in text as known after apply", async () => {
    const made = place(whole);
    const { status, stdout } = await runCli(plan, { cwd: made.folder });
    expect(status).toBe(0);
    expect(stdout).toMatch(/\+ uit-omgeving\n(?: {4}.*\n)* {6}token: +\(known after apply\)\n/);
    expect(stdout).toMatch(/is_staff: +\(known after apply\)/);
  });

  it("F32: reports for an existing entry only what it cannot compare and what differs", async () => {
    const made = place(whole);
    expect((await made.run(["apply", "whole.yaml"], { env })).status).toBe(0);
    const before = await made.contents();
    const run = await made.run(plan);
    expect([run.status, [...run.changes].sort()]).toEqual([
      0,
      [
        "update api_token uit-omgeving",
        "update oidc_client api-oidc",
        "update oidc_provider keycloak",
        "update user jan",
      ],
    ]);
    // A password is compared with none, whatever the variable says.
    expect(unknownIn(run)).not.toContain("jan.password");
    expect(unknownIn(run)).toContain("uit-omgeving.token");
    writeFiles(made.folder, { "config.yaml": whole.replace("jan@example.nl", "jan@elders.example") });
    const changed = await made.run(plan);
    const jan = changed.json.changes?.find(({ key }) => key === "jan");
    expect(jan?.fields).toEqual([
      { name: "email", before: "jan@example.nl", after: "jan@elders.example" },
      { name: "is_staff", unknown: true },
    ]);
    expect(await made.contents()).toBe(before);
  });

  it("F32: marks nothing where the variables are there, or have defaults", async () => {
    const made = place(whole);
    writeFiles(made.folder, { "config.yaml": whole.replace(fromFile, "{value_from: {env: NO, default: b8f1c2d3e4}}") });
    expect((await made.run(["apply", "whole.yaml"], { env })).status).toBe(0);
    const run = await made.run([...plan, "--detailed-exitcode"], { env });
    expect([run.status, run.json.outcome, unknownIn(run)]).toEqual([0, "unchanged", []]);
  });

  it.each([
    { what: "a name", yaml: users(`username: ${fromEnv("WHO")}`), where: "4:7" },
    { what: "a whole entry", yaml: `${tokens()}`.replace("items: []", `items: [${fromEnv("ITEM")}]`), where: "2:1" },
  ])("F32: refuses to plan an entry without $what", async ({ yaml, where }) => {
    const run = await place(yaml).run(plan);
    expect([run.status, run.diagnostics]).toEqual([3, [`error ENV_NOT_SET ${where}`]]);
  });

  it("F32: still rejects what is wrong in the file", async () => {
    const run = await place(items.replace("email: vast@example.nl", "emial: vast@example.nl")).run(plan);
    expect([run.status, run.diagnostics]).toEqual([3, [expect.stringMatching(/^error UNKNOWN_FIELD /)]]);
  });

  it("F32: requests no provider with unknown values, and shows no value that it invented", async () => {
    const open = `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers: [{identifier: idp, endpoint_config: {oidc_op_discovery_endpoint: ${fromEnv("DISCOVERY")}}}]
  items: [{identifier: api-oidc, oidc_provider_identifier: ${fromEnv("IDP")}, oidc_rp_client_id: ${fromEnv("ID")}, oidc_rp_client_secret: ${fromFile}}]
`;
    const made = place(open);
    const run = await made.run([...plan, "--allow", "OPTIONS_DEFAULTED", "--strict"]);
    expect([run.status, run.diagnostics]).toEqual([0, ["warning OPTIONS_DEFAULTED 4:11"]]);
    expect(unknownIn(run).sort()).toEqual([
      "api-oidc.client_id",
      "api-oidc.client_secret",
      "api-oidc.provider",
      "idp.discovery_endpoint",
    ]);
  });

  it("F32: is no option of apply, in no way", async () => {
    const made = place(whole);
    expect((await made.run(["apply", "config.yaml", "--no-env"])).status).toBe(64);
    const configuration = await loadConfig([`${made.folder}/config.yaml`], { noEnv: true, env: {} });
    await expect(apply(configuration, runOptions(made.database))).rejects.toMatchObject({ reason: "usage" });
    expect(await made.hasDatabase()).toBe(false);
  });
});
