import { expect, onTestFinished } from "vitest";
import { apply } from "../../../src/apply/apply.js";
import type { Database } from "../../../src/database/database.js";
import { openDatabase } from "../../../src/database/open.js";
import type { Attributes, Resource } from "../../../src/plan/resource.js";
import { loadKeys } from "../../../src/secrets/key.js";
import { Secret } from "../../../src/secrets/secret.js";
import { createVault } from "../../../src/secrets/vault.js";
import {
  type BearerOptions,
  closeBearer,
  createBearer,
  refreshKeys,
  reload,
  verifyBearer,
} from "../../../src/verifier/bearer/authenticate.js";
import type { BearerOutcome } from "../../../src/verifier/bearer-outcome.js";
import type { BearerEvent } from "../../../src/verifier/event.js";
import type { RequestContext } from "../../../src/verifier/verifier.js";
import { sealingEnv } from "../../support/databases.js";
import { migratedDatabase } from "../../support/migrated-database.js";
import { configurationOf, resource, runOptions } from "../../support/run.js";
import { type Issuer, signParts, type TestKey } from "./issuer.js";

export const clientSecret = "a-secret-of-the-client-0123456789abcdef";

/** Options as the oidc step completes them. */
export const usualOptions = {
  user_settings: {
    claim_mappings: { username: ["sub"], email: ["email"], first_name: ["given_name"], last_name: ["family_name"] },
    username_case_sensitive: true,
  },
  groups_settings: {
    claim_mapping: ["groups"],
    sync: true,
    sync_pattern: "*",
    default_groups: [],
    make_users_staff: false,
    superuser_group_names: [],
  },
};

export function providerOf(issuer: Pick<Issuer, "issuer">, key = "idp", more: Attributes = {}): Resource {
  const { issuer: url } = issuer;
  return resource("oidc_provider", key, {
    issuer: url,
    discovery_endpoint: null,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    userinfo_endpoint: `${url}/userinfo`,
    introspection_endpoint: null,
    jwks_endpoint: `${url}/jwks`,
    logout_endpoint: null,
    token_use_basic_auth: false,
    use_nonce: true,
    nonce_size: 32,
    state_size: 32,
    use_pkce: true,
    ca_file: null,
    ...more,
  });
}

export function clientOf(more: Attributes = {}, key = "api-oidc"): Resource {
  return resource("oidc_client", key, {
    provider: "idp",
    enabled: true,
    client_id: "api",
    client_secret: new Secret(clientSecret),
    sign_algo: "RS256",
    sign_key: null,
    scopes: ["openid"],
    idp_hint: "",
    userinfo_claims_source: "id_token",
    check_op_availability: false,
    use_pkce: null,
    audience: [],
    options: usualOptions,
    ...more,
  });
}

/** What checks bearer credentials, as its database is said to change. */
interface BearerAuthority {
  readonly authenticate: (credential: string, context?: RequestContext) => BearerOutcome | Promise<BearerOutcome>;
  readonly reload: () => void;
  readonly refreshKeys: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface World {
  readonly authority: BearerAuthority;
  /** For looking into the database. */
  readonly database: Database;
  readonly url: string;
  readonly events: readonly BearerEvent[];
  readonly authenticate: (credential: string) => Promise<BearerOutcome>;
  /** Another process with the same database. */
  readonly another: () => Promise<BearerAuthority>;
  /** Applies more resources, and reloads the authority. */
  readonly apply: (...resources: readonly Resource[]) => Promise<void>;
  /** In milliseconds; a test may move it. */
  clock: number;
}

export const start = Date.parse("2026-03-01T12:00:00.000Z");

/** A database that says this, and an authority over it. Both go away with the test. */
export async function makeWorld(resources: readonly Resource[], more: Partial<BearerOptions> = {}): Promise<World> {
  const url = await migratedDatabase();
  await apply(configurationOf(...resources), runOptions(url));
  const database = await openDatabase(url, "write");
  const events: BearerEvent[] = [];
  const world = { clock: start };
  const loaded = loadKeys({ env: sealingEnv(), keyFile: database.keyFile, mode: "write" });
  if (!loaded) throw new Error("the key file is made where there is none");
  const vault = createVault(loaded.keys);
  onTestFinished(() => database.close());
  const another = async () => {
    const authority = await openAuthority({
      database,
      vault,
      clients: ["api-oidc"],
      openWriter: () => openDatabase(url, "write"),
      now: () => world.clock,
      onEvent: (event) => events.push(event),
      sign: () => undefined,
      ...more,
    });
    onTestFinished(() => authority.close());
    return authority;
  };
  const authority = await another();
  return Object.assign(world, {
    authority,
    another,
    database,
    url,
    events,
    authenticate: async (credential: string) => authority.authenticate(credential),
    apply: async (...changed: readonly Resource[]) => {
      await apply(configurationOf(...changed), runOptions(url));
      authority.reload();
    },
  });
}

async function openAuthority(options: BearerOptions): Promise<BearerAuthority> {
  let state = { revision: 0 };
  const bearer = await createBearer(options, state);
  return {
    authenticate: (credential, context) => verifyBearer(state, bearer, credential, context),
    reload: () => {
      state = { revision: state.revision + 1 };
      reload(bearer, state);
    },
    refreshKeys: () => refreshKeys(bearer),
    close: () => closeBearer(bearer),
  };
}

/** An outcome for this reason, whatever else it logs. */
export function refusedFor(reason: string) {
  return expect.objectContaining({ kind: "rejected", reason });
}

/** The claims of a good access token at the start of a test. */
export function goodClaims(issuer: Pick<Issuer, "issuer">, more: object = {}): Record<string, unknown> {
  const now = start / 1000;
  return {
    iss: issuer.issuer,
    sub: "u-1",
    aud: "api",
    iat: now - 10,
    exp: now + 3600,
    scope: "openid",
    email: "jan@example.nl",
    ...more,
  };
}

export function goodToken(
  issuer: Pick<Issuer, "issuer">,
  key: TestKey,
  claims: object = {},
  header: object = {},
): string {
  return signParts(key, { alg: key.alg, typ: "at+jwt", kid: key.kid, ...header }, goodClaims(issuer, claims));
}
