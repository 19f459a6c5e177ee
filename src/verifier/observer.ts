import type { SetupError } from "../errors.js";
import type { RequestObserver } from "../oidc/request-observer.js";
import type { Scheme } from "./authorization-header.js";
import type { VerifierEvent } from "./event.js";
import type { VerifierStatus } from "./verifier.js";

/** Counts what a verifier does. Its functions are called in requests, so they must be fast, and must not throw. */
export interface VerifierObserver extends RequestObserver {
  /** Called for each event: a refusal is one. */
  readonly event: (event: VerifierEvent) => void;
  /** Counts requests whose caller was authenticated, of which there is no event, by scheme; `forbidden` may follow. */
  readonly authenticated: Readonly<Record<Scheme, Count>>;
  /** A request had no credentials, of which there is no event. */
  readonly anonymous: () => void;
  /** `authenticate` threw, of which there is no event. */
  readonly failed: (error: unknown) => void;
  readonly databaseFailed: (error: SetupError) => void;
  readonly lookups: CacheLookups;
  /**
   * The verifier is ready.
   *
   * @param status looks at it; called when metrics are collected
   */
  readonly watch: (status: () => Promise<VerifierStatus>) => void;
  /** The verifier was closed. */
  readonly stop: () => void;
}

/** Counts look-ups by cache. Fields rather than functions, since a hit is most of what some requests do. */
export interface CacheLookups {
  readonly tokens: LookupCounts;
  readonly bearerTokens: LookupCounts;
  readonly users: LookupCounts;
}

export interface LookupCounts {
  readonly hits: Count;
  readonly misses: Count;
}

interface Count {
  count: number;
}

/** Observes verifiers: what `createTelemetry` of `vtb-setup/telemetry` creates. */
export interface VerifierTelemetry {
  readonly observeVerifier: () => VerifierObserver;
}

export function observeFailure(error: unknown, { failed }: VerifierObserver): never {
  failed(error);
  throw error;
}
