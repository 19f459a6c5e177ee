import type { CurrentResource, PlannedWorld } from "../../plan/kind.js";
import { placeOf } from "../../plan/resource.js";
import type { Finding } from "../../yaml/node.js";
import { formerIssuersOf, issuerOf, plannedProviders } from "../former-issuers.js";
import { type StoredLink, signInLink } from "./link.js";

/**
 * Tells how many users nobody can sign in as any more, since the issuer that they are linked to is no provider's: a warning where
 * this run makes it so, a note afterwards.
 */
export function reviewLinks(world: PlannedWorld): readonly Finding[] {
  const wanted = world.wanted("oidc_provider");
  const planned = plannedProviders(world);
  // Without a provider nobody signs in anyway; and what a provider does not say yet may be the issuer that is looked for.
  const isKnown = planned.length > 0 && planned.every((provider) => issuerOf(provider) !== undefined);
  if (wanted.length === 0 || !isKnown) return [];
  const matched = new Set(planned.flatMap((provider) => [issuerOf(provider), ...formerIssuersOf(provider)]));
  const before = world.current("oidc_provider");
  return [...countLinks(world)].flatMap(([issuer, count]): readonly Finding[] => {
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
        ...(resource && { place: placeOf(resource, "issuer") }),
      },
    ];
  });
}

/** Users by the issuer of their link, without those who go or whose link a file releases. */
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
  // What the kind itself read.
  return (link ?? undefined) as unknown as StoredLink | undefined;
}
