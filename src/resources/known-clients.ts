import type { PlannedWorld, Refusal } from "../plan/kind.js";
import { type AttributeValue, rangeOf } from "../plan/resource.js";
import { oidcProvider } from "./kinds.js";

interface KnownProvider {
  readonly key: string;
  readonly attributes: { readonly [Name in "issuer" | "former_issuers"]?: AttributeValue };
}

/** Refuses a former issuer that another provider has: a user of the one would sign in as the other's user with the same subject. */
export function checkFormerIssuers(world: PlannedWorld): readonly Refusal[] {
  const providers = plannedProviders(world);
  return world.desired(oidcProvider).flatMap((resource): readonly Refusal[] => {
    if (!resource.present) return [];
    const own = issuerOf(resource);
    return formerIssuersOf(resource).flatMap((former): readonly Refusal[] => {
      const holder = providers.find(
        (other) =>
          other.key !== resource.key &&
          issuerOf(other) !== own &&
          (issuerOf(other) === former || formerIssuersOf(other).includes(former)),
      );
      if (!holder) return [];
      const what = issuerOf(holder) === former ? "the issuer" : "a former issuer";
      return [
        {
          reason: "invalid",
          code: "INVALID_VALUE",
          message: `oidc_provider ${resource.key}: its former issuer is ${what} of oidc_provider ${holder.key}`,
          hint: "an issuer belongs to one provider: remove it here, or delete the other provider",
          range: rangeOf(resource, "former_issuers", former),
        },
      ];
    });
  });
}

/** The providers after the run. Where a file leaves an attribute alone, it is that of the row. */
export function plannedProviders(world: PlannedWorld): readonly KnownProvider[] {
  const rows = new Map(world.current(oidcProvider).map((row) => [row.key, row.attributes]));
  const desired = world.desired(oidcProvider).filter(({ present }) => present);
  return [
    ...desired.map(({ key, attributes }) => {
      const written = Object.entries(attributes).filter(([, value]) => value !== undefined);
      return { key, attributes: { ...rows.get(key), ...Object.fromEntries(written) } };
    }),
    ...world.left(oidcProvider),
  ];
}

/** Undefined where it is not known yet. */
export function issuerOf({ attributes }: Pick<KnownProvider, "attributes">): string | undefined {
  return typeof attributes.issuer === "string" ? attributes.issuer : undefined;
}

export function formerIssuersOf({ attributes }: Pick<KnownProvider, "attributes">): readonly string[] {
  const { former_issuers: former } = attributes;
  return Array.isArray(former) ? former.filter((issuer) => typeof issuer === "string") : [];
}
