import { describe, expect, it } from "vitest";
import type { AdminEvent } from "../../src/admin/event.js";
import type { LoginEvent } from "../../src/login/event.js";
import type { VerifierEvent } from "../../src/verifier/event.js";
import { readDocument, tableUnder } from "./markdown.js";

type KeysOf<T> = T extends unknown ? keyof T : never;
type OfKind<E, K> = E extends { readonly kind: infer Kinds } ? (K extends Kinds ? E : never) : never;

/** Every kind of a union of events with every member that it may have: the type check fails for one too many or too few. */
type Members<E extends { readonly kind: string }> = {
  readonly [K in E["kind"]]: { readonly [M in Exclude<KeysOf<OfKind<E, K>>, "kind">]: true };
};

const answered = { instance: true, requestId: true } as const;
const seen = { issuer: true, audience: true, kid: true, algorithm: true } as const;
const details = { claim: true, found: true, expected: true, hint: true } as const;
const ofUser = { client: true, userId: true } as const;

const shared: Members<Exclude<Extract<VerifierEvent, LoginEvent>, { readonly kind: "rejected" }>> = {
  client_unusable: { client: true, message: true },
  mapping_ignored: { client: true, fields: true },
  groups_claim_missing: { ...ofUser, claim: true, found: true, hint: true },
  groups_claim_odd: { ...ofUser, claim: true, found: true, hint: true },
  groups_kept: { ...ofUser, claim: true, found: true, hint: true },
  claim_ignored: { ...ofUser, claim: true, found: true, hint: true },
  claims_stale: ofUser,
  user_linked: { ...ofUser, by: true },
  user_renamed: ofUser,
  username_kept: { ...ofUser, reason: true },
  user_written: ofUser,
  keys_fetched: { url: true, keys: true, ignored: true },
  provider_failed: { endpoint: true, url: true, message: true, retryAfterMs: true },
  token_unanswered: { url: true, message: true },
};

const ofVerifier: Members<VerifierEvent> = {
  rejected: { scheme: true, reason: true, token: true, username: true, ...details, ...seen, ...answered },
  revoked_token_used: { token: true, reason: true, ...answered },
  forbidden: {
    scheme: true,
    credential: true,
    username: true,
    reason: true,
    permission: true,
    anyOf: true,
    clients: true,
    ...answered,
  },
  throttled: { reason: true, source: true, token: true, username: true, ...answered },
  unavailable: { reason: true, found: true, error: true, ...seen, ...answered },
  token_expires_soon: { token: true, username: true, expiresAt: true },
  last_used_failed: { tokens: true, error: true },
  ...shared,
};

const ofLogin: Members<Exclude<LoginEvent, VerifierEvent>> = {
  started: { client: true },
  restarted: { client: true, reason: true },
  next_ignored: { client: true },
  signed_in: ofUser,
  tried: { client: true, code: true, reason: true },
  signed_in_with_password: { ...ofUser, runId: true },
  refused: { client: true, code: true, reason: true, userId: true, ...details },
  session_ended: { ...ofUser, reason: true },
  session_not_noted: { client: true },
  weakened: { client: true, message: true },
};

const ofAdmin: Members<Exclude<AdminEvent, LoginEvent>> = {
  form_refused: { reason: true, path: true },
  too_many_attempts: { what: true, address: true },
  bootstrap_started: { runId: true },
  bootstrap_refused: { reason: true, address: true },
  bootstrap_ended: { reason: true },
  admin_failed: { path: true, error: true },
};

const namesIn = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

describe.each([
  ["docs/verifier.md", ofVerifier],
  ["docs/login.md", ofLogin],
  ["docs/admin.md", ofAdmin],
] as const)("the events in %s", (file, members) => {
  it("are those of the union, each with every member", () => {
    const rows = tableUnder(readDocument(file), "## Events").filter((row) => row.length === 3);
    const documented = rows.map(([kind, names]) => [namesIn(kind)[0], namesIn(names).sort()]);
    const declared = Object.entries(members).map(([kind, names]) => [kind, Object.keys(names).sort()]);
    expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(declared));
    for (const [, , when] of rows) expect(when).toMatch(/\.$/);
  });
});
