import { randomUUID } from "node:crypto";
import { DatabaseError } from "../../database/database.js";
import { SetupError } from "../../errors.js";
import { andThen, type MaybePromise } from "../../maybe-promise.js";
import { type OidcClient, type OpenAccess, readerOf } from "../../oidc/client.js";
import type { JsonObject } from "../../oidc/jwt/json-object.js";
import type { TokenAnswer } from "../../oidc/token-questions.js";
import { sleep } from "../../retry.js";
import { type ClaimsAge, whenFirstSeen } from "../../users/applied-claims.js";
import { kindOf } from "../../users/claim-values.js";
import { type ExternalIdentity, readExternalIdentity } from "../../users/external-identity.js";
import { hasSameClaims, type MappedClaims, mapClaims, relevantClaims } from "../../users/map-claims.js";
import { type ProvisionOptions, provisionUser, reportProvisioned } from "../../users/provision-user.js";
import type { CheckTrace } from "../check-trace.js";
import type { OnBearerEvent } from "../event.js";
import { type RequestContext, sourceOf } from "../verifier.js";
import {
  type KnownIdentity,
  keepFailure,
  keepSuccess,
  reject,
  type Verdict,
  type VerdictCache,
  verdictOf,
} from "./verdict.js";

/** How users are provisioned. */
export interface ProvisionContext
  extends Omit<ProvisionOptions, "newId" | "sleep" | "lockTimeoutMs" | "actor" | "providerId" | "clientId" | "age"> {
  readonly onEvent: OnBearerEvent;
  readonly trace?: CheckTrace | undefined;
}

/** A verified token, with its claims. */
interface VerifiedToken {
  readonly client: OidcClient;
  readonly identity: ExternalIdentity;
  /** The token's own claims. */
  readonly tokenClaims: JsonObject;
  /** The claims of the user: the token's own, or the userinfo endpoint's. */
  readonly claims: JsonObject;
  /** Hex SHA-256 of the token. */
  readonly digest: string;
  /** Undefined for a token without `iat`. */
  readonly issuedAtMs: number | undefined;
  /** When the provider returned the claims, if they are not the token's own. */
  readonly readAtMs?: number;
  /** Until when the checks stay valid. */
  readonly reliableUntilMs: number;
}

const lockTimeoutMs = 2000;

/** Finds, creates or updates the user of verified claims; synchronous if the same claims were applied before. */
export function provisionFromClaims(
  context: ProvisionContext,
  cache: VerdictCache,
  verified: VerifiedToken,
): MaybePromise<Verdict> {
  const { client, identity, claims } = verified;
  context.trace?.claimed(client, identity, claims);
  const known = cache.identities.get(client)?.get(identity.subject);
  if (known && isKnown(known, verified)) return accept(context, known.outcome, verified);
  const relevant = relevantClaims(client.mapping, claims);
  const age = [verified.issuedAtMs ?? verified.digest, verified.readAtMs];
  const flightKey = JSON.stringify([client.identifier, identity.issuer, identity.subject, relevant, age]);
  const flying = cache.signIns.get(flightKey);
  if (flying) return andThen(flying, shareVerdict, context, verified);
  const mapped = mapClaims(client.mapping, claims);
  if (mapped.kind === "rejected") {
    const { kind: _, reason, ...details } = mapped;
    return reject(reason, details);
  }
  context.trace?.passed("username_missing", mapped.username.name);
  const flight = provision(context, cache, verified, mapped, relevant).finally(() => cache.signIns.delete(flightKey));
  cache.signIns.set(flightKey, flight);
  return flight;
}

async function provision(
  context: ProvisionContext,
  cache: VerdictCache,
  verified: VerifiedToken,
  mapped: MappedClaims,
  relevant: readonly unknown[],
): Promise<Verdict> {
  const { database, writer, createsUsers, now, sign, onEvent } = context;
  const { client, identity } = verified;
  const { id: clientId, identifier, providerId } = client;
  try {
    const actor = `sign-in:${identifier}`;
    const age = await ageOf(context, verified);
    const options = { database, writer, createsUsers, now, sign, sleep, lockTimeoutMs, newId: randomUUID };
    const result = await provisionUser(identity, mapped, { ...options, actor, clientId, providerId, age });
    if (result.kind === "rejected") return keepFailure(result.reason, now(), { username: mapped.username.name });
    context.trace?.passed("username_taken", mapped.username.name);
    reportProvisioned(identifier, mapped, result, onEvent);
    const { userId, revision, isNewest } = result;
    const outcome = { kind: "accepted", userId, clientIdentifier: identifier, revision } as const;
    if (isNewest) remember(cache, verified, { issuer: identity.issuer, claims: relevant, age, outcome });
    return accept(context, outcome, verified);
  } catch (error) {
    if (!isWriteDelayed(error)) throw error;
    return { outcome: { kind: "unavailable", reason: "database_busy", retryAfterSeconds: 1 }, keepUntilMs: 0 };
  }
}

/** The database works, but the user can't be written yet. */
function isWriteDelayed(error: unknown): boolean {
  if (error instanceof DatabaseError) return error.failure === "busy";
  return error instanceof SetupError && error.reason === "unavailable";
}

/** Concurrent requests may finish in another order than their claims. */
function remember({ identities }: VerdictCache, { client, identity }: VerifiedToken, known: KnownIdentity): void {
  const others = identities.get(client);
  const other = others?.get(identity.subject);
  if (!other || other.age.issuedAtMs <= known.age.issuedAtMs) others?.set(identity.subject, known);
}

async function ageOf(context: ProvisionContext, { issuedAtMs, readAtMs, digest }: VerifiedToken): Promise<ClaimsAge> {
  const issued = issuedAtMs ?? (await whenFirstSeen(digest, context));
  return { issuedAtMs: issued, saidAtMs: readAtMs ?? issued, token: digest };
}

function accept(
  { now }: ProvisionContext,
  outcome: KnownIdentity["outcome"],
  { reliableUntilMs }: VerifiedToken,
): Verdict {
  return keepSuccess(outcome, now(), reliableUntilMs);
}

/** Another token of the same user has its own expiry. */
function shareVerdict(verdict: Verdict, context: ProvisionContext, verified: VerifiedToken): Verdict {
  const { outcome } = verdict;
  return outcome.kind === "accepted" ? accept(context, outcome, verified) : verdict;
}

/** Newer claims with the same content must still be recorded as the newest. */
function isKnown({ issuer, claims, age }: KnownIdentity, verified: VerifiedToken): boolean {
  const { issuedAtMs, readAtMs, digest } = verified;
  if (issuedAtMs === undefined || issuedAtMs > age.issuedAtMs) return false;
  if (readAtMs !== undefined && digest === age.token && readAtMs > age.saidAtMs) return false;
  return issuer === verified.identity.issuer && hasSameClaims(verified.client.mapping, verified.claims, claims);
}

/** The credential of a request. */
export interface BearerRequest {
  readonly credential: string;
  /** Its SHA-256. */
  readonly digest: string;
  readonly context: RequestContext | undefined;
}

/** A valid token, whose user's claims are still missing. */
interface UserinfoQuestion {
  readonly verified: Omit<VerifiedToken, "identity" | "claims">;
  readonly issuer: string;
  readonly access: OpenAccess;
  readonly request: BearerRequest;
  /** Until when the answer may be cached: the token's expiry. */
  readonly keepUntilMs: number;
}

const noEndpointHint =
  "write `userinfo_claims_source: id_token` for the client, or `oidc_op_user_endpoint` for the provider";

/** Fetches the claims from the userinfo endpoint, and provisions the user from them. */
export function provisionFromUserinfo(
  context: ProvisionContext,
  cache: VerdictCache,
  question: UserinfoQuestion,
): MaybePromise<Verdict> {
  const { verified, access, request, keepUntilMs } = question;
  const { userinfo } = verified.client.provider;
  if (!userinfo) return reject("not_configured", { hint: noEndpointHint });
  const { credential, digest, context: from } = request;
  const reader = readerOf(verified.client, access);
  const answer = userinfo.ask({ credential, digest, source: sourceOf(from), reader, keepUntilMs });
  return andThen(answer, provisionFromAnswer, context, cache, question);
}

function provisionFromAnswer(
  answer: TokenAnswer,
  context: ProvisionContext,
  cache: VerdictCache,
  { verified, issuer }: UserinfoQuestion,
): MaybePromise<Verdict> {
  const { now } = context;
  if (answer.kind !== "claims") return verdictOf(answer, now());
  const { claims, readAtMs } = answer;
  const { tokenClaims } = verified;
  // OpenID Connect Core §5.3.2: otherwise, the claims are another user's.
  if (tokenClaims.sub !== undefined && claims.sub !== tokenClaims.sub) {
    const found = typeof claims.sub === "string" ? "another `sub`" : kindOf(claims.sub);
    return keepFailure("userinfo_mismatch", now(), { claim: "sub", found, expected: "the `sub` of the token" });
  }
  context.trace?.passed("userinfo_refused", "the claims of the userinfo endpoint");
  // If only userinfo has the subject, it is a user: a client has no userinfo.
  const identity = readExternalIdentity(issuer, tokenClaims.sub === undefined ? { sub: claims.sub } : tokenClaims);
  return identity
    ? provisionFromClaims(context, cache, { ...verified, identity, claims, readAtMs })
    : keepFailure("subject_invalid", now(), { claim: "sub", found: kindOf(claims.sub) });
}
