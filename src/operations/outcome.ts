import type { Secret } from "../secrets/secret.js";

export type TokenField =
  | Exclude<keyof NewToken, "userId" | "actor" | "actorUserId" | "claimedActor">
  | "username"
  | "overlap";

/** Why something was not done: a code for programs, and a sentence for people that contains no input value. */
export interface TokenError {
  readonly code:
    | "invalid_value"
    | "in_the_past"
    | "policy_violated"
    | "permission_not_held"
    /** "Everything that its user may, also later" is for a person's own tokens, and for superusers to give. */
    | "all_not_allowed"
    | "user_not_active"
    | "not_found"
    | "managed_by_configuration";
  /** The field that is to blame; undefined if it is none of them. */
  readonly field?: TokenField | undefined;
  readonly message: string;
}

/** Nothing was changed. */
export interface TokenRefusal {
  readonly kind: "refused";
  /** All of them at once, at least one. */
  readonly errors: readonly TokenError[];
}

export interface CreatedToken {
  readonly kind: "created";
  readonly identifier: string;
  /** Show it now: only its digest is stored. */
  readonly token: Secret;
  /** The run in the record of changes. */
  readonly runId: string;
}

/** Another token has that identifier. */
export interface TakenIdentifier {
  readonly kind: "taken";
}

export type CreateTokenOutcome = CreatedToken | TakenIdentifier | TokenRefusal;

export type RevokeTokenOutcome = { readonly kind: "revoked" } | TokenRefusal;

export function refusal(errors: readonly TokenError[]): TokenRefusal {
  return { kind: "refused", errors };
}

/** A request for an API token for a user. Omitted texts are empty. */
export interface NewToken {
  readonly userId: string;
  /** 1 to 50 letters, digits, hyphens and underscores; unique among the tokens of all users. */
  readonly identifier: string;
  /** 1 to 200 characters. */
  readonly contactPerson: string;
  readonly email: string;
  readonly organization?: string | undefined;
  readonly application?: string | undefined;
  readonly administration?: string | undefined;
  /** What the token is for, at most 1000 characters. */
  readonly description?: string | undefined;
  /** The token's permissions, a subset of the user's; without it, the token has all that the user has. */
  readonly permissions?: readonly string[] | undefined;
  /** The addresses and networks that it may be used from, at least one; without it, all. */
  readonly allowedIps?: readonly string[] | undefined;
  /** How many requests it may make, such as `100/m`; without it, any number. */
  readonly rateLimit?: string | undefined;
  /** When it starts to work, before `expiresAt`; without it, at once. */
  readonly validFrom?: Date | undefined;
  /** When it expires; without it, never. */
  readonly expiresAt?: Date | undefined;
  /** For the record of changes: `login:` and the username. */
  readonly actor: string;
  /** The id of that user, where the caller has checked who it is. */
  readonly actorUserId?: string | undefined;
  /** Whom the actor acts for, where that is someone else. */
  readonly claimedActor?: string | undefined;
}

/** Which of a user's tokens to revoke. */
export interface TokenToRevoke {
  readonly userId: string;
  readonly identifier: string;
  /** For the record of changes: `login:` and the username. */
  readonly actor: string;
}
