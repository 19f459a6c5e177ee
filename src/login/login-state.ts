import { createHash } from "node:crypto";
import type { Database } from "../database/database.js";
import type { Seals } from "./cookies.js";
import type { Write } from "./write.js";

/** A login that was begun in a browser, as its cookie keeps it. */
export interface LoginState {
  readonly client: string;
  readonly state: string;
  /** Null where none was sent. */
  readonly nonce: string | null;
  readonly verifier: string | null;
  readonly next: string;
  /** Hex SHA-256 of the issuer; null where it is not known. */
  readonly issuer: string | null;
  readonly startedAtMs: number;
  /** How often the provider had it begun again. */
  readonly restarts: number;
}

/** How long a login may take; Keycloak's login page lives as long. */
export const loginStateSeconds = 1800;

/** Longer, so that who comes back late is told that, and not that the browser refuses cookies. */
export const cookieSeconds = 24 * 3600;

const purpose = "login attempt";

/** What the cookie's name ends with: tells attempts apart without telling their state. */
export function loginStateId(state: string): string {
  return digest(state).slice(0, 16);
}

/** Hex SHA-256. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export function sealLoginState(attempt: LoginState, seals: Seals): string {
  return seals.seal(JSON.stringify(attempt), purpose);
}

/** Undefined for anything that was not sealed by {@link sealLoginState} under the same secret. */
export function openLoginState(sealed: string, seals: Seals): LoginState | undefined {
  const opened = seals.open(sealed, purpose);
  // Only what was an attempt is ever sealed for this purpose.
  return opened && (JSON.parse(opened.reveal()) as LoginState);
}

export function isExpired({ startedAtMs }: LoginState, nowMs: number): boolean {
  return nowMs >= startedAtMs + loginStateSeconds * 1000;
}

/** The states that were brought back, for all processes together: each counts once. */
export interface SpentStates {
  /** False where it was spent before. */
  readonly spend: (state: string) => Promise<boolean>;
  readonly isSpent: (state: string) => Promise<boolean>;
}

// Longer than a state can be brought back, so that a replay is told from a forgery.
const keepMs = 2 * cookieSeconds * 1000;

export function createSpentStates({ kysely }: Database, write: Write, now: () => number): SpentStates {
  return {
    spend: (state) =>
      write(async (tx) => {
        const nowMs = now();
        // A write first, so that two processes can't both go on.
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
