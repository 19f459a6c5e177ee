import type { Meter, Tracer } from "@opentelemetry/api";
import type { LoginTelemetry } from "../login/observer.js";
import type { VerifierTelemetry } from "../verifier/observer.js";
import { createCounters, createGauges, emptyValue, merge } from "./instruments.js";
import { createLoginObserver } from "./login.js";
import { createProviderRequests } from "./provider-requests.js";
import { type Reading, readingsOfLogin, readingsOfVerifier } from "./statuses.js";
import { createTally, type Tallies } from "./tally.js";
import { createVerifierObserver } from "./verifier.js";

export interface TelemetryOptions {
  /** Where the instruments are created, such as `metrics.getMeter("vtb-setup")` of `@opentelemetry/api`. */
  readonly meter: Meter;
  /** Makes a span of each request to a provider. Defaults to none. */
  readonly tracer?: Tracer | undefined;
}

/** For the option `telemetry` of verifiers and logins. One is enough for all of a process. */
export interface Telemetry extends VerifierTelemetry, LoginTelemetry {}

type Look = () => Promise<readonly Reading[]>;

/**
 * Creates what counts and times verifiers and logins, and registers its instruments at a meter. Whenever metrics are collected, it
 * looks at those that are open (`status()`).
 */
export function createTelemetry({ meter, tracer }: TelemetryOptions): Telemetry {
  const tallies = registerCounters(meter);
  const watched = registerGauges(meter);
  const requests = createProviderRequests(meter, tracer);
  return {
    observeVerifier: () => ({
      ...createVerifierObserver(tallies),
      ...createWatcher(watched, (status) => readingsOfVerifier(status, Date.now())),
      providerRequest: requests("verifier"),
    }),
    observeLogin: () => ({
      ...createLoginObserver(tallies),
      ...createWatcher(watched, readingsOfLogin),
      providerRequest: requests("login"),
    }),
  };
}

/** Looks at something from the moment that it is ready until it is closed. */
function createWatcher<S>(watched: Set<Look>, read: (status: S) => readonly Reading[]) {
  let look: Look | undefined;
  return {
    watch: (status: () => Promise<S>) => {
      look = async () => read(await status());
      watched.add(look);
    },
    stop: () => {
      if (look) watched.delete(look);
    },
  };
}

function registerCounters(meter: Meter): Tallies {
  const counters = createCounters(meter).map(([name, instrument]) => ({ name, instrument, tally: createTally() }));
  meter.addBatchObservableCallback(
    (result) => {
      for (const { instrument, tally } of counters) {
        for (const { count, attributes } of tally.cells()) result.observe(instrument, count, attributes);
      }
    },
    counters.map(({ instrument }) => instrument),
  );
  const byName = new Map(counters.map(({ name, tally }) => [name, tally]));
  return (name) => {
    const tally = byName.get(name);
    if (!tally) throw new Error(`there is no counter ${name}`);
    return tally;
  };
}

function registerGauges(meter: Meter): Set<Look> {
  const gauges = new Map(createGauges(meter));
  const watched = new Set<Look>();
  // The SDK repeats the last value of what is not observed any more: the age of keys that were dropped, for example.
  const seen = new Map<string, Reading>();
  meter.addBatchObservableCallback(
    async (result) => {
      const readings = (await Promise.all([...watched].map((look) => look()))).flat();
      const current = joined(readings);
      for (const [key, { name, attributes }] of [...seen, ...current]) {
        const gauge = gauges.get(name);
        if (gauge) result.observe(gauge, current.get(key)?.value ?? emptyValue(name), attributes);
      }
      for (const [key, reading] of current) seen.set(key, reading);
    },
    [...gauges.values()],
  );
  return watched;
}

/** Makes one value of those that several verifiers, or logins, have under the same attributes. */
function joined(readings: readonly Reading[]): ReadonlyMap<string, Reading> {
  const byKey = new Map<string, Reading>();
  for (const reading of readings) {
    const key = JSON.stringify([reading.name, reading.attributes]);
    const earlier = byKey.get(key);
    byKey.set(key, earlier ? { ...reading, value: merge(reading.name, earlier.value, reading.value) } : reading);
  }
  return byKey;
}
