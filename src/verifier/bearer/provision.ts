import { randomUUID } from "node:crypto";
import { SetupError } from "../../errors.js";
import { andThen, type MaybePromise } from "../../maybe-promise.js";
import { type OidcClient, type OpenAccess, readerOf } from "../../oidc/client.js";
import type { JsonObject } from "../../oidc/jwt/json-object.js";
import { sleep } from "../../retry.js";
import { type ClaimsAge, whenFirstSeen } from "../../users/applied-claims.js";
import { kindOf } from "../../users/claim-values.js";
import { type ExternalIdentity, readExternalIdentity } from "../../users/external-identity.js";
import { hasSameClaims, type MappedClaims, readMappedClaims, relevantClaims } from "../../users/map-claims.js";
import { type ProvisionOptions, provisionUser } from "../../users/provision-user.js";
import type { OnBearerEvent } from "../event.js";
import { sourceOf } from "../failure-limit.js";
import type { RequestContext } from "../verifier.js";
import {
  type KnownPerson,
  keepFailure,
  keepSuccess,
  reject,
  type Verdict,
  type VerdictCache,
  verdictOf,
} from "./verdict.js";

interface AdmitOptions
  extends Omit<ProvisionOptions, "newId" | "sleep" | "lockTimeoutMs" | "actor" | "providerId" | "clientId" | "age"> {
  readonly onEvent: OnBearerEvent;
}

/** Verified: the provider vouches for it. */
interface Admission {
  readonly client: OidcClient;
  readonly person: ExternalIdentity;
  /** The token's own claims. */
  readonly token: JsonObject;
  /** The claims of the user: the token's own, or the userinfo endpoint's. */
  readonly claims: JsonObject;
  /** Hex SHA-256 of the token. */
  readonly digest: string;
  /** When the token was issued; undefined where it does not say. */
  readonly issuedAtMs: number | undefined;
  /** When the provider answered with the claims, where they are not the token's own. */
  readonly readAtMs?: number;
  /** Until when everything that was checked stays true. */
  readonly reliableUntilMs: number;
}

export type Admit = (session: VerdictCache, admission: Admission) => MaybePromise<Verdict>;

const lockTimeoutMs = 2000;

/** Creates the function that finds the user of verified claims: at once where the same claims were seen before. */
export function createAdmit(options: AdmitOptions): Admit {
  const { now, onEvent } = options;

  return (session, admission) => {
    const { client, person, claims } = admission;
    const known = session.people.get(client)?.get(person.subject);
    if (known && isKnown(known, admission)) return accept(known.outcome, admission);
    const relevant = relevantClaims(client.rules, claims);
    const age = [admission.issuedAtMs ?? admission.digest, admission.readAtMs];
    const flightKey = JSON.stringify([client.identifier, person.issuer, person.subject, relevant, age]);
    const flying = session.signIns.get(flightKey);
    if (flying) return flying.then((verdict) => shareVerdict(verdict, admission));
    const profile = readMappedClaims(client.rules, claims);
    if (profile.kind === "rejected") {
      const { kind: _, reason, ...details } = profile;
      return reject(reason, details);
    }
    const flight = enter(session, admission, profile, relevant).finally(() => session.signIns.delete(flightKey));
    session.signIns.set(flightKey, flight);
    return flight;
  };

  async function enter(
    session: VerdictCache,
    admission: Admission,
    profile: MappedClaims,
    relevant: readonly unknown[],
  ): Promise<Verdict> {
    const { client, person } = admission;
    const { id: clientId, identifier, providerId } = client;
    try {
      const actor = `sign-in:${identifier}`;
      const age = await ageOf(admission);
      const own = { sleep, lockTimeoutMs, actor, clientId, providerId, age, newId: randomUUID };
      const result = await provisionUser(person, profile, { ...options, ...own });
      if (result.kind === "rejected") return keepFailure(result.reason, now(), { username: profile.username.name });
      const { userId, revision, isWritten, isStale, isNewest, linkedBy, renaming } = result;
      for (const note of profile.notes) onEvent({ ...note, client: identifier, userId });
      if (isStale) onEvent({ kind: "claims_stale", client: identifier, userId });
      if (linkedBy) onEvent({ kind: "user_linked", client: identifier, userId, by: linkedBy });
      if (renaming?.kind === "renamed") onEvent({ kind: "user_renamed", client: identifier, userId });
      if (renaming?.kind === "kept") {
        onEvent({ kind: "username_kept", client: identifier, userId, reason: renaming.reason });
      }
      if (isWritten) onEvent({ kind: "user_written", client: identifier, userId });
      const outcome = { kind: "accepted", userId, clientIdentifier: identifier, revision } as const;
      if (isNewest) remember(session, admission, { issuer: person.issuer, claims: relevant, age, outcome });
      return accept(outcome, admission);
    } catch (error) {
      const isBusy = error instanceof SetupError && error.reason === "unavailable";
      if (!isBusy) throw error;
      return { outcome: { kind: "unavailable", reason: "database_busy", retryAfterSeconds: 1 }, keepUntilMs: 0 };
    }
  }

  /** Old claims may arrive later than newer ones that were requested at the same time. */
  function remember({ people }: VerdictCache, { client, person }: Admission, known: KnownPerson): void {
    const others = people.get(client);
    const other = others?.get(person.subject);
    if (!other || other.age.issuedAtMs <= known.age.issuedAtMs) others?.set(person.subject, known);
  }

  async function ageOf({ issuedAtMs, readAtMs, digest }: Admission): Promise<ClaimsAge> {
    const issued = issuedAtMs ?? (await whenFirstSeen(digest, options));
    return { issuedAtMs: issued, saidAtMs: readAtMs ?? issued, token: digest };
  }

  function accept(outcome: KnownPerson["outcome"], { reliableUntilMs }: Admission): Verdict {
    return keepSuccess(outcome, now(), reliableUntilMs);
  }

  /** Another token of the same user has its own expiry. */
  function shareVerdict(verdict: Verdict, admission: Admission): Verdict {
    const { outcome } = verdict;
    return outcome.kind === "accepted" ? accept(outcome, admission) : verdict;
  }
}

/** Newer claims with the same content must still be recorded as the newest. */
function isKnown({ issuer, claims, age }: KnownPerson, admission: Admission): boolean {
  const { issuedAtMs, readAtMs, digest } = admission;
  if (issuedAtMs === undefined || issuedAtMs > age.issuedAtMs) return false;
  if (readAtMs !== undefined && digest === age.token && readAtMs > age.saidAtMs) return false;
  return issuer === admission.person.issuer && hasSameClaims(admission.client.rules, admission.claims, claims);
}

/** A credential that came with a request. */
export interface BearerRequest {
  readonly credential: string;
  /** Its SHA-256. */
  readonly digest: string;
  readonly context: RequestContext | undefined;
}

/** A valid token whose user's claims are missing. */
interface UserinfoQuestion {
  readonly admission: Omit<Admission, "person" | "claims">;
  readonly issuer: string;
  readonly access: OpenAccess;
  readonly request: BearerRequest;
  /** Until when the answer may be kept: the token's expiry. */
  readonly keepUntilMs: number;
}

export type AskUserinfo = (session: VerdictCache, question: UserinfoQuestion) => MaybePromise<Verdict>;

const noEndpointHint =
  "write `userinfo_claims_source: id_token` at the client, or the provider's `oidc_op_user_endpoint`";

/** Creates the function that admits with the claims of the userinfo endpoint. */
export function createAskUserinfo(admit: Admit, now: () => number): AskUserinfo {
  return (session, { admission, issuer, access, request, keepUntilMs }) => {
    const { userinfo } = admission.client.provider;
    if (!userinfo) return reject("not_configured", { hint: noEndpointHint });
    const { credential, digest, context } = request;
    const reader = readerOf(admission.client, access);
    return andThen(userinfo.ask({ credential, digest, source: sourceOf(context), reader, keepUntilMs }), (answer) => {
      if (answer.kind !== "claims") return verdictOf(answer, now());
      const { claims, readAtMs } = answer;
      const { token } = admission;
      // OpenID Connect Core §5.3.2: otherwise they are another user's.
      if (token.sub !== undefined && claims.sub !== token.sub) {
        const found = typeof claims.sub === "string" ? "another one" : kindOf(claims.sub);
        return keepFailure("userinfo_mismatch", now(), { claim: "sub", found, expected: "the token's" });
      }
      // Where only userinfo identifies the token's subject, it is a user: a client has no userinfo.
      const person = readExternalIdentity(issuer, token.sub === undefined ? { sub: claims.sub } : token);
      return person
        ? admit(session, { ...admission, person, claims, readAtMs })
        : keepFailure("subject_invalid", now(), { claim: "sub", found: kindOf(claims.sub) });
    });
  };
}
