import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { inject } from "vitest";
import type { Canaries } from "../support/canaries.js";
import { databaseOf } from "../support/databases.js";
import { openForTest } from "../support/run.js";
import { origins, type Row, rowText, toDatabase } from "./canary-row.js";

/** Where a folder's database is, on SQLite. */
const databaseFile = (folder: string) => join(folder, "vtb-auth.db");

const inFiveDays = new Date(Date.now() + 5 * 86_400_000).toISOString();

/** The codes from A to I. */
export function firstCanaryRows(canaries: Canaries): readonly Row[] {
  const { make } = canaries;
  const { token, user, client, provider, endpoints, full } = rowText(canaries);
  const asName = make("as-name");
  const levels = "abcdefg".split("");
  const bomb = levels.map((name, index) =>
    index === 0
      ? `bom_a: &a [${`${make("alias-bomb")}, `.repeat(10)}]`
      : `bom_${name}: &${name} [${`*${levels[index - 1]}, `.repeat(10)}]`,
  );
  return [
    {
      code: "ACCESS_TOKEN_ISSUER",
      how: "a document with two issuers",
      reported: toDatabase,
      yaml: client(
        `${full}, userinfo_claims_source: id_token`,
        provider(
          `oidc_op_issuer: "https://elsewhere.example", endpoint_config: {oidc_op_discovery_endpoint: "${origins.other}/"}`,
        ),
        "oidc_provider_identifier: rij",
      ),
    },
    { code: "ALIAS_BOMB", how: "aliases of aliases", yaml: `${bomb.join("\n")}\n` },
    { code: "ALIAS_UNRESOLVED", how: "a secret that begins with *", yaml: token(`token: *${make("alias")}`) },
    {
      code: "CATALOGUE_INVALID",
      how: "a secret's file for a catalogue",
      yaml: "vtb_setup: {catalogue: wachtwoorden}\n",
      files: {
        wachtwoorden: `{"formatVersion": "${make("format")}", "${make("catalogue-field")}": 1, "permissions": ["${make("listed")}"]}`,
      },
    },
    {
      code: "CATALOGUE_INVALID",
      how: "a file that is no YAML",
      yaml: "vtb_setup: {catalogue: wachtwoorden}\n",
      files: { wachtwoorden: `"${make("unclosed")}: [${make("open")}` },
    },
    { code: "COMMAND_LINE", how: "a misspelt option", args: [`--databse=postgres://u:${make("option")}@h/x`] },
    { code: "COMMAND_LINE", how: "a value that does not fit", args: ["--output", `postgres://u:${make("value")}@h/x`] },
    {
      code: "CONFUSABLE_NAMES",
      how: "a name in capitals",
      yaml: user(`password: ${make("of-a-twin")}`).replace("rij", "BEHEERDER"),
    },
    {
      code: "DATABASE_DAMAGED",
      only: "sqlite",
      how: "a damaged file",
      reported: toDatabase,
      applied: true,
      prepare: (folder) => {
        const file = databaseFile(folder);
        const bytes = readFileSync(file);
        // The first page says what there is; the others hold it.
        writeFileSync(file, bytes.fill(0x5a, 4096));
      },
    },
    {
      code: "DATABASE_FAILED",
      only: "sqlite",
      how: "a trigger that another program created",
      reported: ["apply"],
      applied: true,
      yaml: token(`token: ${make("trigger-token")}`),
      prepare: async (folder) => {
        const { kysely } = await openForTest(databaseOf(folder));
        const trigger = "create trigger barrier before insert on runs begin select raise(abort, 'not now'); end";
        await sql.raw(trigger).execute(kysely);
      },
    },
    {
      code: "DATABASE_MODE",
      only: "sqlite",
      how: "mode 0644",
      reported: toDatabase,
      applied: true,
      prepare: (folder) => chmodSync(databaseFile(folder), 0o644),
    },
    {
      code: "DATABASE_NEWER",
      how: "a migration from the future",
      reported: toDatabase,
      applied: true,
      prepare: async (folder) => {
        const row = { name: "9999_future", applied_at: "2099-01-01T00:00:00.000Z" };
        await (await openForTest(databaseOf(folder))).kysely.insertInto("setup_migrations").values(row).execute();
      },
    },
    {
      code: "DATABASE_REFUSED",
      how: "another password",
      reported: toDatabase,
      database: inject("postgresUrl").replace(/:[^:@]+@/, `:${make("wrong-password")}@`),
    },
    {
      code: "DATABASE_TLS",
      how: "an authority that is not there",
      reported: toDatabase,
      database: `postgres://u:${make("tls-password")}@h/x?sslmode=verify-full&sslrootcert=none.pem`,
    },
    { code: "DATABASE_UNREACHABLE", only: "sqlite", how: "a folder", reported: toDatabase, database: "sqlite:." },
    {
      code: "DATABASE_UNREACHABLE",
      how: "a server that is not there",
      reported: toDatabase,
      database: `postgres://u:${make("closed-password")}@127.0.0.1:1/x`,
    },
    ...[
      `mysql://u:${make("url")}@h/x`,
      `sqlite:postgres://u:${make("sqlite-url")}@h/x`,
      `postgres://u:1/${make("url-slash")}@h/x`,
      `postgres://u:1?${make("url-question")}@h/x`,
      `postgres://u:1#${make("url-hash")}@h/x`,
    ].map((database) => ({
      code: "DATABASE_URL" as const,
      how: database.slice(0, 15),
      reported: toDatabase,
      database,
    })),
    {
      code: "DATABASE_URL",
      how: "in the variable",
      reported: toDatabase,
      database: "",
      env: { VTB_SETUP_DATABASE: `postgresql://u:%${make("url-variable")}@h/x` },
    },
    {
      code: "DEPRECATED_FIELD",
      how: "an own provider",
      yaml: client(`${full}, endpoint_config: {${endpoints("https://op.example")}}`, "", "enabled: true"),
    },
    {
      code: "DISCOVERY_INVALID",
      how: "another issuer",
      reported: toDatabase,
      yaml: client(full, provider(`endpoint_config: {oidc_op_discovery_endpoint: "${origins.other}/"}`)),
    },
    {
      code: "DISCOVERY_UNREACHABLE",
      how: "a closed port",
      reported: toDatabase,
      yaml: client(full, provider(`endpoint_config: {oidc_op_discovery_endpoint: "${origins.closed}/"}`)),
    },
    {
      code: "DISCOVERY_INVALID",
      how: "a metadata address",
      reported: toDatabase,
      yaml: client(full, provider('endpoint_config: {oidc_op_discovery_endpoint: "http://169.254.169.254/"}')),
    },
    { code: "DUPLICATE_KEY", how: "two tokens", yaml: token(`token: ${make("first")}, token: ${make("second")}`) },
    {
      code: "DUPLICATE_RESOURCE",
      how: "as in base.yaml",
      yaml: `tokenauth: {items: [{identifier: in-bestand, token: ${make("twice")}, contact_person: A, email: a@b.nl}]}\n`,
    },
    {
      code: "DUPLICATE_RESOURCE",
      how: "a secret for an identifier",
      yaml: `default_user_configuration_config: {users: [{username: ${asName}}, {username: ${asName}}]}
`,
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
    {
      code: "ENV_NOT_SET",
      how: "a secret for its name",
      yaml: token(`token: {value_from: {env: ${make("env-name")}}}`),
    },
    {
      code: "ESCALATION",
      how: "a member of staff",
      reported: toDatabase,
      applied: true,
      yaml: user(`password: ${make("escalation")}, is_staff: true`),
      args: ["--deny", "ESCALATION"],
    },
    { code: "EXPIRED", how: "last year", yaml: token(`token: ${make("expired")}, expires_at: "2020-01-01T00:00:00Z"`) },
    {
      code: "EXPIRES_SOON",
      how: "in five days",
      yaml: `vtb_setup: {policy: {warn_before: 90d}}\n${token(`token: ${make("expires-soon")}, expires_at: "${inFiveDays}"`)}`,
    },
    { code: "FILE_DENIED", how: "a folder for a secret's file", yaml: token("token: {value_from: {file: '.'}}") },
    { code: "FILE_UNREADABLE", how: "no such file", args: ["nergens.yaml"] },
    { code: "GUARD_ALLOWED", how: "in a file", yaml: "vtb_setup: {allow: [PRUNE_REFUSED]}\n" },
    { code: "FORMAT_UNKNOWN", how: "a later format", yaml: `vtb_setup: {format: 2, later: ${make("later")}}\n` },
    { code: "ID_TOKENS_ACCEPTED", how: "for Dex", yaml: client(`${full}, accept_at_hash: true`) },
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
      how: "a kind that throws a secret",
      files: {
        "step.mjs": `export const steps = [];\nexport const kinds = [{name: "eigen", attributes: {}, dependsOn: [], resource() {}, resourcesOf: () => [],
          read: async () => [], write() {}, remove() {}, review: () => { throw new Error("bad ${make("thrown")}"); }}];\n`,
      },
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
  ];
}
