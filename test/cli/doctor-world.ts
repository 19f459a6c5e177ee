import { generateKeyPair } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { exportJWK } from "jose";
import { Provider } from "oidc-provider";
import { expect } from "vitest";
import { makeCertificates, type TestCertificates } from "../support/certificates.js";
import { runCli, writeFiles } from "../support/cli.js";
import { sealingEnv } from "../support/databases.js";
import { filledDatabase } from "../support/migrated-database.js";
import { temporaryFolder } from "../support/run.js";

const dayMs = 86_400_000;
const keyPair = promisify(generateKeyPair);

export const secrets = {
  admin: "canary-of-the-login-client-5b1c9e02",
  api: "canary-of-the-api-client-77d0a4f3",
  token: "canary-of-a-token-0f3b8c1d5e6a7f90",
} as const;

export const redirectUri = "https://beheer.example/oidc/callback";

/** Answers a request in place of the provider, or changes what it will answer; true for a request that is answered. */
type Fault = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

/** A real OpenID provider over https, with which something can be wrong for one test. */
export interface FaultyProvider {
  readonly issuer: string;
  /** The file of its certificate's authority. */
  readonly caFile: string;
  /** The paths of all requests. */
  readonly requests: () => readonly string[];
  readonly plant: (fault: Fault) => void;
  readonly show: (certificate: "good" | "ended" | "ending" | "other_name") => void;
  /** As it was at first. */
  readonly mend: () => void;
  readonly close: () => Promise<void>;
}

export async function startFaultyProvider(): Promise<FaultyProvider> {
  const until = (days: number) => new Date(Date.now() + days * dayMs);
  const good = await makeCertificates({ validUntil: until(90) });
  const certificates = {
    good: good.server,
    ended: (await good.another({ validUntil: until(-1) })).server,
    ending: (await good.another({ validUntil: until(20) })).server,
    other_name: (await good.another({ host: "other.example", validUntil: until(90) })).server,
  } satisfies Record<string, TestCertificates["server"]>;
  let fault: Fault = () => false;
  let answer: ReturnType<Provider["callback"]> | undefined;
  const requests: string[] = [];
  const server: Server = createServer(certificates.good, (request, response) => {
    const path = new URL(request.url ?? "", "https://x").pathname;
    requests.push(path);
    if (fault(path, request, response)) return;
    answer?.(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  const caFile = join(mkdtempSync(join(tmpdir(), "vtb-setup-")), "ca.pem");
  writeFileSync(caFile, good.authority);
  const issuer = `https://127.0.0.1:${port}`;
  const keys = await Promise.all([
    keyPair("rsa", { modulusLength: 2048 }).then(({ privateKey }) => exportJWK(privateKey)),
    keyPair("ec", { namedCurve: "P-256" }).then(({ privateKey }) => exportJWK(privateKey)),
  ]);
  answer = new Provider(issuer, {
    cookies: { keys: ["only-for-tests"] },
    scopes: ["openid", "email", "profile"],
    jwks: { keys: keys.map((key) => ({ ...key, use: "sig" })) },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
    },
    clients: [
      {
        client_id: "beheer",
        client_secret: secrets.admin,
        redirect_uris: [redirectUri],
        grant_types: ["authorization_code"],
        token_endpoint_auth_method: "client_secret_post",
      },
      {
        client_id: "api",
        client_secret: secrets.api,
        redirect_uris: [],
        response_types: [],
        grant_types: ["client_credentials"],
        token_endpoint_auth_method: "client_secret_post",
      },
    ],
  }).callback();
  const show: FaultyProvider["show"] = (name) => {
    server.closeAllConnections();
    server.setSecureContext(certificates[name]);
  };
  return {
    issuer,
    caFile,
    requests: () => requests,
    plant: (planted) => {
      fault = planted;
    },
    show,
    mend: () => {
      fault = () => false;
      requests.length = 0;
      show("good");
    },
    close: () =>
      new Promise((closed) => {
        rmSync(dirname(caFile), { recursive: true });
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** Changes a JSON document of the provider. */
export function rewriting(at: string, change: (document: Record<string, unknown>) => object): Fault {
  return (path, _request, response) => {
    if (path !== at) return false;
    const { end } = response;
    response.end = ((body: Buffer | string) => {
      const text = JSON.stringify(change(JSON.parse(String(body))));
      response.setHeader("content-length", Buffer.byteLength(text));
      return end.call(response, text, "utf8");
    }) as typeof response.end;
    return false;
  };
}

export const discoveryPath = "/.well-known/openid-configuration";

/** The parts of a file in which nothing is wrong. */
export interface ConfigParts {
  readonly provider?: string;
  readonly admin?: string;
  readonly api?: string;
  readonly token?: string;
  readonly adminSecret?: string;
  readonly apiSecret?: string;
  readonly endpoints?: string;
}

function configOf({ issuer, caFile }: FaultyProvider, parts: ConfigParts = {}): string {
  const groups = `{claim_mapping: [groups], sync: true, sync_pattern: "*", default_groups: [], make_users_staff: false, superuser_group_names: []}`;
  const options = `options: {user_settings: {claim_mappings: {username: [sub]}}, groups_settings: ${groups}}`;
  const client = (identifier: string, id: string, secret: string, more: string) => `
    - identifier: ${identifier}
      oidc_provider_identifier: test
      oidc_rp_client_id: ${id}
      oidc_rp_client_secret: ${secret}
      oidc_rp_scopes_list: [openid, email, profile]
      ${options}${more && `\n      ${more}`}`;
  return `
oidc_db_config_enable: true
oidc_db_config_admin_auth:
  providers:
    - identifier: test
      oidc_op_ca_file: ${caFile}${parts.provider ? `\n      ${parts.provider}` : ""}
      endpoint_config: ${parts.endpoints ?? `{oidc_op_discovery_endpoint: "${issuer}/"}`}
  items:${client("admin-oidc", "beheer", parts.adminSecret ?? secrets.admin, parts.admin ?? "")}${client("api-oidc", "api", parts.apiSecret ?? secrets.api, parts.api ?? "")}
tokenauth_config_enable: true
tokenauth:
  items:
    - {identifier: open-formulieren, token: ${parts.token ?? secrets.token}, contact_person: Beheer, email: beheer@example.nl}
default_user_configuration_enable: true
default_user_configuration_config:
  users:
    - {username: beheerder, is_superuser: true, sign_in: {provider: test, subject: jan}}
`;
}

/** One place where nothing is wrong: the files of a provider, and a database that they were applied to. */
export function createHealthyPlaces(provider: () => FaultyProvider) {
  const copy = filledDatabase(async (database) => {
    const folder = temporaryFolder();
    writeFiles(folder, { "config.yaml": configOf(provider()) });
    const { status, stderr } = await runCli(["apply", "config.yaml", "--database", database], {
      cwd: folder,
      env: sealingEnv(),
    });
    expect([status, stderr]).toEqual([0, expect.not.stringContaining("warning")]);
  });
  return async () => {
    const database = await copy();
    const folder = temporaryFolder();
    const write = (parts: ConfigParts = {}, more = "") =>
      writeFiles(folder, { "config.yaml": `${configOf(provider(), parts)}${more}` });
    write();
    return { folder, database, write };
  };
}

/** One line of the JSON output. */
export interface Item {
  readonly kind: string;
  readonly key?: string;
  readonly check: string;
  readonly status: "ok" | "warning" | "failure" | "unreachable";
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
}

export function itemsOf({ stdout }: { readonly stdout: string }): readonly Item[] {
  const { items }: { readonly items: readonly Item[] } = JSON.parse(stdout);
  return items;
}

/**
 * All that is not ok, in one line.
 *
 * @param where stands for the addresses of the database and of its key
 */
export function troublesIn(result: { readonly stdout: string }, where?: string): string {
  const troubles = itemsOf(result).filter(({ status }) => status !== "ok");
  const keyOf = ({ kind, key }: Item) => (kind === "database" || kind === "sealing_key" ? (where ?? key) : key);
  return troubles
    .map((item) => [item.status, item.kind, keyOf(item), item.check, item.code].filter(Boolean).join(" "))
    .join(", ");
}
