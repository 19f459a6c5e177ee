import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { apply } from "../../src/apply/apply.js";
import { loadConfig } from "../../src/apply/load.js";
import { migrate } from "../../src/apply/migrate.js";
import { judgeVersion } from "../../src/database/postgres/inspect.js";
import { loadSqliteDriver } from "../../src/database/sqlite/driver.js";
import { judgeSpace } from "../../src/database/sqlite/inspect.js";
import { examine } from "../../src/doctor/examine.js";
import { type DiagnosticCode, SetupError } from "../../src/errors.js";
import type { Canaries } from "../support/canaries.js";
import { makeCertificates } from "../support/certificates.js";
import { writeFiles } from "../support/cli.js";
import { serve } from "../support/http-server.js";
import { openForTest, runOptions } from "../support/run.js";

type Provoke = (folder: string) => Promise<unknown>;

interface Provider {
  /** Answers in place of what would be well; it may quote all that it was sent. */
  readonly answer?: (path: string, quoted: string, response: ServerResponse) => boolean;
  /** The days that its certificate is good for; http without. */
  readonly certificateDays?: number;
  readonly client?: string;
  readonly timeoutMs?: number;
  readonly redirectUri?: string;
}

/** Ways to provoke the codes that only `doctor` has, with a provider that quotes every secret that it is sent. */
export function doctorCanaries({ make }: Canaries): Partial<Record<DiagnosticCode, Provoke>> {
  const secret = make("secret-at-a-provider");
  const examineWith = (code: DiagnosticCode, provider: Provider): Provoke => {
    return async (folder) => {
      const origin = await startProvider(folder, provider);
      writeFiles(folder, { "doctor.yaml": configOf(origin, secret, { ...provider, caFile: join(folder, "ca.pem") }) });
      return onlyOf(code, {
        folder,
        database: `sqlite:${join(folder, "none.db")}`,
        files: [join(folder, "doctor.yaml")],
        ...(provider.timeoutMs !== undefined && { timeoutMs: provider.timeoutMs }),
        redirectUris: new Map(provider.redirectUri === undefined ? [] : [["admin-oidc", provider.redirectUri]]),
      });
    };
  };
  const status = (at: string, code: number): Provider => ({
    answer: (path, quoted, response) => {
      if (path === at) json(response, code, { error: "invalid_client", error_description: quoted });
      return path === at;
    },
  });
  const migrated = async (folder: string) => {
    const database = `sqlite:${join(folder, "doctor.db")}`;
    await migrate({ database });
    return database;
  };
  return {
    CERTIFICATE_ENDS: examineWith("CERTIFICATE_ENDS", { certificateDays: 5 }),
    CERTIFICATE_REFUSED: examineWith("CERTIFICATE_REFUSED", { certificateDays: -5 }),
    CHECK_UNFINISHED: examineWith("CHECK_UNFINISHED", { answer: () => true, timeoutMs: 200 }),
    CLIENT_DISABLED: examineWith("CLIENT_DISABLED", { client: "enabled: false" }),
    CLIENT_REFUSED: examineWith("CLIENT_REFUSED", status("/token", 401)),
    CLOCK_DIFFERS: examineWith("CLOCK_DIFFERS", {
      answer: (_path, _quoted, response) => {
        response.setHeader("date", new Date(0).toUTCString());
        return false;
      },
    }),
    ENDPOINT_MISSING: examineWith("ENDPOINT_MISSING", status("/userinfo", 404)),
    ENDPOINT_UNREACHABLE: examineWith("ENDPOINT_UNREACHABLE", status("/jwks", 503)),
    KEYS_UNUSABLE: examineWith("KEYS_UNUSABLE", status("/jwks", 200)),
    NO_ADMINISTRATOR: examineWith("NO_ADMINISTRATOR", {}),
    REDIRECT_URI_REFUSED: examineWith("REDIRECT_URI_REFUSED", {
      ...status("/authorize", 400),
      redirectUri: "https://beheer.example/callback",
    }),
    SIGN_KEY_REPLACED: examineWith("SIGN_KEY_REPLACED", {
      client: `oidc_rp_sign_algo: ES256\n      oidc_rp_idp_sign_key: '${JSON.stringify(publicKey)}'`,
    }),
    DATABASE_JOURNAL: async (folder) => {
      const database = await migrated(folder);
      const file = new (loadSqliteDriver())(join(folder, "doctor.db"));
      file.pragma("journal_mode = DELETE");
      file.close();
      return onlyOf("DATABASE_JOURNAL", { folder, database });
    },
    TOKEN_UNUSED: async (folder) => {
      const database = await migrated(folder);
      // Somebody wrote the value where the name belongs.
      const token = {
        identifier: make("named"),
        token: make("unused"),
        contact_person: "Jan",
        email: "a@example.nl",
      };
      const configuration = await loadConfig([{ tokenauth_config_enable: true, tokenauth: { items: [token] } }]);
      await apply(configuration, runOptions(database));
      const { kysely } = await openForTest(database);
      const long = new Date(Date.now() - 100 * 86_400_000).toISOString();
      await kysely.updateTable("api_tokens").set({ created_at: long }).execute();
      return onlyOf("TOKEN_UNUSED", { folder, database });
    },
    DATABASE_SPACE: () => Promise.reject(refusalOf(judgeSpace("auth.db", 0, 0))),
    DATABASE_VERSION: () => Promise.reject(refusalOf(judgeVersion("postgres://db.example/auth", 9))),
  };
}

const publicKey = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

function refusalOf({
  code = "INTERNAL",
  message,
  hint,
}: {
  code?: DiagnosticCode | undefined;
  message: string;
  hint?: string | undefined;
}): SetupError {
  return new SetupError("refused", [{ severity: "warning", code, message, hint }]);
}

interface Examined {
  readonly folder: string;
  readonly database: string;
  readonly files?: readonly string[];
  readonly timeoutMs?: number;
  readonly redirectUris?: ReadonlyMap<string, string>;
}

/** Throws the first finding with this code, as its diagnostic. */
async function onlyOf(code: DiagnosticCode, given: Examined): Promise<never> {
  const { folder: cwd, database, files = [], timeoutMs = 20_000, redirectUris = new Map() } = given;
  const { env, now } = runOptions(database);
  const load = {
    ...{ steps: [], overlays: [], kinds: [], strict: false, allow: [], deny: [], stdin: async () => Buffer.alloc(0) },
    ...{ env, cwd, now: now(), noEnv: false },
  };
  const { findings } = await examine({ database, files, load, env, usesNetwork: true, redirectUris, timeoutMs, now });
  const found = findings.find((finding) => finding.code === code);
  if (!found) throw new Error(`nothing was found with ${code}: ${JSON.stringify(findings)}`);
  throw refusalOf(found);
}

async function startProvider(folder: string, { answer, certificateDays }: Provider): Promise<string> {
  const validUntil = new Date(Date.now() + (certificateDays ?? 0) * 86_400_000);
  const certificates = certificateDays === undefined ? undefined : await makeCertificates({ validUntil });
  writeFiles(folder, { "ca.pem": certificates?.authority ?? "" });
  let origin = "";
  const listener: RequestListener = (request, response) => void respond(request, response);
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? "", origin).pathname;
    const quoted = `${decodeURIComponent(await text(request))} ${request.headers.authorization ?? ""}`;
    if (answer?.(path, quoted, response)) return;
    if (path === "/.well-known/openid-configuration") return json(response, 200, metadataOf(origin));
    if (path === "/jwks") return json(response, 200, { keys: [] });
    json(response, 400, { error: "unsupported_grant_type", error_description: quoted });
  };
  origin = (await serve(listener, certificates?.server)).origin;
  return origin;
}

function metadataOf(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/logout`,
  };
}

function configOf(
  origin: string,
  secret: string,
  { certificateDays, client, caFile }: Provider & { readonly caFile: string },
): string {
  const trust = certificateDays === undefined ? "" : `\n      oidc_op_ca_file: ${caFile}`;
  return `oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: idp${trust}
      endpoint_config: {oidc_op_discovery_endpoint: "${origin}/"}
  items:
    - identifier: admin-oidc
      oidc_provider_identifier: idp
      oidc_rp_client_id: beheer
      oidc_rp_client_secret: ${secret}
      options: {user_settings: {claim_mappings: {username: [sub]}}, groups_settings: {claim_mapping: [groups]}}${client === undefined ? "" : `\n      ${client}`}
`;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
