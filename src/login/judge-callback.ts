import type { Attempt } from "./attempt.js";
import { digest } from "./attempt.js";
import type { Callback } from "./callback.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";

/** The person gave up, was not let in, or would have had to be asked something. */
const refusals: ReadonlySet<string> = new Set([
  ...["access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required"],
]);
const passing: ReadonlySet<string> = new Set(["temporarily_unavailable", "server_error"]);
const mistakes: ReadonlySet<string> = new Set([
  ...["invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "request_not_supported"],
]);

/** The code of an answer, if it is the one that the attempt was waiting for. Nothing that it says is repeated. */
export function judgeCallback(
  { code, error, issuer }: Callback,
  attempt: Attempt,
  { provider }: LoginClient,
): { readonly kind: "code"; readonly code: string } | LoginFault {
  const current = provider.issuer === null ? null : digest(provider.issuer);
  // Somebody has configured another provider meanwhile.
  if (attempt.issuer !== null && attempt.issuer !== current) return fault("issuer_mismatch", "provider_changed");
  if (issuer !== undefined && provider.issuer !== null && issuer !== provider.issuer) {
    return fault("issuer_mismatch", "wrong_issuer_parameter");
  }
  if (issuer === undefined && provider.sendsIssuer) return fault("issuer_mismatch", "no_issuer_parameter");
  if (error !== undefined) return faultOf(error);
  return code ? { kind: "code", code } : fault("callback_invalid", "no_code");
}

function faultOf(error: string): LoginFault {
  if (refusals.has(error)) return fault("provider_refused", error);
  if (passing.has(error)) return fault("provider_unavailable", error);
  return fault("provider_failed", mistakes.has(error) ? error : "unknown_error");
}
