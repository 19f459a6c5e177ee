import { randomUUID } from "node:crypto";
import type { Scheme } from "./authorization-header.js";

type ProblemCode =
  | "not_authenticated"
  | "authentication_failed"
  | "permission_denied"
  | "throttled"
  | "service_unavailable";

/** The response to a rejected request: problem+json (RFC 9457), with the members of the Django APIs. */
export interface ProblemDetails {
  readonly status: 401 | 403 | 429 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly type: string;
    readonly code: ProblemCode;
    readonly title: string;
    readonly status: number;
    readonly detail: string;
    readonly instance: string;
  };
}

/** The responses of one verifier. None contains anything from the request. */
export interface Problems {
  readonly notAuthenticated: () => ProblemDetails;
  /** `invalid_request` for a malformed header, `invalid_token` for a rejected credential (RFC 6750 §3.1). */
  readonly authenticationFailed: (
    error: "invalid_request" | "invalid_token",
    scheme: Scheme | undefined,
    detail: ProblemText,
  ) => ProblemDetails;
  readonly permissionDenied: (scheme: Scheme) => ProblemDetails;
  readonly throttled: (retryAfterSeconds: number, detail: "throttled" | "rate_limited") => ProblemDetails;
  readonly serviceUnavailable: (retryAfterSeconds: number) => ProblemDetails;
}

const kinds = {
  not_authenticated: { status: 401, type: "NotAuthenticated" },
  authentication_failed: { status: 401, type: "AuthenticationFailed" },
  permission_denied: { status: 403, type: "PermissionDenied" },
  throttled: { status: 429, type: "Throttled" },
  service_unavailable: { status: 503, type: "ServiceUnavailable" },
} as const;

export interface ChallengeOptions {
  /** The only accepted scheme; undefined where both are. */
  readonly only?: Scheme | undefined;
  /** Where the API's metadata is (RFC 9728 §5.1). */
  readonly metadataUrl?: string | undefined;
}

/** @throws TypeError when the realm is not valid in a header */
export function createProblems(realm: string, language: Language, options: ChallengeOptions = {}): Problems {
  const text = texts[language];
  const challenge = challenges(realm, options);
  const problem = (
    code: ProblemCode,
    detail: ProblemText,
    headers: Readonly<Record<string, string>>,
  ): ProblemDetails => {
    const { status, type } = kinds[code];
    return {
      status,
      headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
      body: {
        type: `/ref/fouten/${type}/`,
        code,
        title: text[code],
        status,
        detail: text[detail],
        instance: `urn:uuid:${randomUUID()}`,
      },
    };
  };
  return {
    notAuthenticated: () =>
      problem("not_authenticated", "not_authenticated", { "WWW-Authenticate": challenge(undefined, undefined) }),
    authenticationFailed: (error, scheme, detail) =>
      problem("authentication_failed", detail, { "WWW-Authenticate": challenge(scheme, error) }),
    permissionDenied: (scheme) =>
      problem("permission_denied", "permission_denied", {
        "WWW-Authenticate": challenge(scheme, "insufficient_scope"),
      }),
    throttled: (retryAfterSeconds, detail) =>
      problem("throttled", detail, { "Retry-After": String(retryAfterSeconds) }),
    serviceUnavailable: (retryAfterSeconds) =>
      problem("service_unavailable", "service_unavailable", { "Retry-After": String(retryAfterSeconds) }),
  };
}

/** RFC 6750 §3.1. */
type ChallengeError = "invalid_request" | "invalid_token" | "insufficient_scope";

/**
 * Creates a function that returns the value of `WWW-Authenticate`: a challenge for each accepted scheme, `Bearer` first as in the
 * Django APIs, with the error at the scheme of the request.
 *
 * @throws TypeError when the realm is not valid in a header
 */
function challenges(
  realm: string,
  { only, metadataUrl }: ChallengeOptions,
): (scheme: Scheme | undefined, error: ChallengeError | undefined) => string {
  if (!/^[\x20-\x7e]*$/.test(realm)) throw new TypeError("the realm must be printable ASCII");
  const quoted = `"${realm.replace(/["\\]/g, "\\$&")}"`;
  // The URL has no quotes: its parser encodes them.
  const metadata = metadataUrl === undefined ? "" : `, resource_metadata="${metadataUrl}"`;
  const names = [
    ["bearer", "Bearer", metadata],
    ["token", "Token", ""],
  ] as const satisfies readonly (readonly [Scheme, string, string])[];
  const accepted = names.filter(([scheme]) => only === undefined || scheme === only);
  return (used = only ?? "bearer", error) => {
    const suffix = error === undefined ? "" : `, error="${error}"`;
    const parts = accepted.map(([scheme, name, more]) => [
      name,
      ` realm=${quoted}`,
      scheme === used ? suffix : "",
      more,
    ]);
    return parts.map((part) => part.join("")).join(", ");
  };
}

/** A short text for clients. */
export type ProblemText =
  | "not_authenticated"
  | "authentication_failed"
  | "permission_denied"
  | "throttled"
  | "rate_limited"
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

/** The texts of the Django APIs where they have one, untranslated if they are there. */
const texts: Readonly<Record<Language, Readonly<Record<ProblemText, string>>>> = {
  nl: {
    not_authenticated: "Authenticatiegegevens zijn niet opgegeven.",
    authentication_failed: "Ongeldige authenticatiegegevens.",
    permission_denied: "U hebt geen toestemming om deze actie uit te voeren.",
    throttled: "Te veel mislukte pogingen. Probeer het later opnieuw.",
    rate_limited: "Te veel verzoeken. Probeer het later opnieuw.",
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
    rate_limited: "Too many requests. Try again later.",
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
