import type { NetworkContext, PlannedWorld, Refusal, Resolution } from "../../plan/kind.js";
import type { Resource } from "../../plan/resource.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { flag, integer, json, oidcProviders, reference, sealed, text } from "../columns.js";
import { apiClient, checkFormerIssuers, loginClient } from "../known-clients.js";
import { defineKind } from "../table-kind.js";
import { findLacks } from "./discover.js";

const discovered = [
  "issuer",
  "authorization_endpoint",
  "token_endpoint",
  "userinfo_endpoint",
  "jwks_endpoint",
  "logout_endpoint",
] as const;

/** An OpenID provider and how to connect to it. */
export const oidcProvider = defineKind({
  name: "oidc_provider",
  table: "oidc_providers",
  keyColumn: "identifier",
  columns: {
    issuer: text("issuer", null),
    discovery_endpoint: text("discovery_endpoint", null),
    authorization_endpoint: text("authorization_endpoint", null),
    token_endpoint: text("token_endpoint", null),
    userinfo_endpoint: text("userinfo_endpoint", null),
    introspection_endpoint: text("introspection_endpoint", null),
    jwks_endpoint: text("jwks_endpoint", null),
    logout_endpoint: text("logout_endpoint", null),
    token_use_basic_auth: flag("token_use_basic_auth", false),
    use_nonce: flag("use_nonce", true),
    nonce_size: integer("nonce_size", 32),
    state_size: integer("state_size", 32),
    use_pkce: flag("use_pkce", true),
    ca_file: text("ca_file", null),
    former_issuers: json("former_issuers", []),
  },
  check: checkFormerIssuers,
  resolve: resolveProviders,
});

/** Asks each provider once for the endpoints that its file leaves open. */
export async function resolveProviders(wanted: readonly Resource[], context: NetworkContext): Promise<Resolution> {
  const open = wanted.filter(
    ({ present, attributes, unknown }) =>
      present &&
      // What the answer is compared with may be unknown.
      unknown === undefined &&
      typeof attributes.discovery_endpoint === "string" &&
      discovered.some((name) => attributes[name] === undefined),
  );
  if (open.length === 0) return { resources: wanted, refusals: [], remarks: [] };
  const { discoverEndpoints } = await import("./discover.js");
  const answers = await discoverEndpoints(open, context);
  const refusals: Refusal[] = [];
  const lacks: RawDiagnostic[] = [];
  const resources = wanted.map((resource) => {
    const answer = answers.get(resource.key);
    if (!answer) return resource;
    if (answer.kind === "found") {
      const complete = { ...resource, attributes: { ...answer.endpoints, ...definedOnly(resource) } };
      const clients = context.declared.filter((other) => other.kind === "oidc_client" && isOf(other, resource));
      for (const client of clients) for (const lack of findLacks(client, complete, answer.offers)) lacks.push(lack);
      return complete;
    }
    refusals.push({ ...answer.refusal, range: resource.range });
    return resource;
  });
  // With such an error, nobody is accepted through the client.
  for (const { severity, ...lack } of lacks) if (severity === "error") refusals.push({ ...lack, reason: "invalid" });
  return { resources, refusals, remarks: lacks.filter(({ severity }) => severity !== "error") };
}

function isOf({ present, attributes, unknown }: Resource, provider: Resource): boolean {
  return present && unknown === undefined && attributes.enabled !== false && attributes.provider === provider.key;
}

function definedOnly({ attributes }: Resource): Resource["attributes"] {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** A client at a provider: `admin-oidc` signs people in, `api-oidc` guards the API. */
export const oidcClient = defineKind({
  name: "oidc_client",
  table: "oidc_clients",
  keyColumn: "identifier",
  columns: {
    provider: reference("provider_id", oidcProviders),
    enabled: flag("enabled", true),
    client_id: text("client_id"),
    client_secret: sealed("client_secret"),
    sign_algo: text("sign_algo", "RS256"),
    sign_key: sealed("sign_key"),
    scopes: json("scopes", []),
    idp_hint: text("idp_hint"),
    userinfo_claims_source: text("userinfo_claims_source", "userinfo_endpoint"),
    check_op_availability: flag("check_op_availability", false),
    use_pkce: flag("use_pkce", null),
    audience: json("audience", []),
    accept_at_hash: flag("accept_at_hash", false),
    options: json("options", {}),
  },
  review: reviewApiClient,
});

/**
 * Warns where people can sign in but no client guards the API. A verifier may be configured to use a client of another name, and
 * one that another owner's files or a person created counts as well.
 */
function reviewApiClient(world: PlannedWorld): readonly RawDiagnostic[] {
  if (!world.isDatabaseKnown) return [];
  const wanted = world.wanted("oidc_client").filter(({ present }) => present);
  const login = wanted.find(({ key, attributes }) => key === loginClient && attributes.enabled === true);
  const isGuard = ({ key, attributes }: Pick<Resource, "key" | "attributes">) =>
    key !== loginClient && attributes.enabled === true;
  const mayGuard = wanted.some(({ key, unknown = [] }) => key !== loginClient && unknown.includes("enabled"));
  if (!login || mayGuard || [...wanted, ...world.left("oidc_client")].some(isGuard)) return [];
  return [
    {
      severity: "note",
      code: "NO_API_CLIENT",
      message: "no enabled client guards the API, so every bearer token will be refused",
      hint: `add an item with \`identifier: ${apiClient}\` if the API takes bearer tokens; nothing to do if it takes only API tokens`,
      range: login.range,
    },
  ];
}
