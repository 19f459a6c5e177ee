import type { PlannedWorld } from "../../plan/kind.js";
import type { Resource } from "../../plan/resource.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { flag, json, oidcProviders, reference, sealed, text } from "../columns.js";
import { apiClient, loginClient } from "../known-clients.js";
import { defineKind } from "../table-kind.js";

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
