import type { Attributes } from "@opentelemetry/api";
import type { CounterName } from "./instruments.js";

/** A count that is added to directly. */
export interface Cell {
  count: number;
  readonly attributes: Attributes;
}

/** Counts by attributes. Adding is cheap, since a meter only sees the sums, when it collects. */
export interface Tally {
  /** The count of these attributes, to be kept where it is added to often. */
  readonly cell: (attributes: Readonly<Record<string, string>>) => Cell;
  readonly add: (attributes: Readonly<Record<string, string>>) => void;
  readonly cells: () => Iterable<Cell>;
}

/** The tally of each counter. */
export type Tallies = (name: CounterName) => Tally;

export function createTally(): Tally {
  const cells = new Map<string, Cell>();
  const cell: Tally["cell"] = (attributes) => {
    const key = JSON.stringify(attributes);
    const known = cells.get(key);
    if (known) return known;
    const fresh = { count: 0, attributes };
    cells.set(key, fresh);
    return fresh;
  };
  return {
    cell,
    add: (attributes) => {
      cell(attributes).count += 1;
    },
    cells: () => cells.values(),
  };
}

/** What stands for a value that is not one of the few that an attribute may have (OpenTelemetry's semantic conventions). */
const other = "_OTHER";
const maxValues = 128;
const maxLength = 255;

/**
 * Bounds an attribute's values: the first 128 distinct ones stay, all others become `_OTHER`. Reasons are a closed list and hosts
 * come from the configuration, so that none should; but each value is a time series, which a monitoring system keeps.
 */
export function createBounded(pattern: RegExp = /^[\w.:/[\]-]+$/): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= maxValues || value.length > maxLength || !pattern.test(value)) return other;
    known.add(value);
    return value;
  };
}
