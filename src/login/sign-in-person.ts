import { randomUUID } from "node:crypto";
import type { Database } from "../database/database.js";
import type { Writer } from "../database/writer.js";
import type { Person } from "../identity/person.js";
import { readProfile } from "../identity/profile.js";
import { signIn } from "../identity/sign-in.js";
import type { JsonObject } from "../jwt/json-object.js";
import type { LoginEvent } from "./event.js";
import { fault, type LoginClient, type LoginFault } from "./login-client.js";

export interface SignInPersonOptions {
  readonly database: Database;
  readonly writer: Writer;
  readonly now: () => number;
  readonly report: (event: LoginEvent) => void;
}

/** Makes a person's user what the claims say, by the rules that bearer tokens follow too. */
export type SignInPerson = (
  client: LoginClient,
  person: Person,
  claims: JsonObject,
) => Promise<{ readonly kind: "user"; readonly userId: string } | LoginFault>;

const lockTimeoutMs = 5000;
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

export function createSignInPerson({ database, writer, now, report }: SignInPersonOptions): SignInPerson {
  return async ({ oidc }, person, claims) => {
    const { identifier: client, rules } = oidc;
    const profile = readProfile(rules, claims);
    if (profile.kind === "fault") return fault("user_refused", profile.reason);
    const result = await signIn(person, profile, {
      ...{ database, writer, now, sleep, lockTimeoutMs, newId: randomUUID },
      actor: `sign-in:${client}`,
      createsUsers: true,
    });
    if (result.kind === "fault") return fault("user_refused", result.reason);
    const { userId } = result;
    if (profile.hasOddGroups) report({ kind: "groups_claim_odd", client, userId });
    if (result.isWritten) report({ kind: "user_written", client, userId });
    return { kind: "user", userId };
  };
}
