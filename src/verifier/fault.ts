/** Why a credential was refused: for the log, not for the client. Those of bearer tokens are the bearer authority's. */
export type TokenFault =
  | "no_credentials"
  | "several_credentials"
  | "several_headers"
  | "invalid_characters"
  | "too_long"
  | "mistyped"
  | "unknown_token"
  | "expired"
  | "grace_ended"
  | "inactive_user"
  | "unknown_user";

/** The scheme that was used, where it is one of ours. */
export type Scheme = "token" | "bearer";
