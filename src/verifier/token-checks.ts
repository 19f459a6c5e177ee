import type { CheckTrace } from "./check-trace.js";
import type { StoredToken } from "./read-token.js";
import type { TokenReason } from "./reasons.js";

interface TokenCheck {
  readonly reason: TokenReason;
  readonly fails: (stored: StoredToken, nowMs: number) => boolean;
  /** What it looks at; undefined where the token has no such limit. */
  readonly seen: (stored: StoredToken) => string | null | undefined;
}

/** In their order. With a time that can't be parsed, a token is rejected, since its author wanted it to end or start at some time. */
const checks: readonly TokenCheck[] = [
  { reason: "revoked", fails: ({ isRevoked }) => isRevoked, seen: () => undefined },
  { reason: "disabled", fails: ({ isDisabled }) => isDisabled, seen: () => undefined },
  {
    reason: "grace_ended",
    fails: ({ validUntil }, nowMs) => validUntil !== null && !(nowMs < Date.parse(validUntil)),
    seen: ({ validUntil }) => validUntil,
  },
  {
    reason: "expired",
    fails: ({ expiresAt }, nowMs) => expiresAt !== null && !(nowMs < Date.parse(expiresAt)),
    seen: ({ expiresAt }) => expiresAt,
  },
  {
    reason: "not_yet_valid",
    fails: ({ validFrom }, nowMs) => validFrom !== null && !(nowMs >= Date.parse(validFrom)),
    seen: ({ validFrom }) => validFrom,
  },
  { reason: "inactive_user", fails: ({ isUserActive }) => !isUserActive, seen: ({ grants }) => grants.user.username },
];

/** Why a token is rejected now by what its row says; undefined where it is not. */
export function findRejection(
  stored: StoredToken,
  nowMs: number,
  trace: CheckTrace | undefined,
): TokenReason | undefined {
  for (const { reason, fails, seen } of checks) {
    const found = trace && seen(stored);
    if (fails(stored, nowMs)) {
      if (found) trace?.failed(found);
      return reason;
    }
    trace?.passed(reason, found ?? undefined);
  }
  return undefined;
}
