import type { OidcClient } from "../oidc/client.js";
import type { JsonObject } from "../oidc/jwt/json-object.js";
import type { ExternalIdentity } from "../users/external-identity.js";
import type { BearerReason, HeaderReason, TokenReason } from "./reasons.js";

/** A check, by the reason that it would have rejected with. */
export type CheckName = HeaderReason | TokenReason | BearerReason;

/**
 * Sees which checks a request passes, for an explanation. A verifier that answers requests has none, so that each place costs it a
 * comparison.
 */
export interface CheckTrace {
  /** @param found what was looked at, as a log may hold it: never of the credential */
  readonly passed: (check: CheckName, found?: string) => void;
  /** @param found what failed the check that the rejection names */
  readonly failed: (found: string) => void;
  /** The claims of a verified token are about to become a user. */
  readonly claimed: (client: OidcClient, identity: ExternalIdentity, claims: JsonObject) => void;
}
