import type { Secret } from "../secrets/secret.js";

export type TokenField = Exclude<keyof NewToken, "userId" | "actor">;

/** Why something was not done: a code for programs, a sentence for people without any value that was given. */
export interface TokenFault {
  readonly code:
    | "invalid_value"
    | "in_the_past"
    | "permission_not_held"
    | "user_not_active"
    | "not_found"
    | "managed_by_configuration";
  /** What was asked for that can't be given; undefined where it is none of the fields. */
  readonly field?: TokenField | undefined;
  readonly message: string;
}

/** Nothing was changed. */
export interface TokenRefusal {
  readonly kind: "refused";
  /** All of them at once, at least one. */
  readonly faults: readonly TokenFault[];
}

export interface CreatedToken {
  readonly kind: "created";
  readonly identifier: string;
  /** Shown now or never: only its digest is kept. */
  readonly token: Secret;
}

/** Another token has that identifier. */
export interface TakenIdentifier {
  readonly kind: "taken";
}

export type CreateTokenOutcome = CreatedToken | TakenIdentifier | TokenRefusal;

export type RevokeTokenOutcome = { readonly kind: "revoked" } | TokenRefusal;

export function refusal(faults: readonly TokenFault[]): TokenRefusal {
  return { kind: "refused", faults };
}

/** What somebody asks for who makes an API token for a user. Texts that are left out are empty. */
export interface NewToken {
  readonly userId: string;
  /** 1 to 50 letters, digits, hyphens and underscores; no other token has it, whoever's it is. */
  readonly identifier: string;
  /** 1 to 200 characters. */
  readonly contactPerson: string;
  readonly email: string;
  readonly organization?: string | undefined;
  readonly application?: string | undefined;
  readonly administration?: string | undefined;
  /** The only ones of the user's permissions that the token has; without it, it has whatever the user has. */
  readonly permissions?: readonly string[] | undefined;
  /** When it stops working; without it, it never does. */
  readonly expiresAt?: Date | undefined;
  /** Who asks, for the record of changes: `login:` and the username. */
  readonly actor: string;
}

/** Which of somebody's tokens is to be ended. */
export interface TokenToRevoke {
  readonly userId: string;
  readonly identifier: string;
  /** Who asks, for the record of changes: `login:` and the username. */
  readonly actor: string;
}
