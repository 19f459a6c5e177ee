import { apiClient } from "../resources/kinds.js";
import { isOpen } from "./claims.js";
import { isUserActive } from "./effective.js";
import type { AccessFacts, ClientFacts, ProviderFacts, UserFacts } from "./facts.js";

/** A way to sign in as an administrator: as this user, or with claims of this client. */
export type AdministratorSignIn =
  | { readonly kind: "user"; readonly user: UserFacts }
  | { readonly kind: "claims"; readonly client: ClientFacts };

/** Every way to sign in and have superuser rights, users by their names first. API tokens are none. */
export function administratorSignIns(facts: AccessFacts): readonly AdministratorSignIn[] {
  const canSignIn = signInCheck(facts);
  // Whom claims made superuser, the claims of the next sign-in decide about.
  const users = [...facts.users.values()].filter(
    (user) => user.isSuperuser && !user.isSuperuserByClaim && canSignIn(user),
  );
  users.sort(({ username: one }, { username: other }) => (one < other ? -1 : Number(one > other)));
  return [
    ...users.map((user) => ({ kind: "user", user }) as const),
    ...loginClients(facts)
      .filter(makesSuperusers)
      .map((client) => ({ kind: "claims", client }) as const),
  ];
}

/** The clients that people sign in through. */
function loginClients(facts: AccessFacts): readonly ClientFacts[] {
  return [...facts.clients.values()].filter((client) => client.identifier !== apiClient && isOpen(facts, client));
}

function makesSuperusers({ mapping }: ClientFacts): boolean {
  const isByGroup = mapping.groupsPath !== undefined && mapping.superuserGroups.size > 0;
  return isByGroup || mapping.fields.some(({ field }) => field === "is_superuser");
}

/** Finds whether a person can sign in as a user: with a password, or as the person that it is linked to or meant for. */
export function signInCheck(facts: AccessFacts): (user: UserFacts) => boolean {
  const providers = loginClients(facts).flatMap(({ providerId }) => facts.providers.get(providerId) ?? []);
  return (user) => {
    const { isService, hasPassword, link, signIn } = user;
    if (!isUserActive(user) || isService) return false;
    if (link === null) return hasPassword || (signIn !== null && isAtOneOf(facts, signIn.providerId, providers));
    // An issuer that only discovery knows may be that of the link.
    return providers.some(
      ({ issuer, formerIssuers }) =>
        issuer === null || link.issuer === null || issuer === link.issuer || formerIssuers.includes(link.issuer),
    );
  };
}

/** The same provider may have several rows, one for each of its clients. */
function isAtOneOf(facts: AccessFacts, providerId: string, providers: readonly ProviderFacts[]): boolean {
  const issuer = facts.providers.get(providerId)?.issuer ?? null;
  return providers.some((provider) => provider.id === providerId || (issuer !== null && provider.issuer === issuer));
}

/** Who could sign in as an administrator, where a change leaves nobody who can; undefined where anyone can, or nobody could. */
export function lostAdministrators(
  before: AccessFacts,
  after: AccessFacts,
): readonly AdministratorSignIn[] | undefined {
  const former = administratorSignIns(before);
  return former.length > 0 && administratorSignIns(after).length === 0 ? former : undefined;
}
