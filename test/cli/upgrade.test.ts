import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { temporaryFolder } from "../support/run.js";
import { type CorpusProviders, rows, startCorpusProviders } from "./corpus-rows.js";
import { workplace } from "./outcome.js";

let providers: CorpusProviders;

beforeAll(async () => {
  providers = await startCorpusProviders();
});

afterAll(() => providers.close());

const head = "oidc_db_config_enable: yes\noidc_db_config_admin_auth:\n";
const discovery = "{oidc_op_discovery_endpoint: 'https://a.example/'}";

/** Files as people write them: each is rewritten and means the same. */
const layouts: Readonly<Record<string, string>> = {
  "comments, a first field that moves, an anchor, flow style": `# The file.
${head}  # The clients.
  items:
    # first
    - endpoint_config: &ep # where it is
        oidc_op_discovery_endpoint: 'https://a.example/'   # with a slash
      identifier: admin-oidc
      # how names come
      username_claim: [sub]   # the subject

      # stays before the id

      oidc_rp_client_id: "x"
      oidc_rp_client_secret: welkom-in-zaandam # token: of-vroeger
      claim_mapping: {first_name: [given_name], email: [mail]} # inline
      oidc_use_pkce: no
      sync_groups: Off
      # the end

    - {identifier: api-oidc, endpoint_config: *ep, oidc_rp_client_id: y, oidc_rp_client_secret: welkom-in-wormer, oidc_nonce_size: 48, make_users_staff: yes}
    - identifier: third
      oidc_rp_client_id: z
      oidc_rp_client_secret: welkom-in-weesp
      endpoint_config:
        oidc_op_discovery_endpoint: https://c.example/
      superuser_group_names:
        - a
        # - b
      sync_groups_glob_pattern: >-
        foo
        bar
`,
  "providers in block style": `${head}  providers:
  - identifier: one
    endpoint_config: ${discovery}
    # the end
  items:
  - identifier: admin-oidc
    oidc_rp_client_id: x
    oidc_rp_client_secret: y
    endpoint_config: ${discovery}
    claim_mapping:
        # deep
        username: [upn]
        email: null
`,
  "no providers, in flow style": `${head}  providers: []  # none yet
  items:
    - identifier: admin-oidc
      oidc_rp_client_id: x
      oidc_rp_client_secret: y
      endpoint_config: ${discovery}
      username_claim:
      - sub
      claim_mapping: {}`,
  "providers in flow style": `${head}  providers: [{identifier: one, endpoint_config: ${discovery}}]
  items:
    - identifier: admin-oidc
      oidc_rp_client_id: x
      oidc_rp_client_secret: y
      endpoint_config: ${discovery}
`,
  "all in flow style": `oidc_db_config_enable: yes
oidc_db_config_admin_auth: {items: [{username_claim: [upn], identifier: admin-oidc, oidc_rp_client_id: x, claim_mapping: {email: [mail]},
  # kept
  oidc_rp_client_secret: y, endpoint_config: ${discovery}}]}
`,
  JSON: JSON.stringify({
    oidc_db_config_enable: true,
    oidc_db_config_admin_auth: {
      items: [
        {
          identifier: "admin-oidc",
          oidc_rp_client_id: "x",
          oidc_rp_client_secret: { value_from: { env: "GEHEIM" } },
          endpoint_config: { oidc_op_discovery_endpoint: "https://a.example/" },
          default_groups: ["a"],
        },
      ],
    },
  }),
  "options alone, beside a provider": `${head}  providers:
    - identifier: one
      endpoint_config: ${discovery}
  items:
    -   identifier: admin-oidc
        groups_claim: [roles]
        oidc_provider_identifier: one
        oidc_rp_client_id: x
        oidc_rp_client_secret: y
    -
        identifier: api-oidc
        oidc_provider_identifier: one
        oidc_rp_client_id: x
        oidc_rp_client_secret: y
        sync_groups: {value_from: {env: NIET_GEZET, default: false}}
`,
};

describe("upgrade", () => {
  const deprecated = rows.filter(({ diagnostics }) => diagnostics.some((found) => found.includes("DEPRECATED")));

  it("has files of the corpus to rewrite", () => {
    expect(deprecated.map(({ file }) => file)).toHaveLength(5);
  });

  it.each([
    ...deprecated.map(({ file, env }) => [file, () => providers.local(file), env] as const),
    ...Object.entries(layouts).map(([title, text]) => [title, () => text, { GEHEIM: "zo geheim als wat" }] as const),
  ])("%s: the rewritten file means what the old one meant, and is rewritten once", async (_title, read, env = {}) => {
    for (const lineBreak of ["\n", "\r\n"]) {
      const old = read().replaceAll("\n", lineBreak);
      const place = workplace({ "old.yaml": old, "new.yaml": old });
      expect((await place.run(["apply", "--offline", "old.yaml"], { env })).status).toBe(0);
      const contents = await place.contents();
      const written = await place.run(["upgrade", "--write", "new.yaml"]);
      expect([written.status, written.json.outcome, written.diagnostics]).toEqual([0, "applied", []]);
      const text = readFileSync(join(place.folder, "new.yaml"), "utf8");
      expect(text).not.toBe(old);
      if (lineBreak === "\r\n" && old.includes("\n")) expect(text).not.toMatch(/[^\r]\n/);
      for (const comment of old.match(/# .*/g) ?? []) expect(text).toContain(comment);

      const validated = await place.run(["validate", "--no-env", "new.yaml"]);
      expect(validated.status).toBe(0);
      expect(validated.diagnostics.filter((found) => found.includes("DEPRECATED"))).toEqual([]);
      const plan = await place.run(["plan", "--offline", "--detailed-exitcode", "new.yaml"], { env });
      expect([plan.status, plan.changes]).toEqual([0, []]);
      expect((await place.run(["apply", "--offline", "new.yaml"], { env })).json.outcome).toBe("unchanged");
      expect(await place.contents()).toBe(contents);

      const again = await place.run(["upgrade", "--write", "--output", "json", "new.yaml"]);
      expect([again.status, again.json.outcome]).toEqual([0, "unchanged"]);
      expect(readFileSync(join(place.folder, "new.yaml"), "utf8")).toBe(text);
    }
  });

  it("leaves every other line as it is, and puts fields where their comments say", async () => {
    const folder = folderWith(layouts["comments, a first field that moves, an anchor, flow style"] ?? "");
    await runCli(["upgrade", "--write", "config.yaml"], { cwd: folder });
    expect(readFileSync(join(folder, "config.yaml"), "utf8")).toMatchSnapshot();
  });

  it("shows a diff that hides what may be secret, comments too, and changes nothing", async () => {
    const text = layouts["comments, a first field that moves, an anchor, flow style"] ?? "";
    const folder = folderWith(text);
    const shown = await runCli(["upgrade", "config.yaml"], { cwd: folder });
    expect([shown.status, shown.stderr]).toEqual([0, ""]);
    expect(shown.stdout).toMatch(/^--- config\.yaml\n\+\+\+ config\.yaml\n@@ -1,\d+ \+1,\d+ @@\n/);
    expect(shown.stdout).toContain("+    - identifier: admin-oidc-provider\n");
    expect(shown.stdout).toContain("oidc_rp_client_secret: •••");
    const json = await runCli(["upgrade", "--output", "json", "config.yaml"], { cwd: folder });
    expect(JSON.parse(json.stdout)).toMatchObject({
      outcome: "planned",
      items: [{ file: "config.yaml", diff: shown.stdout }],
    });
    for (const secret of ["zaandam", "wormer", "weesp", "of-vroeger"]) {
      expect(shown.stdout + json.stdout).not.toContain(secret);
    }
    expect(readFileSync(join(folder, "config.yaml"), "utf8")).toBe(text);
    expect(readdirSync(folder)).toEqual(["config.yaml"]);
  });

  it("exits with 2 where --check finds a deprecated spelling, and with 0 where there is none", async () => {
    const folder = folderWith(layouts["providers in block style"] ?? "");
    const check = (...args: readonly string[]) => runCli(["upgrade", "--check", ...args], { cwd: folder });
    expect((await check("config.yaml")).status).toBe(2);
    expect((await runCli(["upgrade", "--write", "config.yaml"], { cwd: folder })).status).toBe(0);
    const clean = await check("config.yaml");
    expect([clean.status, clean.stdout]).toEqual([0, "No changes. The files have no deprecated spellings.\n"]);
    const both = await check("--write", "config.yaml");
    expect([both.status, both.stderr]).toEqual([64, expect.stringContaining("--write can't be combined with --check")]);
  });

  it("reads standard input, which it can't rewrite", async () => {
    const input = layouts["providers in block style"] ?? "";
    const shown = await runCli(["upgrade", "-"], { input, cwd: temporaryFolder() });
    expect([shown.status, shown.stdout]).toEqual([0, expect.stringContaining("+++ <stdin>\n")]);
    expect((await runCli(["upgrade", "--write", "-"], { input, cwd: temporaryFolder() })).status).toBe(64);
  });

  it("keeps a file's mode, its byte order mark, and the link that leads to it", async () => {
    const folder = folderWith(`\ufeff${layouts["providers in block style"] ?? ""}`, "real.yaml");
    chmodSync(join(folder, "real.yaml"), 0o640);
    symlinkSync("real.yaml", join(folder, "config.yaml"));
    expect((await runCli(["upgrade", "--write", "config.yaml"], { cwd: folder })).status).toBe(0);
    expect(lstatSync(join(folder, "config.yaml")).isSymbolicLink()).toBe(true);
    expect(statSync(join(folder, "real.yaml")).mode & 0o777).toBe(0o640);
    const text = readFileSync(join(folder, "real.yaml"), "utf8");
    expect(text.startsWith(`\ufeff${head}`)).toBe(true);
    expect(text).toContain("oidc_provider_identifier: admin-oidc-provider");
    expect(readdirSync(folder).sort()).toEqual(["config.yaml", "real.yaml"]);
  });

  it("rewrites no file of several where one is not YAML", async () => {
    const folder = folderWith(layouts["providers in block style"] ?? "");
    writeFileSync(join(folder, "other.yaml"), "a: [\n");
    const result = await runCli(["upgrade", "--write", "config.yaml", "other.yaml"], { cwd: folder });
    expect([result.status, result.stderr]).toEqual([3, expect.stringContaining("[YAML_SYNTAX]")]);
    expect(readFileSync(join(folder, "config.yaml"), "utf8")).toBe(layouts["providers in block style"]);
  });
});

const client = "identifier: admin-oidc, oidc_rp_client_id: x, oidc_rp_client_secret: y";

describe("what upgrade can't rewrite by itself", () => {
  it.each([
    ["a merged field", `  items: [{${client}, <<: *x}]\n`, `x: &x {endpoint_config: ${discovery}}\n`, "1:8"],
    ["an entry used twice", `  items: [&x {${client}, endpoint_config: ${discovery}}]\nother: *x\n`, "", "3:1[24]"],
    ["the list of another key", "  items: *x\n", `x: &x [{${client}, endpoint_config: ${discovery}}]\n`, "1:8"],
    [
      "options beside",
      `  items: [{${client}, endpoint_config: ${discovery}, options: {a: 1}, sync_groups: no}]\n`,
      "",
      "3:",
    ],
    ["a provider beside", `  items: [{${client}, oidc_provider_identifier: p, oidc_nonce_size: 48}]\n`, "", "3:"],
    [
      "an identifier from outside",
      `  items: [{identifier: {value_from: {env: X, default: admin-oidc}}, oidc_rp_client_id: x, oidc_rp_client_secret: y, endpoint_config: ${discovery}}]\n`,
      "",
      "3:1[24]",
    ],
    [
      "a mapping from outside",
      `  items: [{${client}, endpoint_config: ${discovery}, claim_mapping: {value_from: {env: X, default: {email: [mail]}}}}]\n`,
      "",
      "3:",
    ],
    [
      "two usernames",
      `  items: [{${client}, endpoint_config: ${discovery}, username_claim: [a], claim_mapping: {username: [b]}}]\n`,
      "",
      "3:",
    ],
    [
      "a provider of that name",
      `  providers: [{identifier: admin-oidc-provider, endpoint_config: ${discovery}}]\n  items: [{${client}, endpoint_config: ${discovery}}]\n`,
      "",
      "4:",
    ],
  ])("%s is listed with its position and what to do", async (_title, clients, before, where) => {
    const folder = folderWith(`${before}${head}${clients}`);
    const result = await runCli(["upgrade", "--output", "json", "config.yaml"], { cwd: folder });
    expect(result.status).toBe(0);
    const { diagnostics } = JSON.parse(result.stdout);
    expect(diagnostics).not.toEqual([]);
    for (const { severity, code, hint, line, column } of diagnostics) {
      expect([severity, code, typeof hint]).toEqual(["warning", "NOT_UPGRADED", "string"]);
      expect(`${line}:${column}`).toMatch(new RegExp(`^${where}`));
    }
    const written = await runCli(["upgrade", "--check", "config.yaml"], { cwd: folder });
    expect(written.status).toBe(2);
    expect(written.stderr).toContain("[NOT_UPGRADED]\n");
    expect(written.stderr).toContain("  fix: ");
  });

  it("does not keep other entries from being rewritten", async () => {
    const both = `{${client}, oidc_provider_identifier: p, oidc_nonce_size: 48}`;
    const other = `{${client.replace("admin-oidc", "api-oidc")}, endpoint_config: ${discovery}}`;
    const folder = folderWith(`${head}  items:\n    - ${both}\n    - ${other}\n`);
    const result = await runCli(["upgrade", "--write", "config.yaml"], { cwd: folder });
    expect([result.status, result.stdout]).toEqual([0, "Rewritten: config.yaml\n"]);
    expect(result.stderr).toMatch(/^config\.yaml:4:\d+: warning: .* \[NOT_UPGRADED\]$/m);
    const text = readFileSync(join(folder, "config.yaml"), "utf8");
    expect(text).toContain(`    - ${both}\n`);
    expect(text).toContain(
      "{identifier: api-oidc, oidc_rp_client_id: x, oidc_rp_client_secret: y, oidc_provider_identifier: api-oidc-provider}",
    );
  });

  it("is nothing where an entry is spelt as it is today", async () => {
    const folder = folderWith(
      `${head}  providers: [{identifier: p, endpoint_config: ${discovery}}]\n  items: [{${client}, oidc_provider_identifier: p}]\n`,
    );
    const result = await runCli(["upgrade", "--check", "config.yaml"], { cwd: folder });
    expect([result.status, result.stderr]).toEqual([0, ""]);
  });
});

function folderWith(text: string, name = "config.yaml"): string {
  const folder = temporaryFolder();
  writeFiles(folder, { [name]: text });
  return folder;
}
