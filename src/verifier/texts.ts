/** What a client is told, in few words. */
export type ProblemText =
  | "not_authenticated"
  | "authentication_failed"
  | "permission_denied"
  | "throttled"
  | "service_unavailable"
  | "token_missing"
  | "token_spaces"
  | "token_characters"
  | "token_invalid"
  | "bearer_missing"
  | "bearer_spaces"
  | "bearer_invalid"
  | "bearer_not_configured"
  | "bearer_no_user"
  | "bearer_login_failed"
  | "user_inactive"
  | "header_twice"
  | "header_too_long";

export type Language = "nl" | "en";

/** Where the incumbent has a text, it is this one; what it does not translate is not translated here. */
export const texts: Readonly<Record<Language, Readonly<Record<ProblemText, string>>>> = {
  nl: {
    not_authenticated: "Authenticatiegegevens zijn niet opgegeven.",
    authentication_failed: "Ongeldige authenticatiegegevens.",
    permission_denied: "U hebt geen toestemming om deze actie uit te voeren.",
    throttled: "Te veel mislukte pogingen. Probeer het later opnieuw.",
    service_unavailable: "Tijdelijk niet beschikbaar.",
    token_missing: "Ongeldige token header. Geen login gegevens opgegeven",
    token_spaces: "Ongeldige token header. Token mag geen spaties bevatten.",
    token_characters: "Ongeldige token header. Token mag geen ongeldige tekens bevatten.",
    token_invalid: "Ongeldige token.",
    bearer_missing: 'Invalid "bearer" header: No credentials provided.',
    bearer_spaces: 'Invalid "bearer" header: Credentials string should not contain spaces.',
    bearer_invalid: "Token verification failed",
    bearer_not_configured: "OIDC authentication failed: authentication is not properly configured.",
    bearer_no_user: "Login failed: No user found for the given access token.",
    bearer_login_failed: "Login failed",
    user_inactive: "Gebruiker inactief of verwijderd.",
    header_twice: "De Authorization header mag maar één keer voorkomen.",
    header_too_long: "De Authorization header is te lang.",
  },
  en: {
    not_authenticated: "Authentication credentials were not provided.",
    authentication_failed: "Incorrect authentication credentials.",
    permission_denied: "You do not have permission to perform this action.",
    throttled: "Too many failed attempts. Try again later.",
    service_unavailable: "Temporarily not available.",
    token_missing: "Invalid token header. No credentials provided.",
    token_spaces: "Invalid token header. Token string should not contain spaces.",
    token_characters: "Invalid token header. Token string should not contain invalid characters.",
    token_invalid: "Invalid token.",
    bearer_missing: 'Invalid "bearer" header: No credentials provided.',
    bearer_spaces: 'Invalid "bearer" header: Credentials string should not contain spaces.',
    bearer_invalid: "Token verification failed",
    bearer_not_configured: "OIDC authentication failed: authentication is not properly configured.",
    bearer_no_user: "Login failed: No user found for the given access token.",
    bearer_login_failed: "Login failed",
    user_inactive: "User inactive or deleted.",
    header_twice: "There must be only one Authorization header.",
    header_too_long: "The Authorization header is too long.",
  },
};
