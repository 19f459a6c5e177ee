/** Every page that a login may end with, and its HTTP status. Codes are part of the public interface: never renamed. */
export const refusalStatus = {
  /** The browser came back without a login that it had begun, or with another one's state. */
  state_invalid: 400,
  /** The login took longer than thirty minutes. */
  state_expired: 400,
  /** The login was ended before. */
  state_used: 400,
  /** What the browser brought back is not an answer to a login. */
  callback_invalid: 400,
  /** The answer is another provider's. */
  issuer_mismatch: 400,
  /** The provider does not accept its code, or no more. */
  code_refused: 400,
  /** The provider did not let the user in, or the user gave up. */
  provider_refused: 403,
  /** The provider failed, or answered with an error that is none of the known ones. */
  provider_failed: 502,
  /** The provider does not accept how the client asks: trying again is of no use before somebody changes its configuration. */
  configuration_rejected: 502,
  /** The provider can't be reached. */
  provider_unavailable: 503,
  /** What the provider says about the user can't be relied on. */
  identity_unverified: 502,
  /** No user can be made of what the provider says. */
  user_refused: 403,
  /** The provider says that somebody has groups, but not which. */
  groups_overage: 403,
  /** There is a user of this name, and no file says that this person may become it. */
  user_not_linked: 403,
  user_inactive: 403,
  user_not_staff: 403,
  client_disabled: 403,
  /** The client is not there, or lacks what a login needs. */
  not_configured: 503,
  password_refused: 403,
  too_many_attempts: 429,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

/** Those after which beginning again may well end better. */
export const worthAnotherTry: ReadonlySet<RefusalCode> = new Set([
  ...(["state_invalid", "state_expired", "state_used", "callback_invalid", "issuer_mismatch", "code_refused"] as const),
  ...(["provider_refused", "provider_failed", "provider_unavailable", "identity_unverified"] as const),
]);
