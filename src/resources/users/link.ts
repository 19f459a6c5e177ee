import { chunk } from "../../database/database.js";
import { parseList } from "../../database/tables.js";
import type { AttributeSpec, ReadContext, WriteContext } from "../../plan/kind.js";
import type { AttributeValue, PlannedChange } from "../../plan/resource.js";

/** Whom `sign_in` lets become the user: anybody of the provider with the username, or one subject. */
interface DesiredLink {
  readonly provider: string;
  readonly subject: string | null;
}

/** Who signs in as the user so far. */
export interface StoredLink {
  readonly issuer: string | null;
  /** The providers that have the link's issuer, or had it before they moved; none where no provider is known to have it. */
  readonly providers: readonly string[];
  readonly subject: string;
}

/**
 * The link to a provider's user. A sign-in makes it; a file whose `sign_in` names somebody else releases it, so that the next
 * sign-in of the one whom the file names makes a new one.
 */
export const signInLink: AttributeSpec = {
  // What a provider calls a person is personal data.
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
  // An issuer that is no provider's any more may be the provider's former one.
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

/** Takes away the links that the files contradict. */
export async function releaseLinks({ db }: WriteContext, changes: readonly PlannedChange[]): Promise<void> {
  const released = changes.filter((change) => change.action === "update" && change.changed.includes("sign_in"));
  for (const batch of chunk(released, 500)) {
    const ids = batch.map(({ id }) => id);
    await db.deleteFrom("applied_claims").where("user_id", "in", ids).execute();
    await db.updateTable("users").set({ issuer: null, subject: null }).where("id", "in", ids).execute();
  }
}
