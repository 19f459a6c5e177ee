/** The codes of all pages, with their HTTP status. Codes are part of the public interface: never rename them. */
export const refusalStatus = {
  /** The callback belongs to no login of this browser. */
  state_invalid: 400,
  /** The login took longer than thirty minutes. */
  state_expired: 400,
  /** The login has already ended. */
  state_used: 400,
  /** The callback's query is invalid. */
  callback_invalid: 400,
  /** The response comes from another provider. */
  issuer_mismatch: 400,
  /** The provider rejected the code. */
  code_refused: 400,
  /** The provider denied access, or the user cancelled. */
  provider_refused: 403,
  /** The provider failed, or returned an unknown error. */
  provider_failed: 502,
  /** The provider rejects the client's configuration: another login fails until it changes. */
  configuration_rejected: 502,
  /** The provider can't be reached. */
  provider_unavailable: 503,
  /** The provider's data about the user could not be verified. */
  identity_unverified: 502,
  /** The provider does not confirm that the user signed in as recently as the login requires. */
  sign_in_not_fresh: 502,
  /** The provider's data does not describe a valid user. */
  user_refused: 403,
  /** The provider does not list the user's groups, because there are too many. */
  groups_overage: 403,
  /** There is a user with this name, which no file links to this person. */
  user_not_linked: 403,
  user_inactive: 403,
  user_not_staff: 403,
  client_disabled: 403,
  /** The client is missing, or lacks what a login needs. */
  not_configured: 503,
  password_refused: 403,
  too_many_attempts: 429,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

/** The codes after which another login may succeed. */
export const worthAnotherTry: ReadonlySet<RefusalCode> = new Set([
  ...(["state_invalid", "state_expired", "state_used", "callback_invalid", "issuer_mismatch", "code_refused"] as const),
  ...([
    "provider_refused",
    "provider_failed",
    "provider_unavailable",
    "identity_unverified",
    "sign_in_not_fresh",
  ] as const),
]);
