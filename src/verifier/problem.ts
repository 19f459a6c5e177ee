import { randomUUID } from "node:crypto";
import { challenges } from "./challenge.js";
import type { Scheme } from "./fault.js";
import { type Language, type ProblemText, texts } from "./texts.js";

type ProblemCode =
  | "not_authenticated"
  | "authentication_failed"
  | "permission_denied"
  | "throttled"
  | "service_unavailable";

/** A response that says why a request was not let in: problem+json (RFC 9457) with the incumbent's members. */
export interface HttpProblem {
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

/** Makes the responses of one verifier. None of them holds anything from the request. */
export interface Problems {
  readonly notAuthenticated: () => HttpProblem;
  /** `invalid_request` where the header is malformed, `invalid_token` where the credential is refused (RFC 6750 §3.1). */
  readonly authenticationFailed: (
    error: "invalid_request" | "invalid_token",
    scheme: Scheme | undefined,
    detail: ProblemText,
  ) => HttpProblem;
  readonly permissionDenied: (scheme: Scheme) => HttpProblem;
  readonly throttled: (retryAfterSeconds: number) => HttpProblem;
  readonly serviceUnavailable: (retryAfterSeconds: number) => HttpProblem;
}

const kinds = {
  not_authenticated: { status: 401, type: "NotAuthenticated" },
  authentication_failed: { status: 401, type: "AuthenticationFailed" },
  permission_denied: { status: 403, type: "PermissionDenied" },
  throttled: { status: 429, type: "Throttled" },
  service_unavailable: { status: 503, type: "ServiceUnavailable" },
} as const;

/** @throws TypeError when the realm can't stand in a header */
export function createProblems(realm: string, language: Language): Problems {
  const text = texts[language];
  const challenge = challenges(realm);
  const problem = (code: ProblemCode, detail: ProblemText, headers: Readonly<Record<string, string>>): HttpProblem => {
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
    throttled: (retryAfterSeconds) => problem("throttled", "throttled", { "Retry-After": String(retryAfterSeconds) }),
    serviceUnavailable: (retryAfterSeconds) =>
      problem("service_unavailable", "service_unavailable", { "Retry-After": String(retryAfterSeconds) }),
  };
}
