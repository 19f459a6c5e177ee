import { createHash } from "node:crypto";
import type { Database } from "../database/database.js";
import type { Write } from "../database/live-database.js";
import type { Seals } from "./cookies.js";
import type { LoginPrompt } from "./login.js";
import type { LoginLanguage } from "./texts.js";

/** A login under way in a browser, as its cookie holds it. */
export interface LoginState {
  readonly client: string;
  readonly state: string;
  /** Null if none was sent. */
  readonly nonce: string | null;
  readonly verifier: string | null;
  readonly next: string;
  /** Hex SHA-256 of the issuer; null if it is unknown. */
  readonly issuer: string | null;
  readonly startedAtMs: number;
  /** How often the provider has required a restart. */
  readonly restarts: number;
  /** What was asked of the provider, and so is required of the ID token. */
  readonly prompt?: LoginPrompt | undefined;
  readonly maxAgeSeconds?: number | undefined;
  /** Of a sign-in that is only tried out: it begins no session, whatever comes of it. */
  readonly trial?: TrialSubject | undefined;
  /** Of the pages, if the request that began the login asked for one. */
  readonly language?: LoginLanguage | undefined;
}

/** The client that is tried out: one in the database, or the id of one that this process keeps. */
export type TrialSubject = { readonly saved: string } | { readonly unsaved: string };

/** How long a login may take; the same as Keycloak's login page. */
export const loginStateSeconds = 1800;

/** Longer, so that a late user sees that page, and not the one about blocked cookies. */
export const cookieSeconds = 24 * 3600;

const purpose = "login state";

/** The suffix of the cookie's name, which distinguishes logins without revealing their state. */
export function loginStateId(state: string): string {
  return digest(state).slice(0, 16);
}

/** Hex SHA-256. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function sealLoginState(loginState: LoginState, seals: Seals): string {
  return seals.seal(JSON.stringify(loginState), purpose);
}

/** Undefined for anything that was not sealed by {@link sealLoginState} under the same secret. */
export function openLoginState(sealed: string, seals: Seals): LoginState | undefined {
  const opened = seals.open(sealed, purpose);
  // Only login states are sealed for this purpose.
  return opened && (JSON.parse(opened.reveal()) as LoginState);
}

export function isExpired({ startedAtMs }: LoginState, nowMs: number): boolean {
  return nowMs >= startedAtMs + loginStateSeconds * 1000;
}

/** The spent states, shared by all processes: each works once. */
export interface SpentStates {
  /** False if it was already spent. */
  readonly spend: (state: string) => Promise<boolean>;
  readonly isSpent: (state: string) => Promise<boolean>;
}

// Longer than the cookie lives, so that a replay is distinguishable from a forgery.
const keepMs = 2 * cookieSeconds * 1000;

export function createSpentStates({ kysely }: Database, write: Write, now: () => number): SpentStates {
  return {
    spend: (state) =>
      write(async (tx) => {
        const nowMs = now();
        // A write first, so that two processes can't both continue.
        const spent = await tx
          .insertInto("login_states")
          .values({ digest: digest(state), expires_at: new Date(nowMs + keepMs).toISOString() })
          .onConflict((conflict) => conflict.column("digest").doNothing())
          .returning("digest")
          .executeTakeFirst();
        await tx.deleteFrom("login_states").where("expires_at", "<=", new Date(nowMs).toISOString()).execute();
        return spent !== undefined;
      }),
    isSpent: async (state) => {
      const row = kysely.selectFrom("login_states").select("digest").where("digest", "=", digest(state));
      return (await row.executeTakeFirst()) !== undefined;
    },
  };
}
