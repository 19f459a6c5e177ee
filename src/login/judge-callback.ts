import { quoteDescription } from "../oidc/foreign-text.js";
import { describeError } from "../oidc/remote-document.js";
import type { Callback } from "./callback.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";
import { type Attempt, digest } from "./login-state.js";
import { judgeCallbackError } from "./provider-error.js";

export type CallbackVerdict =
  | { readonly kind: "code"; readonly code: string }
  /** The provider knows the person, or could, and wants to be asked anew. */
  | { readonly kind: "begin_again"; readonly reason: "authentication_expired" }
  | LoginFault;

// Between two of them a person waits or signs in somewhere, so that few are needed; a provider that always says it must not loop.
const mostRestarts = 3;

/** The code of an answer, if it is the one that the attempt was waiting for. */
export function judgeCallback(callback: Callback, attempt: Attempt, client: LoginClient): CallbackVerdict {
  const { code, error, errorDescription, issuer } = callback;
  const { provider } = client;
  const secrets = [attempt.state, attempt.nonce ?? "", attempt.verifier ?? "", code ?? ""];
  const current = provider.issuer === null ? null : digest(provider.issuer);
  // Somebody has configured another provider meanwhile.
  if (attempt.issuer !== null && attempt.issuer !== current) {
    return fault("issuer_mismatch", "provider_changed", { found: provider.issuer ?? "an unknown issuer" });
  }
  if (issuer !== undefined && provider.issuer !== null && issuer !== provider.issuer) {
    return fault("issuer_mismatch", "wrong_issuer_parameter", {
      ...{ found: quoteDescription(issuer, secrets), expected: provider.issuer },
    });
  }
  // It gives nobody anything, so it may come without the `iss` that codes must have: Keycloak 23 leaves it out.
  if (error !== undefined) {
    if (error !== "temporarily_unavailable" || errorDescription !== "authentication_expired") {
      return judgeCallbackError(error, describeError(error, errorDescription, secrets), client);
    }
    if (attempt.restarts >= mostRestarts) {
      return fault("state_expired", "authentication_expired", { found: `${attempt.restarts + 1} times in one login` });
    }
    return { kind: "begin_again", reason: "authentication_expired" };
  }
  if (issuer === undefined && provider.sendsIssuer) {
    return fault("issuer_mismatch", "no_issuer_parameter", {
      found: "no `iss`",
      expected: provider.issuer ?? "an `iss`",
    });
  }
  return code ? { kind: "code", code } : fault("callback_invalid", "no_code", { found: "neither `code` nor `error`" });
}
