import type { TimeReason } from "../oidc/jwt/claims.js";
import type { JwsRejection } from "../oidc/jwt/jws.js";
import type { SignatureResult } from "../oidc/provider-keys.js";
import type { TokenAnswer } from "../oidc/token-questions.js";
import type { UserRejection } from "../users/find-user.js";
import type { MappedClaimsRejection } from "../users/map-claims.js";

// Stable, for a log or a metric: a client gets none of them.

/** Why a header was rejected before its credential was looked at. */
export type HeaderReason =
  | "no_credentials"
  | "several_credentials"
  | "several_headers"
  | "scheme_not_accepted"
  | "invalid_characters"
  | "too_long";

/** Why an API token was rejected. */
export type TokenReason =
  | "mistyped"
  | "unknown_token"
  | "expired"
  | "grace_ended"
  | "lifetime_ended"
  | "unused"
  | "revoked"
  | "disabled"
  | "not_yet_valid"
  | "source_not_allowed"
  | "inactive_user";

/** The kinds of tokens that are not accepted as `Bearer`. */
export type OtherTokenReason = "id_token" | "refresh_token" | "proof_of_possession";

/** Why a token is no access token that is valid now. */
export type AccessTokenReason = TimeReason | OtherTokenReason | "wrong_type" | "claim_missing" | "claim_malformed";

/** Why no client accepts a token. */
export type ChoiceReason =
  | "not_configured"
  | "weak_secret"
  | "client_disabled"
  | "wrong_algorithm"
  | "wrong_audience"
  | "wrong_issuer"
  | "unknown_issuer";

type ReasonOf<Result, Kind> = Extract<Result, { readonly kind: Kind; readonly reason: string }>["reason"];

/** Why a bearer token was rejected. */
export type BearerReason =
  | AccessTokenReason
  | ChoiceReason
  | JwsRejection["reason"]
  | ReasonOf<SignatureResult | TokenAnswer, "rejected">
  | MappedClaimsRejection["reason"]
  | UserRejection["reason"]
  | "encrypted_token"
  | "no_introspection"
  | "subject_invalid"
  | "userinfo_mismatch"
  | "inactive_user";

/** Why nothing could be decided about a bearer token. */
export type UnavailableReason =
  | ReasonOf<SignatureResult | TokenAnswer, "unavailable">
  | "provider_unavailable"
  | "database_busy"
  | "closed";
