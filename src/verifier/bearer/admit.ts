import { randomUUID } from "node:crypto";
import { SetupError } from "../../errors.js";
import type { Eventual } from "../../eventual.js";
import type { Person } from "../../identity/person.js";
import { hasSameClaims, type Profile, readProfile, relevantClaims } from "../../identity/profile.js";
import { type SignInOptions, signIn } from "../../identity/sign-in.js";
import type { JsonObject } from "../../jwt/json-object.js";
import type { OidcClient } from "../../provider/client.js";
import type { OnBearerEvent } from "./event.js";
import { type KnownPerson, keepFailure, keepSuccess, refuse, type Session, type Verdict } from "./session.js";

export interface AdmitOptions
  extends Omit<SignInOptions, "newId" | "sleep" | "lockTimeoutMs" | "actor" | "providerId"> {
  readonly onEvent: OnBearerEvent;
}

/** Verified: what a provider vouches for. */
export interface Admission {
  readonly client: OidcClient;
  readonly person: Person;
  /** The token's own claims. */
  readonly token: JsonObject;
  /** Those that the user is made of: the token's own, or the userinfo endpoint's. */
  readonly claims: JsonObject;
  /** Until when all that was looked at stays true. */
  readonly reliableUntilMs: number;
}

export type Admit = (session: Session, admission: Admission) => Eventual<Verdict>;

const lockTimeoutMs = 2000;
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Makes the function that finds the user of verified claims: known at once where the same claims were seen before. */
export function createAdmit(options: AdmitOptions): Admit {
  const { now, onEvent } = options;

  return (session, admission) => {
    const { client, person, claims } = admission;
    const known = session.people.get(client)?.get(person.subject);
    if (known && isKnown(known, admission)) return accept(known.outcome, admission);
    const relevant = relevantClaims(client.rules, claims);
    const flightKey = JSON.stringify([client.identifier, person.issuer, person.subject, relevant]);
    const flying = session.signIns.get(flightKey);
    if (flying) return flying.then((verdict) => shareVerdict(verdict, admission));
    const profile = readProfile(client.rules, claims);
    if (profile.kind === "fault") return refuse(profile.reason);
    const flight = enter(session, admission, profile, relevant).finally(() => session.signIns.delete(flightKey));
    session.signIns.set(flightKey, flight);
    return flight;
  };

  async function enter(
    session: Session,
    admission: Admission,
    profile: Profile,
    relevant: readonly unknown[],
  ): Promise<Verdict> {
    const { client, person } = admission;
    const { identifier, providerId } = client;
    try {
      const actor = `sign-in:${identifier}`;
      const own = { sleep, lockTimeoutMs, actor, providerId, newId: randomUUID };
      const result = await signIn(person, profile, { ...options, ...own });
      if (result.kind === "fault") return keepFailure(result.reason, now());
      const { userId, revision, isWritten, linkedBy } = result;
      if (profile.hasOddGroups) onEvent({ kind: "groups_claim_odd", client: identifier, userId });
      if (linkedBy) onEvent({ kind: "user_linked", client: identifier, userId, by: linkedBy });
      if (isWritten) onEvent({ kind: "user_written", client: identifier, userId });
      const outcome = { kind: "accepted", userId, clientIdentifier: identifier, revision } as const;
      session.people.get(client)?.set(person.subject, { issuer: person.issuer, claims: relevant, outcome });
      return accept(outcome, admission);
    } catch (error) {
      const isBusy = error instanceof SetupError && error.reason === "unavailable";
      if (!isBusy) throw error;
      return { outcome: { kind: "unavailable", reason: "database_busy", retryAfterSeconds: 1 }, keepUntilMs: 0 };
    }
  }

  function accept(outcome: KnownPerson["outcome"], { reliableUntilMs }: Admission): Verdict {
    return keepSuccess(outcome, now(), reliableUntilMs);
  }

  /** Another token of the same user has an end of its own. */
  function shareVerdict(verdict: Verdict, admission: Admission): Verdict {
    const { outcome } = verdict;
    return outcome.kind === "accepted" ? accept(outcome, admission) : verdict;
  }
}

function isKnown({ issuer, claims }: KnownPerson, admission: Admission): boolean {
  return issuer === admission.person.issuer && hasSameClaims(admission.client.rules, admission.claims, claims);
}
