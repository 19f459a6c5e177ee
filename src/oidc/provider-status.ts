import type { CallFailure } from "../retry.js";
import type { ProviderKeys } from "./provider-keys.js";

/** How one of a provider's endpoints does. */
export interface EndpointHealth {
  /** Such as `discovery`, `keys` or `userinfo`. */
  readonly endpoint: string;
  readonly lastFailure: () => CallFailure | undefined;
  /** When it is asked again after failures; in the past where it is asked at any time. */
  readonly retryAtMs: () => number;
}

/** A provider, as far as it is known without asking it. Times are ISO 8601, UTC. */
export interface ProviderStatus {
  /** The `iss` of its tokens; its base URL while only its discovery document knows that. */
  readonly issuer: string;
  /**
   * The keys that it publishes, as they were fetched last; undefined while there are none, which is normal before the first bearer
   * token or sign-in.
   */
  readonly keys?: {
    readonly count: number;
    readonly fetchedAt: string;
    readonly ageSeconds: number;
  };
  /** Its latest failure, also where it answers again. */
  readonly lastFailure?: {
    /** `discovery`, `keys`, `userinfo` or `introspection`. */
    readonly endpoint: string;
    readonly message: string;
    readonly at: string;
  };
  /** Until when at least one of its endpoints is not asked, after failures. */
  readonly pausedUntil?: string;
}

/** A client, as configured now. */
export interface ClientStatus {
  readonly client: string;
  /**
   * `pending`: its provider is not known yet, since its discovery document was not fetched, or nobody has signed in. `unusable`: `message` says why. `missing`: the database has
   * no such client.
   */
  readonly state: "usable" | "disabled" | "unusable" | "pending" | "missing";
  readonly message?: string;
  /** The issuer of its provider. */
  readonly provider?: string;
  /** Whether signatures are checked with the provider's keys, or with one in the configuration. Only of a usable client. */
  readonly keySource?: "fetched" | "configured";
}

/** Describes a provider without asking it. */
export function providerStatus(
  issuer: string,
  keys: ProviderKeys | undefined,
  endpoints: readonly EndpointHealth[],
  nowMs: number,
): ProviderStatus {
  const fetched = keys?.fetched(nowMs);
  const failures = endpoints.flatMap(({ endpoint, lastFailure }) => {
    const failure = lastFailure();
    return failure ? { ...failure, endpoint } : [];
  });
  const last = failures.sort((one, other) => other.atMs - one.atMs)[0];
  const pausedUntilMs = endpoints.reduce((latest, { retryAtMs }) => Math.max(latest, retryAtMs()), 0);
  return {
    issuer,
    ...(fetched && {
      keys: {
        count: fetched.count,
        fetchedAt: isoOf(fetched.atMs),
        ageSeconds: Math.max(0, Math.floor((nowMs - fetched.atMs) / 1000)),
      },
    }),
    ...(last && { lastFailure: { endpoint: last.endpoint, message: last.message, at: isoOf(last.atMs) } }),
    ...(pausedUntilMs > nowMs && { pausedUntil: isoOf(pausedUntilMs) }),
  };
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
