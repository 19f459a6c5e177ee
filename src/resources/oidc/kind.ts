import type { KindOf, NetworkContext, PlannedWorld, Refusal, Resolution, WriteContext } from "../../plan/kind.js";
import type { ResourceOf } from "../../plan/kind-shape.js";
import type { Attributes, PlannedChange } from "../../plan/resource.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { apiClient, loginClient, oidcClient, oidcProvider } from "../kinds.js";
import { checkFormerIssuers } from "../known-clients.js";
import { findLacks } from "../provider-lacks.js";
import { createTableStore } from "../table-store.js";

type Provider = ResourceOf<typeof oidcProvider>;

const discovered = [
  "issuer",
  "authorization_endpoint",
  "token_endpoint",
  "userinfo_endpoint",
  "jwks_endpoint",
  "logout_endpoint",
] as const;

export const oidcProviderKind = {
  ...oidcProvider,
  ...createTableStore(oidcProvider),
  isReadWhole: true,
  check: checkFormerIssuers,
  resolve: resolveProviders,
};

/** Asks each provider once for the endpoints that its file leaves open. */
export async function resolveProviders(desired: readonly Provider[], context: NetworkContext): Promise<Resolution> {
  const open = desired.filter(
    ({ present, attributes, unknown }) =>
      present &&
      // What the answer is compared with may be unknown.
      unknown === undefined &&
      typeof attributes.discovery_endpoint === "string" &&
      discovered.some((name) => attributes[name] === undefined),
  );
  if (open.length === 0) return { resources: desired, refusals: [], diagnostics: [] };
  const { discoverEndpoints } = await import("./discover.js");
  const answers = await discoverEndpoints(open, context);
  const refusals: Refusal[] = [];
  const lacks: RawDiagnostic[] = [];
  const resources = desired.map((resource) => {
    const answer = answers.get(resource.key);
    if (!answer) return resource;
    if (answer.kind === "found") {
      const complete = { ...resource, attributes: { ...answer.endpoints, ...definedOnly(resource) } };
      const clients = oidcClient.resourcesOf(context.declared).filter((client) => isOf(client, resource));
      for (const client of clients) {
        for (const { attribute: _, ...lack } of findLacks(client, complete, answer.offers)) lacks.push(lack);
      }
      return complete;
    }
    refusals.push({ ...answer.refusal, range: resource.range });
    return resource;
  });
  // With such an error, nobody is accepted through the client.
  for (const { severity, ...lack } of lacks) if (severity === "error") refusals.push({ ...lack, reason: "invalid" });
  return { resources, refusals, diagnostics: lacks.filter(({ severity }) => severity !== "error") };
}

function isOf({ present, attributes, unknown }: ResourceOf<typeof oidcClient>, provider: Provider): boolean {
  return present && unknown === undefined && attributes.enabled !== false && attributes.provider === provider.key;
}

function definedOnly({ attributes }: Provider): Provider["attributes"] {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

const clientRows = createTableStore(oidcClient);

export const oidcClientKind: KindOf<typeof oidcClient> = {
  ...oidcClient,
  ...clientRows,
  isReadWhole: true,
  review: reviewApiClient,
  async write(context, changes) {
    await clientRows.write(context, changes);
    await renameSessions(context, changes);
  },
};

/** People who are signed in through a renamed client stay so, once the login is told the new name. */
async function renameSessions({ db }: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  for (const change of changes) {
    if (change.action !== "update" || change.previousKey === undefined) continue;
    await db.updateTable("login_sessions").set({ client: change.key }).where("client_id", "=", change.id).execute();
  }
}

/**
 * Warns where people can sign in but no client guards the API. A verifier may be configured to use a client of another name, and
 * one that another owner's files or a person created counts as well.
 */
function reviewApiClient(world: PlannedWorld): readonly RawDiagnostic[] {
  if (!world.isDatabaseKnown) return [];
  const desired = world.desired(oidcClient).filter(({ present }) => present);
  const login = desired.find(({ key, attributes }) => key === loginClient && attributes.enabled === true);
  const isGuard = ({ key, attributes }: { readonly key: string; readonly attributes: Attributes }) =>
    key !== loginClient && attributes.enabled === true;
  const mayGuard = desired.some(({ key, unknown = [] }) => key !== loginClient && unknown.includes("enabled"));
  if (!login || mayGuard || [...desired, ...world.left(oidcClient)].some(isGuard)) return [];
  return [
    {
      severity: "note",
      code: "NO_API_CLIENT",
      message: "no enabled client guards the API, so every bearer token is rejected",
      hint: `add an item with \`identifier: ${apiClient}\` if the API accepts bearer tokens; ignore this if it accepts only API tokens`,
      range: login.range,
    },
  ];
}
