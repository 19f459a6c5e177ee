import type { Origin } from "../database/tables.js";
import type { ClaimMapping } from "../users/claim-mapping.js";

/** Everything that decides who may do what, in one state of the database: as it is, or as a plan would leave it. By the rows' ids. */
export interface AccessFacts {
  readonly groups: ReadonlyMap<string, GroupFacts>;
  /** With the service users of tokens. */
  readonly users: ReadonlyMap<string, UserFacts>;
  readonly tokens: ReadonlyMap<string, TokenFacts>;
  readonly providers: ReadonlyMap<string, ProviderFacts>;
  readonly clients: ReadonlyMap<string, ClientFacts>;
  /** Digests of values that never work again. */
  readonly revoked: ReadonlySet<string>;
}

export interface OwnPermission {
  readonly permission: string;
  readonly origin: Origin;
}

export interface GroupFacts {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly OwnPermission[];
}

export interface Membership {
  readonly groupId: string;
  readonly origin: Origin;
  /** From when on it does not count: ISO 8601, UTC; null for good. */
  readonly until: string | null;
}

export interface UserFacts {
  readonly id: string;
  readonly username: string;
  /** Exists for one API token alone. */
  readonly isService: boolean;
  /** Where its file and claims have it so. */
  readonly isActive: boolean;
  /** By a command. */
  readonly isDeactivated: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  /** A sign-in's claims made the user a superuser; the next one's may end that. */
  readonly isSuperuserByClaim: boolean;
  readonly hasPassword: boolean;
  /** Has an address or a name, as people have. */
  readonly isPersonal: boolean;
  /** Who signs in as the user so far; the issuer is null where the provider's is not known. */
  readonly link: { readonly issuer: string | null; readonly subject: string } | null;
  /** Whose sign-in a file lets become this user. */
  readonly signIn: { readonly providerId: string; readonly subject: string | null } | null;
  readonly permissions: readonly OwnPermission[];
  readonly memberships: readonly Membership[];
}

export interface TokenFacts {
  readonly id: string;
  readonly identifier: string;
  readonly userId: string;
  /** Null for all permissions of the user. */
  readonly narrowedTo: readonly string[] | null;
  /** ISO 8601, UTC. */
  readonly expiresAt: string | null;
  /** Before it, the token does not work yet. */
  readonly validFrom: string | null;
  /** The addresses and networks that it works from; null for all. */
  readonly allowedIps: readonly string[] | null;
  /** Such as `100/m`; null for no limit. */
  readonly rateLimit: string | null;
  /** False where its file says so. */
  readonly isEnabled: boolean;
  /** A command disabled it. */
  readonly isDisabled: boolean;
  /** Its current value was revoked. */
  readonly isRevoked: boolean;
  /** When its owner's policy ends it, in milliseconds; `Infinity` if never. Each use puts that off. */
  readonly policyEndMs: number;
}

export interface ProviderFacts {
  readonly id: string;
  readonly identifier: string;
  /** Null while only its discovery document knows it. */
  readonly issuer: string | null;
  readonly formerIssuers: readonly string[];
  /** Tells rows of one provider from those of others while the issuer is not known. */
  readonly discoveryEndpoint: string | null;
}

export interface ClientFacts {
  readonly id: string;
  readonly identifier: string;
  readonly providerId: string;
  readonly isEnabled: boolean;
  /** What claims give; groups that a program reserves are not known here. */
  readonly mapping: ClaimMapping;
}

/** A database in which nothing is. */
export const noFacts: AccessFacts = {
  groups: new Map(),
  users: new Map(),
  tokens: new Map(),
  providers: new Map(),
  clients: new Map(),
  revoked: new Set(),
};
