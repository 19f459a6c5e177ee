import { chunk } from "../../database/database.js";
import { parseList } from "../../database/tables.js";
import type { AttributeSpec, CurrentResource, PlannedWorld, ReadContext, WriteContext } from "../../plan/kind.js";
import { type AttributeValue, type PlannedChange, rangeOf } from "../../plan/resource.js";
import type { RawDiagnostic } from "../../yaml/node.js";
import { formerIssuersOf, issuerOf, plannedProviders } from "../known-clients.js";

/** Who `sign_in` lets become the user: any person of the provider with the username, or one subject. */
interface DesiredLink {
  readonly provider: string;
  readonly subject: string | null;
}

/** Who signs in as the user so far. */
interface StoredLink {
  readonly issuer: string | null;
  /** The providers that have the link's issuer, or had it before they moved; empty where none is known to have it. */
  readonly providers: readonly string[];
  readonly subject: string;
}

/**
 * The link to a provider's user. A sign-in creates it; a file whose `sign_in` names another person releases it, so that the next
 * sign-in of that person creates a new one.
 */
export const signInLink: AttributeSpec = {
  // A person's name at a provider is personal data.
  sensitive: true,
  updateOnly: true,
  identity: (desired) => {
    const link = desired as DesiredLink | null | undefined;
    return link?.subject ? JSON.stringify([link.provider, link.subject]) : undefined;
  },
  same: (desired, stored) =>
    stored === null || allows(desired as unknown as DesiredLink, stored as unknown as StoredLink),
};

function allows(desired: DesiredLink, { providers, subject }: StoredLink): boolean {
  // An issuer that no provider has any more may be the provider's former one.
  const isOfProvider = providers.length === 0 || providers.includes(desired.provider);
  return isOfProvider && (desired.subject === null || desired.subject === subject);
}

/** The links of all users that have one, by the user's id. */
export async function readLinks({ db }: ReadContext): Promise<ReadonlyMap<string, AttributeValue>> {
  const rows = await db
    .selectFrom("users")
    .select(["id", "issuer", "subject"])
    .where("subject", "is not", null)
    .execute();
  if (rows.length === 0) return new Map();
  const providers = await db.selectFrom("oidc_providers").select(["identifier", "issuer", "former_issuers"]).execute();
  const byIssuer = new Map<string | null, string[]>();
  for (const { identifier, issuer, former_issuers: former } of providers) {
    for (const name of [issuer, ...parseList(former)]) byIssuer.set(name, [...(byIssuer.get(name) ?? []), identifier]);
  }
  const linkOf = (issuer: string | null, subject: string | null): AttributeValue => ({
    issuer,
    providers: byIssuer.get(issuer) ?? [],
    subject,
  });
  return new Map(rows.map(({ id, issuer, subject }) => [id, linkOf(issuer, subject)]));
}

/** Deletes the links that contradict the files. */
export async function releaseLinks({ db }: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  const released = changes.filter((change) => change.action === "update" && change.changed.includes("sign_in"));
  for (const batch of chunk(released, 500)) {
    const ids = batch.map(({ id }) => id);
    await db.deleteFrom("applied_claims").where("user_id", "in", ids).execute();
    await db.updateTable("users").set({ issuer: null, subject: null }).where("id", "in", ids).execute();
  }
}

/**
 * Reports how many users can't sign in any more because no provider has the issuer that they are linked to: a warning where
 * this run causes it, a note afterwards.
 */
export function reviewLinks(world: PlannedWorld): readonly RawDiagnostic[] {
  const wanted = world.wanted("oidc_provider");
  const planned = plannedProviders(world);
  // Without a provider nobody signs in anyway; and an undiscovered issuer may be the missing one.
  const isKnown = planned.length > 0 && planned.every((provider) => issuerOf(provider) !== undefined);
  if (wanted.length === 0 || !isKnown) return [];
  const matched = new Set(planned.flatMap((provider) => [issuerOf(provider), ...formerIssuersOf(provider)]));
  const before = world.current("oidc_provider");
  return [...countLinks(world)].flatMap(([issuer, count]): readonly RawDiagnostic[] => {
    if (matched.has(issuer)) return [];
    const holder = before.find((row) => issuerOf(row) === issuer || formerIssuersOf(row).includes(issuer));
    const resource = wanted.find(
      ({ key }) => key === (holder?.key ?? (planned.length === 1 ? planned[0]?.key : undefined)),
    );
    const users = count === 1 ? "1 user is" : `${count} users are`;
    return [
      {
        severity: holder ? "warning" : "note",
        code: "LINKS_UNMATCHED",
        message: `${users} linked to people of the issuer ${issuer}, which no provider has ${holder ? "after this change" : "any more"}: they can't sign in`,
        hint: `where the provider moved and people kept their subjects, write \`oidc_op_former_issuers: [${issuer}]\` at it; otherwise write each user's new subject as \`sign_in\``,
        ...(resource && { range: rangeOf(resource, "issuer") }),
      },
    ];
  });
}

/** Users by the issuer of their link, except removed ones and those whose link a file releases. */
function countLinks(world: PlannedWorld): ReadonlyMap<string, number> {
  const wanted = new Map(world.wanted("user").map(({ key, attributes }) => [key, attributes.sign_in]));
  const counts = new Map<string, number>();
  for (const { key, attributes } of world.current("user")) {
    const link = linkOf(attributes);
    if (link?.issuer == null || !world.keys("user").has(key)) continue;
    const desired = wanted.get(key);
    const stays = desired === undefined || signInLink.same?.(desired, attributes.sign_in) !== false;
    if (stays) counts.set(link.issuer, (counts.get(link.issuer) ?? 0) + 1);
  }
  return counts;
}

function linkOf({ sign_in: link }: CurrentResource["attributes"]): StoredLink | undefined {
  // The kind itself read it.
  return (link ?? undefined) as unknown as StoredLink | undefined;
}
