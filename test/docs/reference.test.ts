import { describe, expect, it } from "vitest";
import { referencePage } from "../../scripts/reference-page.mjs";
import { allCommands } from "../../src/cli/command.js";
import { createCliContext } from "../../src/cli/context.js";
import { exitStatus } from "../../src/cli/exit-status.js";
import { createProgram } from "../../src/cli/program.js";
import { fieldReferences } from "../../src/config/field-reference.js";
import { configurationSchema } from "../../src/config/schema-file.js";
import { diagnosticCodes } from "../../src/errors.js";
import { coreSteps } from "../../src/resources/registry.js";
import { valueFromKeys, valueSources } from "../../src/yaml/value-sources.js";
import { runCli, writeFiles } from "../support/cli.js";
import { startCli } from "../support/cli-process.js";
import { databaseOf } from "../support/databases.js";
import { oidcYaml } from "../support/oidc-yaml.js";
import { openForTest, temporaryDatabase, temporaryFolder } from "../support/run.js";
import { readDocument, tableUnder } from "./markdown.js";

const commandLine = readDocument("docs/command-line.md");
const commands = allCommands(createProgram(createCliContext(process), () => {})).filter(
  ({ command }) => command.commands.length === 0,
);
const names = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

describe("docs/diagnostics.md", () => {
  it("has every code with its sentence, a severity and what to do", () => {
    const rows = tableUnder(readDocument("docs/diagnostics.md"), "## The codes");
    expect(rows.map(([code, , meaning]) => [code, meaning])).toEqual(
      Object.entries(diagnosticCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
    );
    for (const [, severity, , remedy] of rows) {
      expect(severity).toMatch(/^(?:error|refusal|warning|note)(?:, (?:refusal|warning|note))*$/);
      expect(remedy).toMatch(/^.+\.$/);
    }
  });
});

describe("docs/reference.md", () => {
  const document = readDocument("docs/reference.md");
  const fields = fieldReferences(configurationSchema(coreSteps));

  it("is what the schemas say, and so never stale", () => {
    expect(document).toBe(referencePage(coreSteps, fields));
  });

  it("has every field of every part once, with what is deprecated apart", () => {
    const sections = document.split(/^(?=##)/m).slice(1);
    const rows = sections.flatMap((section) => {
      const [, list = ""] = /(?:^### `|the list `)([\w.]+)`/m.exec(section) ?? [];
      const above = list === "" ? "vtb_setup." : `${list}[].`;
      return [...section.matchAll(/^\| `([^`]+)` /gm)].map(([, name = ""]) => above + name);
    });
    const namespaces = ["vtb_setup", ...coreSteps.map(({ namespace }) => namespace)];
    const old = fields.filter(({ isDeprecated }) => isDeprecated).map(({ path }) => path);
    const own = fields.filter(
      ({ path }) =>
        namespaces.includes(path.split(".")[0] ?? "") &&
        path.includes(".") &&
        (path.startsWith("vtb_setup") || path.includes("[]")) &&
        !old.some((name) => path.startsWith(`${name}.`)),
    );
    expect(rows.toSorted()).toEqual(own.map(({ path }) => path).toSorted());
  });
});

describe("docs/configuration.md", () => {
  it("has every key of value_from", () => {
    const document = readDocument("docs/configuration.md");
    const [, table = ""] = document.split("\n| in `value_from` | meaning |\n");
    const rows = (table.split("\n\n")[0] ?? "").split("\n").slice(1);
    const documented = rows.map((row) => /^\| `(\w+)/.exec(row)?.[1]);
    expect(documented).toEqual(valueFromKeys(valueSources));
  });
});

describe("docs/command-line.md", () => {
  it("has every option", () => {
    const options = commands.flatMap(({ command }) => command.options.flatMap(({ long }) => long ?? []));
    const documented = tableUnder(commandLine, "## Options").flatMap(([option = ""]) =>
      option.startsWith("`--") ? [option.slice(1, -1)] : [],
    );
    expect(documented.toSorted()).toEqual([...new Set(options)].toSorted());
  });

  it("has a section for every command, as README.md has a row", () => {
    const rows = tableUnder(readDocument("README.md"), "## The commands").flatMap(([command = ""]) => names(command));
    for (const { name, command } of commands) {
      expect(commandLine).toContain(`\n## ${name}\n`);
      expect(commandLine).toContain(`\n$ vtb-setup ${name} --help\n`);
      const taken = command.registeredArguments.map((argument) =>
        argument.variadic
          ? ` ${argument.name().toUpperCase().replace(/S$/, "")}…`
          : ` ${argument.name().toUpperCase()}`,
      );
      expect(rows).toContain([name, ...taken].join(""));
    }
  });

  it.each(["README.md", "docs/command-line.md"])("has every exit status, as %s does", (file) => {
    const heading = file === "README.md" ? "## The commands" : "## Exit status";
    const cells = tableUnder(readDocument(file), heading).map(([status = ""]) => status);
    const numbers = cells.flatMap((status) => (/^[\d, ]+$/.test(status) ? status.split(", ").map(Number) : []));
    expect(numbers).toEqual([...Object.values(exitStatus), 130, 143]);
  });

  it("has every field of the JSON output and none that is not there", async () => {
    const seen = new Set<string>();
    for (const output of await everyOutput()) collectFields(output, "", seen);
    const documented = tableUnder(commandLine, "## JSON output").flatMap(([field]) => names(field));
    expect([...documented].sort()).toEqual([...seen].sort());
  });
});

describe("docs/database.md", () => {
  it("has every table", async () => {
    const database = temporaryDatabase();
    await runCli(["migrate", "--database", database]);
    const tables = await (await openForTest(database)).kysely.introspection.getTables();
    const rows = tableUnder(readDocument("docs/database.md"), "## Tables");
    expect(rows.map(([table]) => names(table)[0]).sort()).toEqual(tables.map(({ name }) => name).sort());
  });
});

/** One object of each sort: created, changed with a secret, edited by hand, renamed, invalid, and the list of steps. */
async function everyOutput(): Promise<readonly unknown[]> {
  const folder = temporaryFolder();
  const file = (token: string) => `tokenauth_config_enable: true
tokenauth:
  items: [{identifier: a, token: ${token}, contact_person: Jan, email: jan@gemeente.example, permissions: [taken.view_a]}]
`;
  writeFiles(folder, {
    "made.yaml": file("{generate: true}"),
    "changed.yaml": file("ba9d233e95e04c4a8a661a27daffe7c9bd019067"),
    "renamed.yaml": file("ba9d233e95e04c4a8a661a27daffe7c9bd019067").replace(
      "identifier: a",
      "identifier: b, renamed_from: a",
    ),
    "gain.yaml": rights("taken.view_a", "true"),
    "lose.yaml": rights("", "false"),
    "vtb-auth.db.key": "ba9d233e".repeat(8),
    "users.yaml": usersYaml,
    "invalid.yaml": `${file("x").replace("email:", "emial:")}`,
  });
  const outputs: unknown[] = [];
  for (const args of [
    ["apply", "made.yaml"],
    ["apply", "changed.yaml"],
    ["plan", "changed.yaml"],
    ["plan", "renamed.yaml"],
    ["apply", "gain.yaml"],
    ["apply", "lose.yaml"],
    ["validate", "invalid.yaml"],
    ["migrate", "--database", "sqlite:tables.db"],
    ["steps"],
    ["doctor", "invalid.yaml", "--offline"],
    ["token", "list"],
    ["token", "revoke", "--stdin"],
    ["token", "disable", "a"],
    ["token", "show", "a"],
    ["apply", "users.yaml"],
    ["access", "--from", "gain.yaml"],
    ["access", "user:jan"],
    ["access", "token:b"],
    ["user", "list"],
    ["user", "deactivate", "jan"],
    ["access"],
    ["user", "show", "jan"],
    ["backup", "backup.db"],
    ["restore", "backup.db"],
    ["key", "status"],
    ["key", "rotate", "--new-key-file", "vtb-auth.db.key"],
    ["history", "head"],
    ["history", "trim", "--before", "1d", "--dry-run"],
    ["history", "list"],
    ["history", "verify", "--head", `999:${"f".repeat(64)}`],
  ]) {
    const input = "ba9d233e95e04c4a8a661a27daffe7c9bd019067\nunknown\n";
    const { stdout } = await runCli([...args, "--output", "json"], { cwd: folder, input });
    outputs.push(JSON.parse(stdout));
    if (args.includes("users.yaml")) await linkJan(folder);
    if (args[1] !== "changed.yaml") continue;
    const { kysely } = await openForTest(databaseOf(folder));
    await kysely.updateTable("api_tokens").set({ contact_person: "Piet" }).execute();
  }
  const env = { VTB_SETUP_KEY: "0a9c7e5d".repeat(8) };
  const unsigned = await runCli(["history", "verify", "--output", "json"], { cwd: folder, env });
  outputs.push(JSON.parse(unsigned.stdout));
  const server = startCli(["admin", "--listen", "127.0.0.1:0", "--output", "json"], { cwd: temporaryFolder() });
  await server.printed(/\n}\n$/);
  server.kill("SIGTERM");
  outputs.push(JSON.parse((await server.ended).stdout));
  return outputs;
}

/** A user with something of everything that is shown of it. */
const usersYaml = `groups_config_enable: true
groups_config: {items: [{name: beheer}, {name: oud}]}
default_user_configuration_enable: true
default_user_configuration_config:
  users: [{username: jan, groups: [beheer, {name: oud, until: 2020-01-01T00:00:00Z}], permissions: [a.b, e.f], sign_in: {provider: op, subject: s1}}]
tokenauth_config_enable: true
tokenauth:
  items:
    - {identifier: b, user: jan, permissions: [c.d, e.f], token: 0a9c7e5d3b1f2846c8e0a2b4d6f81357e9cbad02, contact_person: Jan, email: jan@gemeente.example}
${oidcYaml({ oidc_op_authorization_endpoint: "https://op.example/a", oidc_op_token_endpoint: "https://op.example/t", oidc_op_user_endpoint: "https://op.example/u", oidc_op_jwks_endpoint: "https://op.example/k" }, ["oidc_op_issuer: https://op.example"]).replaceAll("keycloak", "op")}`;

async function linkJan(folder: string): Promise<void> {
  const { kysely } = await openForTest(databaseOf(folder));
  const link = { issuer: "https://op.example", subject: "s1" };
  await kysely.updateTable("users").set(link).where("username", "=", "jan").execute();
}

/** What users and claims have rights by. */
function rights(permissions: string, flag: string): string {
  return `groups_config_enable: true
groups_config: {items: [{name: a, permissions: [${permissions}]}]}
default_user_configuration_enable: true
default_user_configuration_config:
  users: [{username: els, email: jan@gemeente.example, is_superuser: ${flag}, is_staff: ${flag}, groups: [a]}]
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers: [{identifier: rechten, endpoint_config: {oidc_op_authorization_endpoint: "https://idp.example/a", oidc_op_token_endpoint: "https://idp.example/t", oidc_op_user_endpoint: "https://idp.example/u"}}]
  items:
    - identifier: api-oidc
      oidc_provider_identifier: rechten
      oidc_rp_client_id: a
      oidc_rp_client_secret: 6mQ0bJp2Vx8sLr4nYt1kWz7cHd3fGa5e
      options: {user_settings: {claim_mappings: {username: [sub]${flag === "true" ? ", is_staff: [staff]" : ""}}}, groups_settings: {claim_mapping: [groups]}}
`;
}

/** The paths to everything that is not a list or mapping, but what attributes hold. */
function collectFields(value: unknown, path: string, seen: Set<string>): void {
  const isLeaf = typeof value !== "object" || value === null || /\.(?:before|after|was|became|kinds)$/.test(path);
  if (isLeaf) {
    seen.add(path);
  } else if (Array.isArray(value)) {
    for (const item of value) collectFields(item, `${path}[]`, seen);
  } else {
    for (const [name, inner] of Object.entries(value)) collectFields(inner, path ? `${path}.${name}` : name, seen);
  }
}
