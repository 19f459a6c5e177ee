import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { fieldReferences } from "../../src/config/field-reference.js";
import { presets } from "../../src/resources/presets.js";
import { coreSteps } from "../../src/resources/registry.js";
import { runCli, runCliProcess, writeFiles } from "../support/cli.js";
import { startOpenIdProvider } from "../support/openid-provider.js";
import { temporaryFolder } from "../support/run.js";

const namespaces = coreSteps.map(({ namespace }) => namespace);
const setUps = Object.keys(presets);
const webhooks = resolve("examples/custom-step/step.mjs");

/** Each file that the command prints: of every step, of each step, and of each set-up. */
const whole = [
  { args: [] },
  ...namespaces.map((name) => ({ args: ["--step", name] })),
  ...setUps.map((name) => ({ args: ["--for", name] })),
  { args: ["--step", "webhooks_config", "--steps", webhooks] },
].map(({ args }) => ({ args, title: args.join(" ").replace(webhooks, "step.mjs") || "without options" }));

/** The part of each step of each set-up. */
const parts = Object.entries(presets).flatMap(([setUp, preset]) =>
  Object.keys(preset.parts).map((namespace) => ({ setUp, namespace })),
);

const secret = "6mQ0bJp2Vx8sLr4nYt1kWz7cHd3fGa5e";
const env = Object.fromEntries(
  ["OIDC_RP", "ADMIN_OIDC", "API_OIDC", "ENTRA"].map((client) => [`${client}_CLIENT_SECRET`, secret]),
);
const publicKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" });
const variables = {
  INITIAL_PASSWORD: secret,
  OIDC_RP_IDP_SIGN_KEY: String(publicKey),
  ...env,
  OPEN_FORMS_TOKEN: "795cb35c930d27b98297df761f0fa52182348875",
  WEBHOOKS_SECRET: secret,
};

/** What to fill in, by the path to a gap without the number of its entry. */
const values: Readonly<Record<string, string>> = {
  "groups_config.items.name": "behandelaars",
  "default_user_configuration_config.users.username": "jansen",
  "default_user_configuration_config.users.email": "jansen@gemeente.example",
  "oidc_db_config_admin_auth.providers.identifier": "keycloak",
  "oidc_db_config_admin_auth.providers.endpoint_config.oidc_op_discovery_endpoint":
    "https://login.gemeente.example/realms/gemeente/",
  "oidc_db_config_admin_auth.items.identifier": "admin-oidc",
  "oidc_db_config_admin_auth.items.oidc_provider_identifier": "keycloak",
  "oidc_db_config_admin_auth.items.oidc_rp_client_id": "vtb",
  "oidc_db_config_admin_auth.items.oidc_audience": "vtb",
  "tokenauth.items.identifier": "open-formulieren",
  "tokenauth.items.contact_person": "Functioneel beheer",
  "tokenauth.items.email": "beheer@gemeente.example",
  "webhooks_config.items.name": "zaaksysteem",
  "webhooks_config.items.url": "https://zaaksysteem.example/hooks",
  "webhooks_config.items.events": "created",
};

interface Gap {
  readonly code: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
}

/** A folder in which commands read a file, with the variables that it needs. */
function workplace(args: readonly string[] = []) {
  const cwd = temporaryFolder();
  const modules = args.includes("--steps") ? ["--steps", webhooks] : [];
  const run = async (command: string, text: string, ...more: readonly string[]) => {
    writeFiles(cwd, { "config.yaml": text });
    const { status, stdout } = await runCli([command, "config.yaml", "--output", "json", ...modules, ...more], {
      cwd,
      env: variables,
    });
    return {
      status,
      ...(JSON.parse(stdout) as { outcome: string; diagnostics: readonly (Gap & { severity: string })[] }),
    };
  };
  return { run };
}

async function printed(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runCli(["example", ...args]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

/** The text with these gaps filled in. */
function filled(text: string, gaps: readonly Gap[], own = values): string {
  const lines = text.split("\n");
  for (const { line, column, path } of gaps) {
    const value = own[path.replace(/\.\d+/g, "")];
    if (value === undefined) throw new Error(`there is nothing to fill in at ${path}`);
    lines[line - 1] = `${(lines[line - 1] ?? "").slice(0, column - 1)}${value}`;
  }
  return lines.join("\n");
}

/** The numbers of the lines that have a gap and are no comment. */
function linesWithGaps(text: string): readonly number[] {
  return text.split("\n").flatMap((line, index) => (/^(?! *#).*<[^>]+>/.test(line) ? [index + 1] : []));
}

describe("what example prints", () => {
  it.each(whole)("applies, and once more without a change, once its gaps are filled in: $title", async ({ args }) => {
    const { run } = workplace(args);
    const text = await printed(args);
    const gaps = (await run("validate", text)).diagnostics.filter(({ severity }) => severity === "error");
    expect(new Set(gaps.map(({ code }) => code))).toEqual(new Set(["PLACEHOLDER"]));
    expect(gaps.map(({ line }) => line)).toEqual(linesWithGaps(text));
    const config = filled(text, gaps);
    const more = args.includes("open-vtb") ? ["--tokens-out", "tokens.json"] : [];
    const offline = ["--offline", ...more];
    // Nothing of a set-up is to be warned of.
    if (args[0] === "--for") expect(await run("validate", config, "--strict")).toMatchObject({ diagnostics: [] });
    expect(await run("apply", config, ...offline)).toMatchObject({ status: 0, outcome: "applied" });
    expect(await run("apply", config, ...offline)).toMatchObject({ status: 0, outcome: "unchanged" });
  });

  it.each(whole)("is refused for each gap that is left: $title", async ({ args }) => {
    const { run } = workplace(args);
    const text = await printed(args);
    const gaps = (await run("validate", text)).diagnostics.filter(({ code }) => code === "PLACEHOLDER");
    for (const gap of gaps) {
      const others = gaps.filter((other) => other !== gap);
      const { status, diagnostics } = await run("validate", filled(text, others));
      expect(status).toBe(3);
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([gap]);
    }
  });

  it.each(parts)("of $setUp for $namespace alone is that part of the set-up", async ({ setUp, namespace }) => {
    const { run } = workplace();
    const fill = async (args: readonly string[]) => {
      const text = await printed(args);
      return filled(
        text,
        (await run("validate", text)).diagnostics.filter(({ code }) => code === "PLACEHOLDER"),
      );
    };
    const all = await fill(["--for", setUp]);
    expect(await run("apply", all, "--offline", "--tokens-out", "all.json")).toMatchObject({ outcome: "applied" });
    const part = await fill(["--for", setUp, "--step", namespace]);
    expect(await run("apply", part, "--offline")).toMatchObject({ status: 0, outcome: "unchanged" });
  });

  it("takes its secrets from variables alone, and names those at its beginning", async () => {
    const cwd = temporaryFolder();
    for (const { args, text } of await Promise.all(
      whole.map(async ({ args }) => ({ args, text: await printed(args) })),
    )) {
      const named = [...text.matchAll(/^[^#\n]*\{env: (\w+)\}/gm)].map(([, name]) => name);
      const [, list = ""] = /^# Set these variables first: ([^.]+)\.$/m.exec(text) ?? [];
      expect(list === "" ? [] : list.split(", ")).toEqual([...new Set(named)]);
      writeFiles(cwd, { "config.yaml": text });
      const modules = args.includes("--steps") ? ["--steps", webhooks] : [];
      const { stdout } = await runCli(["validate", "config.yaml", "--output", "json", ...modules], { cwd });
      const codes = (JSON.parse(stdout) as { diagnostics: readonly Gap[] }).diagnostics.map(({ code }) => code);
      expect(codes.filter((code) => code === "ENV_NOT_SET")).toHaveLength(named.length);
    }
  });

  it("fits in 100 columns, and has no line of nothing but blanks", async () => {
    for (const { args } of [
      ...whole,
      ...parts.map(({ setUp, namespace }) => ({ args: ["--for", setUp, "--step", namespace] })),
    ]) {
      const lines = (await printed(args)).split("\n");
      expect(lines.filter((line) => line.length > 100 || /\s$/.test(line))).toEqual([]);
    }
  });

  it("has every field that is not deprecated, and without its sign each that is commented out is valid", async () => {
    const { run } = workplace();
    const text = await printed([]);
    const fields = fieldReferences(JSON.parse(readFileSync("schemas/vtb-setup.schema.json", "utf8")));
    const deprecated = fields.filter(({ isDeprecated }) => isDeprecated).map(({ path }) => path);
    const shown = fields.filter(({ path }) => !deprecated.some((old) => path === old || path.startsWith(`${old}.`)));
    const names = new Set([...text.matchAll(/^[# -]*(\w+):/gm)].map(([, name]) => name));
    expect(shown.map(({ path }) => path).filter((path) => !names.has(/\w+$/.exec(path)?.[0]))).toEqual([]);
    const blocks = commentedBlocks(text);
    expect(blocks.length).toBeGreaterThan(60);
    for (const block of blocks) {
      const { diagnostics } = await run("validate", block.text);
      const errors = diagnostics.filter(({ severity, code }) => severity === "error" && code !== "PLACEHOLDER");
      expect({ block: block.first, errors }).toEqual({ block: block.first, errors: [] });
    }
  });

  it("is applied by processes of their own, with a real provider to discover", async () => {
    const provider = await startOpenIdProvider();
    try {
      const cwd = temporaryFolder();
      const { stdout: text } = await runCliProcess(["example", "--for", "keycloak"], { cwd });
      const gaps = (await workplace().run("validate", text)).diagnostics.filter(({ code }) => code === "PLACEHOLDER");
      const field = "oidc_db_config_admin_auth.providers.endpoint_config.oidc_op_discovery_endpoint";
      writeFiles(cwd, { "config.yaml": filled(text, gaps, { ...values, [field]: provider.discoveryEndpoint }) });
      const apply = () => runCliProcess(["apply", "config.yaml", "--output", "json"], { cwd, env: variables });
      const first = await apply();
      expect(JSON.parse(first.stdout)).toMatchObject({ outcome: "applied", summary: { create: 5 } });
      expect(JSON.parse((await apply()).stdout)).toMatchObject({ outcome: "unchanged" });
    } finally {
      await provider.close();
    }
  });
});

interface CommentedBlock {
  readonly first: string;
  /** The whole file, with this block as part of it and without what it stands for. */
  readonly text: string;
}

/** The fields that are commented out, each alone in the file without its sign. */
function commentedBlocks(text: string): readonly CommentedBlock[] {
  const lines = text.split("\n");
  return lines.flatMap((line, start) => {
    const [, indent, field] = /^( *)#(\w+):/.exec(line) ?? [];
    if (indent === undefined) return [];
    const following = lines.slice(start + 1).findIndex((other) => !other.startsWith(`${indent}#  `));
    const end = start + 1 + following;
    const own = lines.slice(start, end).map((inside) => inside.replace("#", ""));
    const above = lines.slice(0, start);
    // An alternative stands for the field itself, which is above it in the same mapping.
    const mapping = above.findLastIndex((other) => !other.startsWith(indent));
    const others = above.map((other, at) => (at > mapping && other.startsWith(`${indent}${field}:`) ? "" : other));
    return [{ first: line, text: [...others, ...own, ...lines.slice(end)].join("\n") }];
  });
}

describe("the options of example", () => {
  it("leave out what is not asked for", async () => {
    const text = await printed(["--step", "groups_config", "--step", "tokenauth"]);
    expect(text.match(/^\w+(?=: true$)/gm)).toEqual(["groups_config_enable", "tokenauth_config_enable"]);
    expect(await printed(["--step", "vtb_setup"])).toMatch(/\nvtb_setup:\n/);
  });

  it.each([
    [["--step", "tokenaut"], "no step is configured under tokenaut", "did you mean tokenauth?"],
    [
      ["--step", "tokenauth_config_enable"],
      "no step is configured under tokenauth_config_enable",
      "did you mean tokenauth?",
    ],
    [
      ["--step", "webhooks_config"],
      "no step is configured under webhooks_config",
      "write one of vtb_setup, groups_config",
    ],
    [["--for", "entra", "--step", "tokenauth"], "the set-up entra has no tokenauth", "write one of groups_config"],
  ])("refuse %s, and say what can be written", async (args, message, hint) => {
    const { status, stdout, stderr } = await runCli(["example", ...args]);
    expect({ status, stdout }).toEqual({ status: 64, stdout: "" });
    expect(stderr).toContain(`${message} [COMMAND_LINE]`);
    expect(stderr).toContain(hint);
  });

  it("have every set-up", async () => {
    const { stderr } = await runCli(["example", "--for", "other"]);
    for (const name of setUps) expect(stderr).toContain(name);
  });
});
