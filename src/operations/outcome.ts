import type { Secret } from "../secrets/secret.js";
import type { NewToken } from "./new-token.js";

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
