import { onTestFinished } from "vitest";
import { apply } from "../../src/apply/apply.js";
import type { ApplyOptions } from "../../src/apply/options.js";
import type { Attributes, Resource } from "../../src/plan/resource.js";
import { Secret } from "../../src/secrets/secret.js";
import type { Principal } from "../../src/users/principal.js";
import { createVerifier, type VerifierOptions } from "../../src/verifier/create-verifier.js";
import type { VerifierEvent } from "../../src/verifier/event.js";
import type { ProblemDetails } from "../../src/verifier/problem.js";
import type { Authorization, Outcome, Verifier } from "../../src/verifier/verifier.js";
import { noticeChange, sealingEnv } from "../support/databases.js";
import { migratedDatabase } from "../support/migrated-database.js";
import { configurationOf, resource, runOptions } from "../support/run.js";

/** Of the form that Django REST framework generates. */
export const tokenValue = "ba9d233e95e04c4a8a661a27daffe7c9bd019067";
export const otherValue = "f1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

/** A token whose service user may read, by default. */
export function token(key: string, value: string | Secret, more: Attributes = {}): Resource {
  return resource("api_token", key, {
    token: typeof value === "string" ? new Secret(value) : value,
    generated: false,
    user: null,
    is_superuser: false,
    permissions: ["taken.view_externetaak"],
    contact_person: "Functioneel beheer",
    email: "beheer@gemeente.example",
    organization: "",
    application: "",
    administration: "",
    expires_at: null,
    grace_seconds: 0,
    ...more,
  });
}

export function user(key: string, more: Attributes = {}): Resource {
  return resource("user", key, { email: `${key}@gemeente.example`, groups: [], permissions: [], ...more });
}

export interface World {
  readonly url: string;
  readonly verifier: Verifier;
  readonly events: readonly VerifierEvent[];
  /** Why requests were rejected so far. */
  readonly reasons: () => readonly string[];
  /** Applies this configuration, as another process would, and gives the verifier the time that it may take to notice. */
  readonly apply: (resources: readonly Resource[], overrides?: Partial<ApplyOptions>) => Promise<void>;
  readonly authenticate: (authorization: Authorization) => Promise<Outcome>;
  /** In milliseconds. */
  setNow: (now: number) => void;
}

/** A database that says this, and a verifier that reads it; both go away with the test. */
export async function makeWorld(
  resources: readonly Resource[],
  { url: given, ...options }: Partial<VerifierOptions> & { readonly url?: string } = {},
): Promise<World> {
  const url = given ?? (await migratedDatabase());
  const events: VerifierEvent[] = [];
  let nowMs: number | undefined;
  const applyTo = async (more: readonly Resource[], overrides: Partial<ApplyOptions> = {}) => {
    await apply(configurationOf(...more), runOptions(url, overrides));
    await noticeChange();
  };
  // Nobody has to notice it yet.
  await apply(configurationOf(...resources), runOptions(url));
  const verifier = await createVerifier({
    database: url,
    env: sealingEnv(),
    onEvent: (event) => events.push(event),
    now: () => nowMs ?? Date.now(),
    ...options,
  });
  onTestFinished(() => verifier.close());
  return {
    url,
    verifier,
    events,
    reasons: () => events.flatMap((event) => (event.kind === "rejected" ? event.reason : [])),
    apply: applyTo,
    authenticate: async (authorization) => verifier.authenticate(authorization),
    setNow: (now) => {
      nowMs = now;
    },
  };
}

export function principalIn(outcome: Outcome): Principal {
  if (outcome.kind !== "authenticated")
    throw new Error(`expected to be accepted, not ${JSON.stringify(outcome.problem.body)}`);
  return outcome.principal;
}

export function problemIn(outcome: Outcome): ProblemDetails {
  if (outcome.kind === "authenticated") throw new Error("expected to be refused");
  return outcome.problem;
}
