import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { apply } from "../../src/apply/apply.js";
import { loadConfig } from "../../src/apply/load.js";
import { type Algorithm, algorithms, makeIssuer, type SigningKey } from "./issuer.js";

/** What an API and its callers have to know, as text that may be passed on to another process. */
export interface World {
  /** The database file. */
  readonly file: string;
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
  readonly permission: string;
}

export interface OwnedWorld {
  readonly world: World;
  readonly keys: Readonly<Record<Algorithm, SigningKey>>;
  readonly folder: string;
  /** How often the provider was asked about an opaque token. */
  readonly introspections: () => number;
  readonly close: () => void;
}

const audience = "bench-api";
const permission = "taken.view_externetaak";

/** The API token of the application with that number: 40 hexadecimal digits, as Django REST framework generates them. */
export function apiTokenAt(index: number): string {
  return createHash("sha256").update(`token ${index}`).digest("hex").slice(0, 40);
}

/**
 * An auth database with so many API tokens, each with its own service user, and with one OIDC client for each algorithm; and
 * the provider on loopback: its keys, and introspection, for which every opaque token that begins with `good` is active.
 */
export async function makeWorld(tokens: number, introspectionMs = 0): Promise<OwnedWorld> {
  const folder = mkdtempSync(join(tmpdir(), "vtb-bench-"));
  const { keys, jwks } = makeIssuer();
  let introspections = 0;
  const server = createServer(async (request, response) => {
    response.setHeader("Content-Type", "application/json");
    if (request.method !== "POST") return response.end(JSON.stringify(jwks));
    introspections += 1;
    const token = new URLSearchParams(await text(request)).get("token") ?? "";
    await setTimeout(introspectionMs);
    response.end(JSON.stringify({ active: token.startsWith("good"), client_id: audience, sub: "jan" }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  // It listens on a port, not on a pipe.
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const world = {
    file: join(folder, "auth.db"),
    issuer: `${origin}/realms/bench`,
    jwksUri: `${origin}/realms/bench/certs`,
    audience,
    permission,
  };
  await provision(world, folder, tokens);
  const close = (): void => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  };
  return { world, keys, folder, introspections: () => introspections, close };
}

async function provision(world: World, folder: string, tokens: number): Promise<void> {
  const yaml = join(folder, "config.yaml");
  writeFileSync(yaml, configurationText(world, tokens));
  const input = { env: {}, cwd: folder, strict: false, now: new Date(), kinds: [], steps: [] };
  const configuration = await loadConfig([yaml], { ...input, stdin: async () => Buffer.alloc(0) });
  await apply(configuration, {
    database: `sqlite:${world.file}`,
    owner: "default",
    prune: false,
    strict: false,
    waitMs: 0,
    offline: true,
    now: () => new Date(),
    newId: randomUUID,
    onWaiting: () => {},
    onStep: () => {},
    env: {},
    actor: "bench",
    version: "0.0.0",
    lockTimeoutMs: 1000,
    beforeCommit: async () => {},
  });
}

function configurationText({ issuer, jwksUri }: World, tokens: number): string {
  const applications = Array.from({ length: tokens }, (_, index) => ({
    identifier: `application-${index}`,
    token: apiTokenAt(index),
    contact_person: "Functioneel beheer",
    email: "beheer@gemeente.example",
    permissions: [permission, "taken.add_externetaak"],
  }));
  const clients = algorithms.map((algorithm) => ({
    identifier: clientOf(algorithm),
    oidc_provider_identifier: "bench",
    oidc_rp_client_id: audience,
    oidc_rp_client_secret: randomUUID(),
    oidc_rp_sign_algo: algorithm,
    userinfo_claims_source: "id_token",
    options: {
      user_settings: {
        claim_mappings: { username: ["sub"], email: ["email"], first_name: ["given_name"], last_name: ["family_name"] },
        username_case_sensitive: true,
      },
      groups_settings: { claim_mapping: ["groups"], sync: true },
    },
  }));
  const endpoint_config = {
    oidc_op_authorization_endpoint: `${issuer}/auth`,
    oidc_op_token_endpoint: `${issuer}/token`,
    oidc_op_user_endpoint: `${issuer}/userinfo`,
    oidc_op_introspection_endpoint: `${issuer}/introspect`,
    oidc_op_jwks_endpoint: jwksUri,
  };
  // JSON is YAML.
  return JSON.stringify({
    groups_config_enable: true,
    groups_config: { items: [{ name: "behandelaars", permissions: [permission] }] },
    tokenauth_config_enable: true,
    tokenauth: { items: applications },
    oidc_db_config_enable: true,
    oidc_db_config_admin_auth: {
      providers: [{ identifier: "bench", oidc_op_issuer: issuer, endpoint_config }],
      items: clients,
    },
  });
}

/** The OIDC client whose tokens have that algorithm. */
export function clientOf(algorithm: Algorithm): string {
  return `api-${algorithm.toLowerCase()}`;
}
