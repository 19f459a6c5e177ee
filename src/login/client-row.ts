import type { Database } from "../database/database.js";

/** What the database says of a client and its provider; undefined where there is no such client. */
export function readClientRow({ kysely }: Database, identifier: string) {
  return kysely
    .selectFrom("oidc_clients as c")
    .innerJoin("oidc_providers as p", "p.id", "c.provider_id")
    .select([
      ...([
        "c.id",
        "c.identifier",
        "c.provider_id",
        "c.enabled",
        "c.client_id",
        "c.client_secret",
        "c.sign_algo",
      ] as const),
      ...(["c.sign_key", "c.scopes", "c.idp_hint", "c.userinfo_claims_source", "c.audience", "c.options"] as const),
      ...(["c.check_op_availability", "c.accept_at_hash", "c.use_pkce as client_use_pkce"] as const),
      ...(["p.issuer", "p.discovery_endpoint", "p.authorization_endpoint", "p.token_endpoint"] as const),
      ...(["p.userinfo_endpoint", "p.jwks_endpoint", "p.logout_endpoint", "p.ca_file", "p.use_pkce"] as const),
      ...(["p.token_use_basic_auth", "p.use_nonce", "p.nonce_size", "p.state_size"] as const),
    ])
    .where("c.identifier", "=", identifier)
    .executeTakeFirst();
}

export type LoginClientRow = NonNullable<Awaited<ReturnType<typeof readClientRow>>>;
