import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { describe, expect, inject, it } from "vitest";
import { runCli, writeFiles } from "../support/cli.js";
import { tokenFile, tokenItem, userFile } from "../support/config-text.js";
import { contentsOf, isMade, sealingEnv, unreachableDatabase } from "../support/databases.js";
import { filledDatabase } from "../support/migrated-database.js";
import { openForTest, temporaryDatabase, temporaryFolder } from "../support/run.js";
import { itemsOf, troublesIn } from "./doctor-world.js";

const value = "canary-0f3b8c1d5e6a7f90a1b2c3d4e5f60718";
const clientSecret = "canary-client-8d1f0e2b7a6c";
const dayMs = 86_400_000;
const isoIn = (days: number) => new Date(Date.now() + days * dayMs).toISOString();

const client = `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: keycloak
      oidc_op_issuer: https://keycloak.example
      endpoint_config:
        oidc_op_authorization_endpoint: https://keycloak.example/auth
        oidc_op_token_endpoint: https://keycloak.example/token
        oidc_op_user_endpoint: https://keycloak.example/userinfo
        oidc_op_jwks_endpoint: https://keycloak.example/jwks
  items:
    - identifier: api-oidc
      oidc_provider_identifier: keycloak
      oidc_rp_client_id: api
      oidc_rp_client_secret: ${clientSecret}
      options: {user_settings: {claim_mappings: {username: [sub]}}, groups_settings: {claim_mapping: [groups], sync: true, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}}
`;
/** A client that holds its provider itself, as was usual once. */
const ownProvider = client.replace(/ {2}providers:[\s\S]*(?= {2}items:)/, "").replace(
  "identifier: api-oidc\n      oidc_provider_identifier: keycloak",
  `identifier: admin-oidc
      endpoint_config: {oidc_op_discovery_endpoint: "https://keycloak.example/"}`,
);
const files = {
  "client.yaml": client,
  "tokens.yaml": tokenFile(tokenItem("open-formulieren", value)),
  "users.yaml": userFile("username: beheerder, is_superuser: true, password: een-lang-wachtwoord-0815"),
};

/** No provider is asked here. */
const copy = filledDatabase(async (database) => {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  const args = ["apply", folder, "--database", database];
  const { status, stderr } = await runCli(args, { cwd: folder, env: sealingEnv() });
  expect([status, stderr]).toEqual([0, expect.not.stringContaining("warning")]);
});

async function healthyPlace() {
  const database = await copy();
  const folder = temporaryFolder();
  writeFiles(folder, files);
  return { folder, database, file: database.replace("sqlite:", "") };
}

type Place = Awaited<ReturnType<typeof healthyPlace>>;

const doctor = (
  { folder, database }: Place,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
) => runCli(["doctor", "--offline", "--database", database, "--output", "json", ...args], { cwd: folder, env });

const edit =
  (work: (kysely: Awaited<ReturnType<typeof openForTest>>["kysely"]) => { execute(): Promise<unknown> }) =>
  async ({ database }: Place) => {
    const { kysely, close } = await openForTest(database);
    await work(kysely).execute();
    await close();
  };

const editToken = (values: Readonly<Record<string, string | null>>) =>
  edit((kysely) => kysely.updateTable("api_tokens").set(values));

interface Fault {
  readonly what: string;
  readonly plant: (place: Place) => Promise<void> | void;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The only thing that is not ok; the database's address and the key's are `WHERE`. */
  readonly found: string;
  readonly status: number;
}

const isFile = inject("dialect") === "sqlite";
const inFile =
  (yaml: string) =>
  ({ folder }: Place) =>
    writeFiles(folder, { "more.yaml": yaml });

const faults: readonly Fault[] = [
  {
    what: "a key that is lost",
    plant: ({ file }) => (isFile ? rmSync(`${file}.key`) : undefined),
    env: isFile ? {} : { VTB_SETUP_KEY: "" },
    found: `failure sealing_key WHERE key ${isFile ? "KEY_MISMATCH" : "KEY_INVALID"}`,
    status: 4,
  },
  {
    what: "another key",
    plant: () => {},
    env: { VTB_SETUP_KEY: randomBytes(32).toString("hex") },
    found: "failure sealing_key WHERE key KEY_MISMATCH",
    status: 4,
  },
  {
    what: "a key that is none",
    plant: () => {},
    env: { VTB_SETUP_KEY: "0123" },
    found: "failure sealing_key WHERE key KEY_INVALID",
    status: 4,
  },
  {
    what: "tables of an earlier version",
    plant: edit((kysely) => kysely.deleteFrom("setup_migrations").where("name", "=", "0024_bootstrap_codes")),
    found: "failure database WHERE tables DATABASE_OLDER",
    status: 4,
  },
  {
    what: "tables of a newer version",
    plant: edit((kysely) => kysely.insertInto("setup_migrations").values({ name: "9999_later", applied_at: isoIn(0) })),
    found: "failure database WHERE tables DATABASE_NEWER",
    status: 4,
  },
  {
    what: "a token that has expired",
    plant: editToken({ expires_at: isoIn(-1) }),
    found: "warning api_tokens expired EXPIRED",
    status: 0,
  },
  {
    what: "a token that expires in 20 days",
    plant: editToken({ expires_at: isoIn(20) }),
    found: "warning api_tokens expiring EXPIRES_SOON",
    status: 0,
  },
  {
    what: "a token that nobody has used for 100 days",
    plant: editToken({ created_at: isoIn(-200), last_used_at: isoIn(-100) }),
    found: "warning api_tokens unused TOKEN_UNUSED",
    status: 0,
  },
  {
    what: "no superuser who is active",
    plant: edit((kysely) => kysely.updateTable("users").set({ is_active: 0 }).where("username", "=", "beheerder")),
    found: "warning administrators sign_in NO_ADMINISTRATOR",
    status: 0,
  },
  {
    what: "a superuser without a way in",
    plant: edit((kysely) => kysely.updateTable("users").set({ password_hash: null })),
    found: "warning administrators sign_in NO_ADMINISTRATOR",
    status: 0,
  },
  {
    what: "a file without the superuser",
    plant: inFile(userFile("username: beheerder, state: absent")),
    args: ["more.yaml", "--allow", "LAST_ADMINISTRATOR"],
    found: "warning files more.yaml plan LAST_ADMINISTRATOR",
    status: 0,
  },
  {
    what: "a deprecated field in a file",
    plant: inFile(ownProvider),
    args: ["more.yaml"],
    found: "warning files more.yaml content DEPRECATED_FIELD",
    status: 0,
  },
  {
    what: "a short token in a file",
    plant: inFile(tokenFile(tokenItem("kort", "abcdefgh12345678"))),
    args: ["more.yaml"],
    found: "warning files more.yaml content WEAK_TOKEN",
    status: 0,
  },
  {
    what: "a token in a file that has expired",
    plant: inFile(tokenFile(tokenItem("open-formulieren", value, `, expires_at: "${isoIn(-1)}"`))),
    args: ["more.yaml"],
    found: "warning files more.yaml content EXPIRED",
    status: 0,
  },
  {
    what: "a token in a file that was revoked",
    plant: async ({ folder, database }) => {
      await runCli(["token", "revoke", "open-formulieren", "--database", database], { cwd: folder });
    },
    args: ["tokens.yaml"],
    found: "warning files tokens.yaml plan TOKEN_REVOKED",
    status: 0,
  },
  {
    what: "a variable that a file needs and that is not set",
    plant: inFile(tokenFile(tokenItem("ander", "{value_from: {env: UNSET}}"))),
    args: ["more.yaml"],
    found: "failure files more.yaml content ENV_NOT_SET",
    status: 4,
  },
  {
    what: "a file that apply would refuse",
    plant: inFile(`vtb_setup: {owner: other}\n${tokenFile(tokenItem("open-formulieren", value))}`),
    args: ["more.yaml"],
    found: "failure files more.yaml plan OWNED_BY_OTHER",
    status: 4,
  },
];

describe("doctor", () => {
  it("finds nothing where nothing is wrong, and writes nothing", async () => {
    const place = await healthyPlace();
    const before = await contentsOf(place.database);
    for (const args of [[], ["."]]) {
      const result = await doctor(place, args);
      expect([troublesIn(result), result.status, result.stderr]).toEqual(["", 0, ""]);
    }
    expect(await contentsOf(place.database)).toBe(before);
  });

  it.each(faults)("finds $what, and nothing else", async ({ plant, args, env, found, status }) => {
    const place = await healthyPlace();
    await plant(place);
    const before = await contentsOf(place.database);
    const result = await doctor(place, args, env);
    expect([troublesIn(result, "WHERE"), result.status]).toEqual([found, status]);
    for (const item of itemsOf(result)) if (item.status !== "ok") expect(item.hint).toMatch(/./);
    expect(result.stdout + result.stderr).not.toMatch(/canary|abcdefgh12345678/);
    expect(await contentsOf(place.database)).toBe(before);
  });

  it("finds a database that can't be reached, with another status than what no other try mends", async () => {
    const database = await unreachableDatabase();
    const result = await doctor({ ...(await healthyPlace()), database });
    expect(result.status).toBe(5);
    expect(troublesIn(result, "WHERE")).toBe(
      `unreachable database WHERE connection ${isFile ? "DATABASE_LOCKED" : "DATABASE_UNREACHABLE"}`,
    );
    expect(JSON.parse(result.stdout)).toMatchObject({
      command: "doctor",
      outcome: "failed",
      summary: { ok: 0, warning: 0, failure: 0, unreachable: 1 },
    });
  });

  it("finds a database that is not there yet, and makes none, and no key", async () => {
    const place = { ...(await healthyPlace()), database: temporaryDatabase() };
    const result = await doctor(place, ["."]);
    expect([troublesIn(result, "WHERE"), result.status]).toEqual([
      `failure database WHERE ${isFile ? "connection" : "tables"} DATABASE_OLDER`,
      4,
    ]);
    expect(await isMade(place.database)).toBe(false);
  });

  it("asks for no administrator where only programs come in", async () => {
    const { folder, database } = { folder: temporaryFolder(), database: temporaryDatabase() };
    writeFiles(folder, { "tokens.yaml": tokenFile(tokenItem("open-formulieren", value)) });
    const cli = (...args: readonly string[]) => runCli([...args, "--database", database], { cwd: folder });
    expect((await cli("apply", "tokens.yaml")).status).toBe(0);
    const result = await cli("doctor", "--output", "json");
    expect([troublesIn(result), result.status]).toEqual(["", 0]);
  });

  it("refuses a redirect URI that is none, without quoting it", async () => {
    const result = await doctor(await healthyPlace(), ["--redirect-uri", "canary-not-a-url"]);
    expect(result.status).toBe(64);
    expect(result.stdout).not.toContain("canary");
  });
});
