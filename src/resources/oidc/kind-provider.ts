import type { NetworkContext, Refusal, Resolution } from "../../plan/kind.js";
import type { Resource } from "../../plan/resource.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { flag, integer, json, text } from "../columns.js";
import { checkFormerIssuers } from "../known-clients.js";
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
