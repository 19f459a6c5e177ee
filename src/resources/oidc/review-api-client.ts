import type { PlannedWorld } from "../../plan/kind.js";
import type { Resource } from "../../plan/resource.js";
import type { Finding } from "../../yaml/node.js";
import { apiClient, loginClient } from "../known-clients.js";

/**
 * Tells where people can sign in but no client guards the API. A client of another name may be what a verifier is told to use, and
 * one that another owner's files or a person made counts as well.
 */
export function reviewApiClient(world: PlannedWorld): readonly Finding[] {
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
      place: login.place,
    },
  ];
}
