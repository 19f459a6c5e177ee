import type { Histogram, Meter, Observable } from "@opentelemetry/api";

type Description = Texts &
  (
    | { readonly kind: "counter" | "histogram" }
    | {
        readonly kind: "up_down_counter" | "gauge";
        /** What becomes of the values of several verifiers, or several logins. */
        readonly several: "sum" | "min" | "max";
      }
  );

interface Texts {
  /** UCUM, as OpenTelemetry's semantic conventions write it. */
  readonly unit: string;
  readonly description: string;
}

/**
 * All instruments. They have names of their own, also where OpenTelemetry has a convention, such as `http.client.request.duration`: a
 * program may have its own instrument of that name, and an exporter for Prometheus would write both under one.
 */
export const descriptions = {
  "vtb_setup.ready": {
    kind: "gauge",
    several: "min",
    unit: "1",
    description: "1 while the database answers, 0 while it does not.",
  },
  "vtb_setup.verifier.requests": {
    kind: "counter",
    unit: "{request}",
    description: "Requests that were decided.",
  },
  "vtb_setup.verifier.cache.lookups": {
    kind: "counter",
    unit: "{lookup}",
    description: "Look-ups in the caches of accepted tokens and users.",
  },
  "vtb_setup.verifier.cache.entries": {
    kind: "up_down_counter",
    several: "sum",
    unit: "{entry}",
    description: "Entries in each cache.",
  },
  "vtb_setup.verifier.cache.capacity": {
    kind: "up_down_counter",
    several: "sum",
    unit: "{entry}",
    description: "The most entries that each cache holds.",
  },
  "vtb_setup.verifier.tokens.expiring": {
    kind: "gauge",
    several: "sum",
    unit: "{token}",
    description: "API tokens in use that expire within the `warn_before` of their policy.",
  },
  "vtb_setup.verifier.tokens.next_expiry": {
    kind: "gauge",
    several: "min",
    unit: "s",
    description: "The time until the first of them expires.",
  },
  "vtb_setup.provider.request.duration": {
    kind: "histogram",
    unit: "s",
    description: "Duration of requests to providers, with their whole answer.",
  },
  "vtb_setup.provider.key_fetches": {
    kind: "counter",
    unit: "{fetch}",
    description: "Fetches of a provider's keys.",
  },
  "vtb_setup.provider.keys.age": {
    kind: "gauge",
    several: "max",
    unit: "s",
    description: "The age of the keys that signatures are checked with.",
  },
  "vtb_setup.provider.paused": {
    kind: "gauge",
    several: "max",
    unit: "1",
    description: "1 while an endpoint of the provider is left alone after failures, otherwise 0.",
  },
  "vtb_setup.database.failures": {
    kind: "counter",
    unit: "{failure}",
    description: "Queries that the database did not answer, or not as it should.",
  },
  "vtb_setup.database.revision": {
    kind: "gauge",
    several: "max",
    unit: "{revision}",
    description: "The revision of the database: replicas that have seen the same changes have the same.",
  },
  "vtb_setup.database.connection.count": {
    kind: "up_down_counter",
    several: "sum",
    unit: "{connection}",
    description: "Open connections to a database server.",
  },
  "vtb_setup.database.connection.max": {
    kind: "up_down_counter",
    several: "sum",
    unit: "{connection}",
    description: "The most connections that may be open.",
  },
  "vtb_setup.database.connection.pending_requests": {
    kind: "up_down_counter",
    several: "sum",
    unit: "{request}",
    description: "Callers that wait for a connection.",
  },
  "vtb_setup.login.starts": {
    kind: "counter",
    unit: "{sign_in}",
    description: "Sign-ins at a provider that began.",
  },
  "vtb_setup.login.sign_ins": {
    kind: "counter",
    unit: "{sign_in}",
    description: "Sign-ins that ended.",
  },
  "vtb_setup.login.sessions.ended": {
    kind: "counter",
    unit: "{session}",
    description: "Sessions that ended before their time.",
  },
} as const satisfies Readonly<Record<string, Description>>;

type InstrumentName = keyof typeof descriptions;
type NamesOf<Kind> = {
  [Name in InstrumentName]: (typeof descriptions)[Name]["kind"] extends Kind ? Name : never;
}[InstrumentName];
type HistogramName = NamesOf<"histogram">;
export type CounterName = NamesOf<"counter">;
export type GaugeName = NamesOf<"gauge" | "up_down_counter">;

/** Seconds: those of the semantic conventions for requests over HTTP. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export function createHistogram(meter: Meter, name: HistogramName): Histogram {
  return meter.createHistogram(name, { ...textsOf(name), advice: { explicitBucketBoundaries: boundaries } });
}

export function createCounters(meter: Meter): readonly (readonly [CounterName, Observable])[] {
  return namesOf("counter").map((name) => [name, meter.createObservableCounter(name, textsOf(name))]);
}

export function createGauges(meter: Meter): readonly (readonly [GaugeName, Observable])[] {
  return [
    ...namesOf("gauge").map((name) => [name, meter.createObservableGauge(name, textsOf(name))] as const),
    ...namesOf("up_down_counter").map(
      (name) => [name, meter.createObservableUpDownCounter(name, textsOf(name))] as const,
    ),
  ];
}

function namesOf<Kind extends Description["kind"]>(kind: Kind): readonly NamesOf<Kind>[] {
  // The condition is what the type says.
  return Object.entries(descriptions).flatMap(([name, one]) => (one.kind === kind ? (name as NamesOf<Kind>) : []));
}

/** One value for two of a gauge under the same attributes. */
export function merge(name: GaugeName, one: number, other: number): number {
  const { several } = descriptions[name];
  if (several === "sum") return one + other;
  return several === "min" ? Math.min(one, other) : Math.max(one, other);
}

/** The value where there is none any more: nothing of what is added up, otherwise no number, with which no comparison is true. */
export function emptyValue(name: GaugeName): number {
  return descriptions[name].several === "sum" ? 0 : Number.NaN;
}

function textsOf(name: InstrumentName) {
  const { unit, description } = descriptions[name];
  return { unit, description };
}
