import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProblemCode } from "../../src/errors.js";
import type { Canaries } from "../support/canaries.js";
import { openForTest } from "../support/run.js";

export type Command = "validate" | "plan" | "apply";

/** One way to provoke a code. */
export interface Row {
  readonly code: ProblemCode;
  /** What tells this row from others of its code. */
  readonly how: string;
  /** A file that is given after base.yaml. */
  readonly yaml?: string;
  /** False: base.yaml is not given, so that `yaml` stands alone. */
  readonly withBase?: boolean;
  /** Other files beside it. */
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly database?: string;
  /** The commands that tell it; all of them without this. The others are run as well, where they take the arguments. */
  readonly told?: readonly Command[];
  /** Base.yaml is applied first. */
  readonly applied?: boolean;
  /** What is done to the folder then. */
  readonly prepare?: (folder: string) => Promise<void> | void;
}

const toDatabase = ["plan", "apply"] as const;
const zod = fileURLToPath(new URL("../../node_modules/zod/index.js", import.meta.url));

/** Stand for a server whose discovery document names another issuer, and for one that is not there. */
export const origins = { other: "http://other.invalid", closed: "http://closed.invalid" } as const;

export function canaryRows({ make, add }: Canaries): readonly Row[] {
  const token = (fields: string, ending = "contact_person: A, email: a@example.nl") =>
    `tokenauth:\n  items:\n    - {identifier: rij, ${fields}, ${ending}}\n`;
  const user = (fields: string) => `default_user_configuration_config:\n  users:\n    - {username: rij, ${fields}}\n`;
  const client = (fields: string, providers = "", provider = "oidc_provider_identifier: keycloak") => `
oidc_db_config_admin_auth:${providers}
  items:
    - {identifier: rij, ${provider}, oidc_rp_client_id: a, oidc_rp_client_secret: ${make("row-secret")}, ${fields}}
`;
  const full = "options: {user_settings: {claim_mappings: {username: [sub]}}}";
  const endpoints = (host: string) =>
    ["authorization", "token", "user"].map((name) => `oidc_op_${name}_endpoint: "${host}/${name}"`).join(", ");
  const provider = (fields: string) => `\n  providers: [{identifier: rij, ${fields}}]`;
  const ownStep = (code: string) =>
    `import * as z from ${JSON.stringify(zod)};\nexport const steps = [{flag: "eigen", namespace: "eigen_config", title: "Eigen", kinds: [], schema: z.object({secret: z.string()}), review: () => [], declare: (config) => { ${code} }}];\n`;
  const levels = "abcdefg".split("");
  const bomb = levels.map((name, index) =>
    index === 0
      ? `bom_a: &a [${`${make("alias-bomb")}, `.repeat(10)}]`
      : `bom_${name}: &${name} [${`*${levels[index - 1]}, `.repeat(10)}]`,
  );
  const openFile = (folder: string) => openForTest(`sqlite:${join(folder, "auth.db")}`);
  return [
    { code: "ALIAS_BOMB", how: "aliases of aliases", yaml: `${bomb.join("\n")}\n` },
    { code: "ALIAS_UNRESOLVED", how: "a secret that begins with *", yaml: token(`token: *${make("alias")}`) },
    { code: "COMMAND_LINE", how: "a misspelt option", args: [`--databse=postgres://u:${make("option")}@h/x`] },
    { code: "COMMAND_LINE", how: "a value that does not fit", args: ["--output", `postgres://u:${make("value")}@h/x`] },
    {
      code: "DATABASE_FAILED",
      how: "a damaged file",
      told: toDatabase,
      applied: true,
      prepare: (folder) => {
        const file = join(folder, "auth.db");
        const bytes = readFileSync(file);
        // The first page says what there is; the others hold it.
        writeFileSync(file, bytes.fill(0x5a, 4096));
      },
    },
    {
      code: "DATABASE_MODE",
      how: "mode 0644",
      told: toDatabase,
      applied: true,
      prepare: (folder) => chmodSync(join(folder, "auth.db"), 0o644),
    },
    {
      code: "DATABASE_NEWER",
      how: "a migration from the future",
      told: toDatabase,
      applied: true,
      prepare: async (folder) => {
        const row = { name: "9999_future", applied_at: "2099-01-01T00:00:00.000Z" };
        await openFile(folder).kysely.insertInto("setup_migrations").values(row).execute();
      },
    },
    { code: "DATABASE_UNREACHABLE", how: "a folder", told: toDatabase, database: "sqlite:." },
    ...[`postgres://u:${make("url")}@h/x`, `sqlite:postgres://u:${make("sqlite-url")}@h/x`].map((database) => ({
      code: "DATABASE_URL" as const,
      how: database.slice(0, 15),
      told: toDatabase,
      database,
    })),
    {
      code: "DATABASE_URL",
      how: "in the variable",
      told: toDatabase,
      database: "",
      env: { VTB_SETUP_DATABASE: `postgresql://u:${make("url-variable")}@h/x` },
    },
    {
      code: "DEPRECATED_FIELD",
      how: "an own provider",
      yaml: client(`${full}, endpoint_config: {${endpoints("https://op.example")}}`, "", "enabled: true"),
    },
    {
      code: "DISCOVERY_INVALID",
      how: "another issuer",
      told: toDatabase,
      yaml: client(full, provider(`endpoint_config: {oidc_op_discovery_endpoint: "${origins.other}/"}`)),
    },
    {
      code: "DISCOVERY_UNREACHABLE",
      how: "a closed port",
      told: toDatabase,
      yaml: client(full, provider(`endpoint_config: {oidc_op_discovery_endpoint: "${origins.closed}/"}`)),
    },
    {
      code: "DISCOVERY_INVALID",
      how: "a metadata address",
      told: toDatabase,
      yaml: client(full, provider('endpoint_config: {oidc_op_discovery_endpoint: "http://169.254.169.254/"}')),
    },
    { code: "DUPLICATE_KEY", how: "two tokens", yaml: token(`token: ${make("first")}, token: ${make("second")}`) },
    {
      code: "DUPLICATE_RESOURCE",
      how: "as in base.yaml",
      yaml: `tokenauth: {items: [{identifier: in-bestand, token: ${make("twice")}, contact_person: A, email: a@b.nl}]}\n`,
    },
    {
      code: "DUPLICATE_SECRET",
      how: "one value for two",
      yaml:
        token(`token: &same ${make("same")}`) +
        token("token: *same")
          .replace(/^.*\n.*\n/, "")
          .replace("rij", "twee"),
    },
    {
      code: "ENV_NOT_SET",
      how: "beside a secret",
      yaml: user(`first_name: {value_from: {env: NERGENS}}, password: ${make("env-beside")}`),
    },
    { code: "EXPIRED", how: "last year", yaml: token(`token: ${make("expired")}, expires_at: "2020-01-01T00:00:00Z"`) },
    { code: "FILE_UNREADABLE", how: "no such file", args: ["nergens.yaml"] },
    { code: "IGNORED_FIELD", how: "an empty password", yaml: user("password: ''") },
    {
      code: "INSECURE_URL",
      how: "http",
      yaml: client(
        full,
        provider(`oidc_op_issuer: http://op.example, endpoint_config: {${endpoints("http://op.example")}}`),
      ),
    },
    {
      code: "INTERNAL",
      how: "a step that throws its secret",
      yaml: `eigen: true\neigen_config: {secret: ${make("thrown")}}\n`,
      files: { "step.mjs": ownStep("throw new Error(`bad ${config.secret}`, {cause: config});") },
      args: ["--steps", "step.mjs"],
    },
    { code: "INVALID_VALUE", how: "a space", yaml: token(`token: ${make("space")} ${make("after-space")}`) },
    { code: "INVALID_VALUE", how: "too long", yaml: token(`token: ${make("long")}${"x".repeat(300)}`) },
    { code: "INVALID_VALUE", how: "control characters", yaml: token(`token: "${make("control")}\\a\\e[2J\\u202e"`) },
    {
      code: "INVALID_VALUE",
      how: "a URL with a password",
      yaml: client(
        full,
        provider(
          `oidc_op_issuer: "https://u:${make("issuer")}@h", endpoint_config: {${endpoints(`https://u:${make("endpoint")}@h`)}}`,
        ),
      ),
    },
    {
      code: "INVALID_VALUE",
      how: "a sign key that is none",
      yaml: client(`${full}, oidc_rp_idp_sign_key: ${make("no-key")}`),
    },
    { code: "INVALID_VALUE", how: "beside a secret", yaml: client(`${full}, oidc_rp_sign_algo: RS255`) },
    { code: "KEY_INVALID", how: "in the variable", told: ["apply"], env: { VTB_SETUP_KEY: make("no-sealing-key") } },
    {
      code: "KEY_INVALID",
      how: "in the file",
      told: ["apply"],
      env: { VTB_SETUP_KEY: "", VTB_SETUP_KEY_FILE: "key" },
      files: { key: make("no-key-file") },
    },
    { code: "KEY_MADE", how: "no variable", told: ["apply"], env: { VTB_SETUP_KEY: "" } },
    {
      code: "KEY_MISMATCH",
      how: "another key",
      told: toDatabase,
      applied: true,
      env: { VTB_SETUP_KEY: add("other-key", randomBytes(32).toString("hex")) },
    },
    { code: "MISSING_FIELD", how: "no contact person", yaml: token(`token: ${make("missing")}`, "email: a@b.nl") },
    { code: "MISSING_OPENID_SCOPE", how: "email alone", yaml: client(`${full}, oidc_rp_scopes_list: [email]`) },
    {
      code: "NAME_TAKEN",
      how: "a service user named as a person",
      told: toDatabase,
      yaml: token(`token: ${make("taken")}`).replace("rij", "beheerder"),
    },
    {
      code: "NO_STEPS_ENABLED",
      how: "all off",
      withBase: false,
      yaml: `tokenauth_config_enable: false\n${token(`token: ${make("off")}`)}`,
    },
    {
      code: "NO_SIGN_KEYS",
      how: "no keys",
      yaml: client(
        full,
        provider(`oidc_op_issuer: https://op.example, endpoint_config: {${endpoints("https://op.example")}}`),
        "oidc_provider_identifier: rij",
      ),
    },
    { code: "OPTIONS_DEFAULTED", how: "no options", yaml: client("enabled: true") },
    {
      code: "OUTPUT_FILE",
      how: "a file that is there",
      told: ["apply"],
      yaml: token("token: {generate: true}"),
      args: ["--tokens-out", "out.json"],
      files: { "out.json": "{}" },
    },
    { code: "OWNED_BY_OTHER", how: "another owner", told: toDatabase, applied: true, args: ["--owner", "ander"] },
    { code: "PLACEHOLDER", how: "changeme", yaml: user(`password: changeme-${make("changeme")}`) },
    { code: "PLACEHOLDER", how: "a variable", yaml: token(`token: "\${TOKEN:-${make("variable")}}"`) },
    {
      code: "PLACEHOLDER",
      how: "a template",
      yaml: `tokenauth:\n  items:\n    - token: {{ '${make("template")}' }}\n`,
    },
    {
      code: "PRUNE_REFUSED",
      how: "an empty list",
      told: toDatabase,
      withBase: false,
      applied: true,
      yaml: "tokenauth_config_enable: true\ntokenauth: {items: []}\n",
      args: ["--prune"],
    },
    {
      code: "REFERENCE_NOT_FOUND",
      how: "no such user",
      told: toDatabase,
      yaml: token(`token: ${make("reference")}, user: niemand`),
    },
    {
      code: "RESOURCE_IN_USE",
      how: "a token's user",
      told: toDatabase,
      withBase: false,
      applied: true,
      yaml: `default_user_configuration_enable: true\ndefault_user_configuration_config: {users: [{username: beheerder, state: absent, password: ${make("absent")}}]}\n`,
    },
    { code: "SECRET_FILE", how: "no such file", yaml: token("token: {value_from: {file: nergens}}") },
    {
      code: "SECRET_FILE",
      how: "too large",
      yaml: token("token: {value_from: {file: groot}}"),
      files: { groot: make("large").repeat(2000) },
    },
    {
      code: "SECRET_FILE_MODE",
      how: "mode 0644",
      yaml: token("token: {value_from: {file: open}}"),
      files: { open: make("open-file") },
    },
    {
      code: "STEP_INVALID",
      how: "no steps in it",
      files: { "step.mjs": `export const token = "${make("module")}";\n` },
      args: ["--steps", "step.mjs"],
    },
    { code: "STEP_INVALID", how: "a configuration", args: ["--steps", "base.yaml"] },
    {
      code: "STEP_NOT_ENABLED",
      how: "no flag",
      withBase: false,
      yaml: `groups_config_enable: true\ngroups_config: {items: []}\n${token(`token: ${make("no-flag")}`)}`,
    },
    { code: "UNKNOWN_CLIENT_IDENTIFIER", how: "rij", yaml: client(full) },
    { code: "UNKNOWN_FIELD", how: "misspelt", yaml: token(`tokn: ${make("tokn")}, token: ${make("beside-tokn")}`) },
    {
      code: "UNKNOWN_FIELD",
      how: "misspelt password",
      yaml: user(`passwrd: [{a: ${make("passwrd")}}, ${make("passwrd-2")}]`),
    },
    {
      code: "UNKNOWN_FIELD",
      how: "misspelt client secret",
      yaml: client(`${full}, oidc_rp_client_secrt: ${make("secrt")}`),
    },
    { code: "UNKNOWN_FIELD", how: "in braces", yaml: token(`token: {${make("braces")}}`) },
    {
      code: "UNKNOWN_FIELD",
      how: "in braces, with a colon",
      yaml: token(`token: {${make("colon")}: ${make("after-colon")}}`),
    },
    { code: "UNKNOWN_FIELD", how: "in braces, misspelt", yaml: user(`passwrd: {${make("key")}: x}`) },
    { code: "UNKNOWN_FIELD", how: "options", yaml: client(`options: {user_setting: {key: ${make("options")}}}`) },
    {
      code: "UNKNOWN_ROOT_KEY",
      how: "another program",
      yaml: `zgw_consumers: {services: [{secret: ${make("foreign")}}]}\n`,
    },
    {
      code: "UNKNOWN_FIELD",
      how: "misspelt at the root",
      yaml: `tokenaut: {items: [{token: ${make("misspelt-root")}}]}\n`,
    },
    {
      code: "VALUE_FROM_INVALID",
      how: "misspelt",
      yaml: token(`token: {value_from: {env: A, defualt: ${make("defualt")}}}`),
    },
    { code: "VALUE_FROM_INVALID", how: "no mapping", yaml: token(`token: {value_from: ${make("value-from")}}`) },
    { code: "VALUE_FROM_INVALID", how: "no name", yaml: token(`token: {value_from: {env: "${make("no-name")} x"}}`) },
    {
      code: "VALUE_FROM_INVALID",
      how: "beside",
      yaml: token(`token: {value_from: {env: A}, default: ${make("beside")}}`),
    },
    {
      code: "VALUE_FROM_IN_TEXT",
      how: "behind a text",
      yaml: `tokenauth:\n  items:\n    - token: ${make("in-text")} {value_from: {env: A}}\n`,
    },
    { code: "WEAK_TOKEN", how: "short", yaml: token(`token: ${add("short", make("short").slice(-12))}`) },
    {
      code: "WEAK_SIZE",
      how: "5",
      yaml: client(
        full,
        provider(
          `oidc_op_issuer: https://op.example, oidc_nonce_size: 5, endpoint_config: {${endpoints("https://op.example")}}`,
        ),
      ),
    },
    { code: "WEAK_PASSWORD", how: "known", yaml: user(`password: ${add("known", "wElKoM01")}`) },
    { code: "WRONG_TYPE", how: "a list", yaml: token(`token: [${make("list")}]`) },
    {
      code: "WRONG_TYPE",
      how: "a mapping",
      yaml: user(`password: {${make("map-key")}: {${make("inner")}: ${make("map-value")}}}`),
    },
    { code: "WRONG_TYPE", how: "a flag", yaml: user(`is_staff: ja, password: ${make("beside-flag")}`) },
    { code: "WRONG_TYPE", how: "a secret for options", yaml: client(`options: ${make("options-text")}`) },
    {
      code: "WRONG_TYPE",
      how: "in options",
      yaml: client(
        `options: {user_settings: {claim_mappings: {username: ${make("claim")}}}, api: {key: ${make("api-key")}}}`,
      ),
    },
    { code: "WRONG_TYPE", how: "the whole step", yaml: `tokenauth: ${make("step-text")}\n` },
    ...["'", '"', "@", "%", "!", "&a ", "`", "? ", "{", "[", "- ", "a: b: "].map((start) => ({
      code: "YAML_SYNTAX" as const,
      how: `a secret behind ${start}`,
      yaml: `tokenauth:\n  items:\n    - token: ${start}${make("syntax")}: ${make("syntax-2")}\n      emial: ${make("syntax-3")}\n   x: ${make("syntax-4")}\n`,
    })),
    {
      code: "YAML_SYNTAX",
      how: "not UTF-8",
      yaml: token(`token: ${make("utf-8")}`),
      prepare: (folder) => {
        const file = join(folder, "rij.yaml");
        writeFileSync(file, Buffer.concat([readFileSync(file), Buffer.from([0x23, 0xff, 0x0a])]));
        rmSync(join(folder, "auth.db"), { force: true });
      },
    },
  ];
}
