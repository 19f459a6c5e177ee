import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { databaseUrlIn } from "../../src/database/open.js";
import { createLogin } from "../../src/login/create-login.js";
import { createVerifier } from "../../src/verifier/create-verifier.js";
import { runCliProcess } from "../support/cli.js";
import { freshSchemas } from "../support/fresh-schemas.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { kept, run } from "./kept.js";

const packages = [
  "django-setup-configuration==0.13.0",
  "mozilla-django-oidc-db==2.0.1",
  "Django==5.2.*",
  "djangorestframework",
  "argon2-cffi",
  "psycopg[binary]",
];
// These packages need Python 3.12; where pyenv is, it may have another one by default.
const python = { PYENV_VERSION: process.env.PYENV_VERSION ?? "3.12.1", PYTHONDONTWRITEBYTECODE: "1" };

const schemas = await freshSchemas(inject("postgresUrl"));
afterAll(() => schemas.drop());

const hex = () => randomBytes(20).toString("hex");
const users = Array.from({ length: 50 }, (_, index) => ({
  username: `medewerker-${index}`,
  email: `medewerker-${index}@gemeente.example`,
  password: `wachtwoord-${hex()}`,
  hasher: index % 2 === 0 ? "argon2" : "pbkdf2_sha256",
}));
const tokens = users.map(({ username: user }) => ({ user, key: hex() }));
const tokenAuths = Array.from({ length: 150 }, (_, index) => ({
  identifier: `afnemer-${index}`,
  token: hex(),
  contact_person: "Functioneel beheer",
  email: "beheer@gemeente.example",
}));
const endpoint = (name: string) => `https://keycloak.gemeente.example/realms/vtb/${name}`;
const client = (identifier: string) => ({
  identifier,
  provider: "keycloak",
  enabled: true,
  oidc_rp_client_id: identifier,
  oidc_rp_client_secret: hex(),
  options: {
    user_settings: { claim_mappings: { username: ["sub"] } },
    groups_settings: { claim_mapping: ["roles"], sync: true, sync_pattern: "*" },
  },
});
const clients = [client("admin-oidc"), client("api-oidc")];

describe("a Django API with 200 tokens, 50 users and two clients", () => {
  it("moves in: every token and password works, and the plan of the printed file is empty", async () => {
    await schemas.refill();
    const source = schemas.take();
    const site = await kept(
      `incumbent-${createHash("sha256").update(packages.join()).digest("hex").slice(0, 12)}`,
      async (folder) => {
        const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder, ...packages];
        await run("python3", pip, { env: python });
      },
    );
    const { hostname, port, username, password, pathname, searchParams } = new URL(source);
    const given = {
      database: {
        ENGINE: "django.db.backends.postgresql",
        NAME: pathname.slice(1),
        HOST: hostname,
        PORT: port,
        USER: username,
        PASSWORD: password,
        OPTIONS: { options: searchParams.get("options") },
      },
      oidc: true,
      groups: [],
      object_types: [],
      users,
      tokens,
      token_auths: tokenAuths,
      providers: [
        {
          identifier: "keycloak",
          oidc_op_authorization_endpoint: endpoint("auth"),
          oidc_op_token_endpoint: endpoint("token"),
          oidc_op_user_endpoint: endpoint("userinfo"),
          oidc_op_jwks_endpoint: endpoint("certs"),
        },
      ],
      clients,
    };
    await run("python3", ["test/peers/incumbent/build.py"], {
      env: { ...python, PYTHONPATH: site, INCUMBENT: JSON.stringify(given) },
    });

    const folder = temporaryFolder();
    const moved = await runCliProcess(["import", "django", "--from", source, "--apply"], {
      cwd: folder,
      timeoutMs: 120_000,
    });
    expect(moved).toMatchObject({ status: 0 });
    expect(moved.stderr).not.toContain("NOT_IMPORTED");
    writeFileSync(join(folder, "config.yaml"), moved.stdout);
    const env = Object.fromEntries(
      clients.map(({ identifier, oidc_rp_client_secret: secret }) => [
        `OIDC_CLIENT_${identifier.toUpperCase().replace("-", "_")}_CLIENT_SECRET`,
        secret,
      ]),
    );
    const planned = await runCliProcess(["plan", "--detailed-exitcode", "config.yaml"], { cwd: folder, env });
    expect([planned.status, planned.stdout.startsWith("No changes.")]).toEqual([0, true]);

    const database = databaseUrlIn(folder);
    const verifier = await createVerifier({ database });
    onTestFinished(() => verifier.close());
    const values = [...tokens.map(({ key }) => key), ...tokenAuths.map(({ token }) => token)];
    const answers = await Promise.all(values.map((value) => verifier.authenticate(`Token ${value}`)));
    expect([values.length, answers.filter(({ kind }) => kind === "authenticated").length]).toEqual([200, 200]);

    const login = await createLogin({
      database,
      redirectUri: "https://beheer.example.nl/oidc/callback",
      sessionSecret: "the-secret-of-these-tests-8d1f0c6b2a94e735",
      requireStaff: false,
    });
    onTestFinished(() => login.close());
    for (const { username: name, password: text } of users) {
      expect((await login.signInWithPassword({ username: name, password: `${text}x` }, undefined)).kind).toBe(
        "refused",
      );
      expect((await login.signInWithPassword({ username: name, password: text }, undefined)).kind).toBe("signed_in");
    }
  });
});
