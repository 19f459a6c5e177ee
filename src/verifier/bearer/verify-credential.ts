import { andThen, type MaybePromise } from "../../maybe-promise.js";
import type { OidcClient, OpenAccess } from "../../oidc/client.js";
import { checkTimes } from "../../oidc/jwt/claims.js";
import type { CompactJws, JwsRejection, ParseJws } from "../../oidc/jwt/jws.js";
import type { KnownProvider } from "../../oidc/provider.js";
import { checkSignature, type KeySource, type SignatureResult, unknownKey } from "../../oidc/provider-keys.js";
import { secondsUntil } from "../../oidc/remote-document.js";
import { type ExternalIdentity, readExternalIdentity } from "../../users/external-identity.js";
import type { RejectionDetails } from "../bearer-outcome.js";
import { endOfToken, hasIdTokenMark, mayBeIdToken, type TokenRules, verifyTokenKind } from "./access-token.js";
import { chooseClient } from "./client-snapshot.js";
import {
  type DescribedReason,
  describeKey,
  describeRejection,
  describeUnreadable,
  seenInToken,
} from "./describe-rejection.js";
import {
  encryptedDetails,
  isEncrypted,
  isOpaque,
  type OpaqueTokenContext,
  onlyProvider,
  verifyOpaqueToken,
} from "./opaque-token.js";
import { type BearerRequest, provisionFromClaims, provisionFromUserinfo } from "./provision.js";
import { traceChoice, traceKind, traceReadable, traceTimes } from "./trace-token.js";
import { keepFailure, reject, type Verdict, type VerdictCache, verdictOf } from "./verdict.js";

/** How credentials are verified. */
export interface VerifyContext extends OpaqueTokenContext {
  readonly parse: ParseJws;
}

/** Verifies a credential that is not in the cache, and provisions its user; synchronous if that needs no request or write. */
export function verifyCredential(
  context: VerifyContext,
  cache: VerdictCache,
  request: BearerRequest,
  nowMs: number,
): MaybePromise<Verdict> {
  const jws = context.parse(request.credential);
  return jws.kind === "rejected"
    ? verifyUnreadable(context, cache, request, nowMs, jws)
    : andThen(verifyJwt(context, { jws, cache, request, nowMs, rules: context.rules }), addSeen, jws);
}

/** A log of a refusal shows whose token it was, and what was to sign it. */
function addSeen(verdict: Verdict, { header, claims }: CompactJws): Verdict {
  const { outcome, keepUntilMs } = verdict;
  if (outcome.kind === "accepted") return verdict;
  return { outcome: { ...outcome, ...seenInToken(header, claims) }, keepUntilMs };
}

/** What is no signed JWT may be a token that only its provider can read. */
function verifyUnreadable(
  context: VerifyContext,
  cache: VerdictCache,
  request: BearerRequest,
  nowMs: number,
  { reason, member }: JwsRejection,
): MaybePromise<Verdict> {
  const { credential } = request;
  const isUnreadable = isEncrypted(credential);
  const mayBeKnown = !context.rules.isStrict && (isUnreadable || isOpaque(credential));
  if (!mayBeKnown) {
    return isUnreadable
      ? reject("encrypted_token", encryptedDetails)
      : reject(reason, describeUnreadable(reason, credential, member));
  }
  const provider = onlyProvider(cache);
  return provider ? awaitProvider(context, provider) : verifyOpaqueToken(context, cache, request, nowMs);
}

interface UnverifiedToken {
  readonly jws: CompactJws;
  readonly cache: VerdictCache;
  readonly request: BearerRequest;
  readonly nowMs: number;
  readonly rules: TokenRules;
}

/** Checks everything that needs no key first: nobody is asked about a token that is rejected anyway. */
function verifyJwt(context: VerifyContext, token: UnverifiedToken): MaybePromise<Verdict> {
  const { jws, nowMs, rules } = token;
  const { configuration } = token.cache;
  const { trace } = context;
  if (trace) traceReadable(trace, jws);
  const kind = verifyTokenKind(jws, rules);
  if (kind) return reject(kind, describe(kind, token, []));
  if (trace) traceKind(trace, jws);
  const time = checkTimes(jws.claims, nowMs, rules.leewaySeconds, rules.maxAgeSeconds);
  if (time) return reject(time, describe(time, token, []));
  if (trace) traceTimes(trace, jws);
  if (hasIdTokenMark(jws, configuration.acceptsAtHash)) return rejectIdToken(token, []);
  const choice = chooseClient(configuration, jws, rules);
  if (trace) traceChoice(trace, choice, jws);
  if (choice.kind === "pending") return awaitProvider(context, choice.provider);
  if (choice.kind === "rejected") return reject(choice.reason, describe(choice.reason, token, choice.clients));
  const { client, access } = choice;
  if (hasIdTokenMark(jws, client.acceptsAtHash)) return rejectIdToken(token, [client]);
  // Both were checked above.
  const times = jws.claims as { readonly iss: string; readonly exp: number; readonly iat?: number };
  // Before any request: each one, and each cache entry, is about a subject.
  const identity = readExternalIdentity(times.iss, jws.claims, client.names);
  if (!identity) return reject("subject_invalid", describe("subject_invalid", token, [client]));
  // A client that acts in its own name has no userinfo.
  const asksUserinfo = client.asksUserinfo && !identity.isClient;
  if (!asksUserinfo && mayBeIdToken(client, jws)) return rejectIdToken(token, [client]);
  trace?.passed("subject_invalid");
  const checked = checkSignature(jws, access.algorithm, access.keys, context.now);
  return andThen(checked, provisionSigned, context, token, { client, access, identity, times, asksUserinfo });
}

interface ClaimedToken {
  readonly client: OidcClient;
  readonly access: OpenAccess;
  readonly identity: ExternalIdentity;
  readonly times: { readonly iss: string; readonly exp: number; readonly iat?: number };
  readonly asksUserinfo: boolean;
}

/** A valid signature proves what the token claims. */
function provisionSigned(
  checked: SignatureResult,
  context: VerifyContext,
  token: UnverifiedToken,
  { client, access, identity, times, asksUserinfo }: ClaimedToken,
): MaybePromise<Verdict> {
  const { now } = context;
  const { jws, cache, request, rules } = token;
  if (checked.kind === "unavailable") return verdictOf({ ...checked, found: describeKey(jws.header) }, now());
  if (checked.kind === "rejected") {
    const details = describe(checked.reason, token, [client], access.keys);
    return checked === unknownKey ? reject(checked.reason, details) : keepFailure(checked.reason, now(), details);
  }
  context.trace?.passed("bad_signature", describeKey(jws.header));
  const endsAtMs = endOfToken(times, rules);
  // Written out, because spreading objects is expensive here.
  const verified = {
    client,
    identity,
    tokenClaims: jws.claims,
    claims: jws.claims,
    digest: request.digest,
    issuedAtMs: times.iat === undefined ? undefined : times.iat * 1000,
    reliableUntilMs: Math.min(endsAtMs, access.keys.reliableUntilMs()),
  };
  if (!asksUserinfo) return provisionFromClaims(context, cache, verified);
  const question = { verified, issuer: times.iss, access, request, keepUntilMs: endsAtMs };
  return provisionFromUserinfo(context, cache, question);
}

/** The discovery document replaces the configuration, under which the verification is repeated. */
async function awaitProvider({ now }: VerifyContext, provider: KnownProvider): Promise<Verdict> {
  await provider.resolve();
  const retryAfterSeconds = secondsUntil(provider.retryAtMs(), now());
  const found = `no discovery document of ${provider.issuer}`;
  return {
    outcome: { kind: "unavailable", reason: "provider_unavailable", retryAfterSeconds, found },
    keepUntilMs: 0,
  };
}

function describe(
  reason: DescribedReason,
  { jws: { header, claims }, cache: { configuration }, nowMs, rules }: UnverifiedToken,
  clients: readonly OidcClient[],
  keys?: KeySource,
): RejectionDetails {
  const token = { header, claims, nowMs, rules, configuration, clients };
  return describeRejection(reason, keys ? { ...token, keys } : token);
}

/** Dex's access tokens are indistinguishable from its ID tokens. */
const dexHint = "Dex: login only, unless the client has accept_at_hash: true";

function rejectIdToken(token: UnverifiedToken, clients: readonly OidcClient[]): Verdict {
  const details = describe("id_token", token, clients);
  return reject("id_token", Object.hasOwn(token.jws.claims, "at_hash") ? { ...details, hint: dexHint } : details);
}
