import type { Completion, NetworkContext, Refusal } from "../../plan/kind.js";
import type { Resource } from "../../plan/resource.js";

const discovered = [
  "issuer",
  "authorization_endpoint",
  "token_endpoint",
  "userinfo_endpoint",
  "jwks_endpoint",
  "logout_endpoint",
] as const;

/** Asks each provider once for the endpoints that its file leaves open. */
export async function completeProviders(wanted: readonly Resource[], context: NetworkContext): Promise<Completion> {
  const open = wanted.filter(
    ({ present, attributes }) =>
      present &&
      typeof attributes.discovery_endpoint === "string" &&
      discovered.some((name) => attributes[name] === undefined),
  );
  if (open.length === 0) return { resources: wanted, refusals: [] };
  const { discoverEndpoints } = await import("./discover.js");
  const answers = await discoverEndpoints(open, context);
  const refusals: Refusal[] = [];
  const resources = wanted.map((resource) => {
    const answer = answers.get(resource.key);
    if (!answer) return resource;
    if (answer.kind === "found") return { ...resource, attributes: { ...answer.endpoints, ...definedOnly(resource) } };
    refusals.push({ ...answer.refusal, place: resource.place });
    return resource;
  });
  return { resources, refusals };
}

function definedOnly({ attributes }: Resource): Resource["attributes"] {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
