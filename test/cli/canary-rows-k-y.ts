import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Canaries } from "../support/canaries.js";
import { databaseOf } from "../support/databases.js";
import { openForTest } from "../support/run.js";
import { origins, type Row, rowText, toDatabase } from "./canary-row.js";

const zod = new URL("../../node_modules/zod/index.js", import.meta.url).href;
const library = new URL("../../dist/index.js", import.meta.url).href;

/** The codes from K to Y. */
export function lastCanaryRows(canaries: Canaries): readonly Row[] {
  const { make, add } = canaries;
  const { token, user, client, provider, endpoints, full } = rowText(canaries);
  const ownStep = (code: string, field = "z.string()") => `import * as z from ${JSON.stringify(zod)};
    import { secret } from ${JSON.stringify(library)};
    export const steps = [{flag: "eigen", namespace: "eigen_config", title: "Eigen", kinds: [], schema: z.object({secret: ${field}}),
      review: () => [], declare: (config) => { ${code} }}];\n`;
  return [
    {
      code: "KEY_INVALID",
      how: "in the variable",
      reported: ["apply"],
      env: { VTB_SETUP_KEY: make("no-sealing-key") },
    },
    {
      code: "KEY_INVALID",
      how: "in the file",
      reported: ["apply"],
      env: { VTB_SETUP_KEY: "", VTB_SETUP_KEY_FILE: "key" },
      files: { key: make("no-key-file") },
    },
    { code: "KEY_MADE", only: "sqlite", how: "no variable", reported: ["apply"], env: { VTB_SETUP_KEY: "" } },
    {
      code: "KEY_UNSAFE",
      how: "a file that everybody may write",
      reported: ["apply"],
      env: { VTB_SETUP_KEY: "", VTB_SETUP_KEY_FILE: "key" },
      files: { key: add("open-key", randomBytes(32).toString("hex")) },
      prepare: (folder) => chmodSync(join(folder, "key"), 0o666),
    },
    {
      code: "KEY_MISMATCH",
      how: "another key",
      reported: toDatabase,
      applied: true,
      env: { VTB_SETUP_KEY: add("other-key", randomBytes(32).toString("hex")) },
    },
    {
      code: "LAST_ADMINISTRATOR",
      how: "demoted",
      reported: toDatabase,
      applied: true,
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        await kysely.updateTable("users").set({ is_superuser: 1 }).where("username", "=", "beheerder").execute();
      },
    },
    {
      code: "LINKS_UNMATCHED",
      how: "an issuer of before",
      reported: toDatabase,
      applied: true,
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        const link = { issuer: "https://former.example", subject: "s-1" };
        await kysely.updateTable("users").set(link).where("username", "=", "uit-variabele").execute();
      },
    },
    { code: "MIGRATION_NEEDED", how: "no tables", reported: ["apply"], args: ["--no-migrate"] },
    { code: "MISSING_FIELD", how: "no contact person", yaml: token(`token: ${make("missing")}`, "email: a@b.nl") },
    { code: "MISSING_OPENID_SCOPE", how: "email alone", yaml: client(`${full}, oidc_rp_scopes_list: [email]`) },
    {
      code: "NAME_TAKEN",
      how: "a service user named as a person",
      reported: toDatabase,
      yaml: token(`token: ${make("taken")}`).replace("rij", "beheerder"),
    },
    {
      code: "NO_API_CLIENT",
      how: "a login's client alone",
      reported: toDatabase,
      withBase: false,
      yaml: `oidc_db_config_enable: true${client(
        full,
        provider(`endpoint_config: {${endpoints("https://op.example")}}`),
        "oidc_provider_identifier: rij",
      ).replace("{identifier: rij, oidc_provider", "{identifier: admin-oidc, oidc_provider")}`,
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
      code: "TOKEN_DISABLED",
      how: "tokens that were disabled",
      reported: toDatabase,
      applied: true,
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        const disabled = { disabled_at: "2026-01-01T00:00:00.000Z", disabled_by: "jan" };
        await kysely.updateTable("api_tokens").set(disabled).execute();
      },
    },
    {
      code: "USER_DEACTIVATED",
      how: "users that were deactivated",
      reported: toDatabase,
      applied: true,
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        const deactivated = { deactivated_at: "2026-01-01T00:00:00.000Z", deactivated_by: "jan" };
        await kysely.updateTable("users").set(deactivated).execute();
      },
    },
    {
      code: "TOKEN_REVOKED",
      how: "a value that was revoked",
      reported: toDatabase,
      applied: true,
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        const tokens = await kysely.selectFrom("api_tokens").select(["digest", "identifier"]).execute();
        const how = { revoked_at: "2026-01-01T00:00:00.000Z", revoked_by: "jan", reason: "leaked" };
        const rows = tokens.map((token) => ({ ...token, ...how }));
        await kysely.insertInto("api_token_revoked").values(rows).execute();
      },
    },
    {
      code: "TOKENS_NOT_IN_FILE",
      how: "a file that is gone",
      reported: ["apply"],
      yaml: token("token: {generate: true}"),
      args: ["--tokens-out", "out.json"],
      applied: true,
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        // An earlier run generated it.
        const row = { identifier: "rij", generated: 1, digest: "0".repeat(64) } as const;
        await kysely.updateTable("api_tokens").set(row).where("identifier", "=", "standaard").execute();
        await kysely.updateTable("users").set({ username: "rij" }).where("username", "=", "standaard").execute();
      },
    },
    {
      code: "OUTPUT_FILE",
      how: "a file that is there",
      reported: ["apply"],
      yaml: token("token: {generate: true}"),
      args: ["--tokens-out", "out.json"],
      files: { "out.json": "{}" },
    },
    { code: "OWNED_BY_OTHER", how: "another owner", reported: toDatabase, applied: true, args: ["--owner", "ander"] },
    {
      code: "POLICY_ENDS_TOKENS",
      how: "tokens that are too old for it",
      reported: toDatabase,
      applied: true,
      yaml: "vtb_setup: {policy: {max_lifetime: 90d}}\n",
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        await kysely.updateTable("api_tokens").set({ value_since: "2020-01-01T00:00:00.000Z" }).execute();
      },
    },
    {
      code: "POLICY_VIOLATED",
      how: "no expiry",
      yaml: `vtb_setup: {policy: {require_expiry: true}}\n${token(`token: ${make("without-expiry")}`)}`,
    },
    { code: "PLACEHOLDER", how: "changeme", yaml: user(`password: changeme-${make("changeme")}`) },
    { code: "PLACEHOLDER", how: "a variable", yaml: token(`token: "\${TOKEN:-${make("variable")}}"`) },
    {
      code: "PLACEHOLDER",
      how: "a template",
      yaml: `tokenauth:\n  items:\n    - token: {{ '${make("template")}' }}\n`,
    },
    {
      code: "PROVIDER_LACKS",
      how: "no userinfo endpoint",
      reported: toDatabase,
      yaml: client(
        full,
        provider(
          `oidc_op_issuer: "https://elsewhere.example", endpoint_config: {oidc_op_discovery_endpoint: "${origins.other}/"}`,
        ),
        "oidc_provider_identifier: rij",
      ),
    },
    {
      code: "PROTECTED",
      how: "a user",
      reported: toDatabase,
      withBase: false,
      applied: true,
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        const { id } = await kysely
          .selectFrom("users")
          .select("id")
          .where("username", "=", "beheerder")
          .executeTakeFirstOrThrow();
        await kysely.insertInto("entry_settings").values({ resource_id: id, kind: "user", protect: 1 }).execute();
      },
      yaml: `default_user_configuration_enable: true\ndefault_user_configuration_config: {users: [{username: beheerder, state: absent, password: ${make("protected")}}]}\n`,
    },
    {
      code: "MANY_DELETIONS",
      how: "twelve groups of thirteen",
      reported: toDatabase,
      withBase: false,
      applied: true,
      yaml: "groups_config_enable: true\ngroups_config: {items: [{name: rij}]}\n",
      args: ["--prune"],
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        const at = "2030-01-01T00:00:00.000Z";
        const rows = Array.from({ length: 12 }, (_, index) => `rij-${index}`);
        const groups = rows.map((name) => ({ id: name, name, owner: "default", created_at: at, updated_at: at }));
        await kysely.insertInto("groups").values(groups).execute();
      },
    },
    {
      code: "PRUNE_REFUSED",
      how: "an empty list",
      reported: toDatabase,
      withBase: false,
      applied: true,
      yaml: "tokenauth_config_enable: true\ntokenauth: {items: []}\n",
      args: ["--prune"],
    },
    {
      code: "REFERENCE_NOT_FOUND",
      how: "no such user",
      reported: toDatabase,
      yaml: token(`token: ${make("reference")}, user: niemand`),
    },
    {
      code: "REFERENCE_NOT_FOUND",
      how: "a secret for a name",
      reported: toDatabase,
      yaml: user(`groups: [${make("as-reference")}]`),
    },
    {
      code: "RENAMED_REFERENCE",
      how: "a token's user",
      yaml: `${user("renamed_from: vroeger")}${token(`token: ${make("renamed")}, user: vroeger`)}`,
    },
    {
      code: "RENAME_CONFLICT",
      how: "its own name",
      yaml: user(`renamed_from: rij, password: ${make("rename")}`),
    },
    {
      code: "RESOURCE_IN_USE",
      how: "a token's user",
      reported: toDatabase,
      withBase: false,
      applied: true,
      yaml: `default_user_configuration_enable: true\ndefault_user_configuration_config: {users: [{username: beheerder, state: absent, password: ${make("absent")}}]}\n`,
    },
    { code: "SECRET_FILE", how: "no such file", yaml: token("token: {value_from: {file: nergens}}") },
    {
      code: "SECRET_FILE",
      how: "a secret for its path",
      yaml: token(`token: {value_from: {file: ${make("file-path")}}}`),
    },
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
    { code: "SIGN_IN_MISSING", how: "a superuser without a password", yaml: user("is_superuser: true") },
    {
      code: "SIGN_IN_MISSING",
      how: "a superuser with one",
      yaml: user(`is_superuser: true, password: ${make("of-a-superuser")}`),
    },
    {
      code: "STEP_INVALID",
      how: "no steps in it",
      files: { "step.mjs": `export const token = "${make("module")}";\n` },
      args: ["--steps", "step.mjs"],
    },
    {
      code: "STEP_INVALID",
      how: "a step that throws its secret",
      yaml: `eigen: true\neigen_config: {secret: ${make("thrown-by-a-step")}}\n`,
      files: { "step.mjs": ownStep("throw new Error(`bad ${config.secret}`, {cause: config});") },
      args: ["--steps", "step.mjs"],
    },
    {
      code: "STEP_INVALID",
      how: "a step that looks something up by its secret",
      yaml: `eigen: true\neigen_config: {secret: ${make("looked-up-by-a-step")}}\n`,
      files: { "step.mjs": ownStep("undefined[config.secret.reveal()];", "secret()") },
      args: ["--steps", "step.mjs"],
    },
    {
      code: "STEP_INVALID",
      how: "a step that looks something up by a plain text",
      yaml: `eigen: true\neigen_config: {secret: ${make("plain-text-of-a-step")}}\n`,
      files: { "step.mjs": ownStep("undefined[config.secret];") },
      args: ["--steps", "step.mjs"],
    },
    { code: "STEP_INVALID", how: "a configuration", args: ["--steps", "base.yaml"] },
    {
      code: "STEP_NOT_ENABLED",
      how: "no flag",
      withBase: false,
      yaml: `groups_config_enable: true\ngroups_config: {items: []}\n${token(`token: ${make("no-flag")}`)}`,
    },
    {
      code: "UNDECLARED",
      how: "all but a group",
      reported: toDatabase,
      withBase: false,
      applied: true,
      yaml: `groups_config_enable: true\ngroups_config: {items: [{name: lezers}]} # ${make("undeclared")}\n`,
    },
    { code: "UNKNOWN_CLIENT_IDENTIFIER", how: "rij", yaml: client(full) },
    { code: "UNKNOWN_FIELD", how: "misspelt", yaml: token(`tokn: ${make("tokn")}, token: ${make("beside-tokn")}`) },
    {
      code: "UNKNOWN_FIELD",
      how: "a secret for a field",
      yaml: token(`${make("as-field")}: x, token: ${make("beside-field")}`),
    },
    {
      code: "UNKNOWN_FIELD",
      how: "a secret for a field of a step",
      yaml: `groups_config: {items: [], ${make("as-step-field")}: x}\n`,
    },
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
      code: "UNKNOWN_PERMISSION",
      how: "a secret for a permission",
      yaml: `vtb_setup: {permissions: [taken.view]}\n${user(`permissions: [x.${make("as-permission")}]`)}`,
    },
    { code: "UNKNOWN_ROOT_KEY", how: "a secret for a key", yaml: `${make("as-root-key")}: x\n` },
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
      },
    },
  ];
}
