import { cpus } from "node:os";

/** What is measured, and beside what. */
export interface Contender {
  readonly name: string;
  /** The one that its figures are given as a share of; itself for a baseline. */
  readonly baseline: string;
  /** What the share should at least be. */
  readonly aim?: number;
  /** How many operations a second were done in one round. */
  readonly measure: (round: number) => Promise<number> | number;
}

/** What a contender reached in each round, in operations a second. */
export type Speeds = ReadonlyMap<string, readonly number[]>;

/**
 * Measures all of them in turn, round by round, so that whatever else the machine does meets all of them alike.
 *
 * @param warmUp how many rounds there are before the first that counts
 */
export async function measureRounds(contenders: readonly Contender[], rounds: number, warmUp: number): Promise<Speeds> {
  const speeds = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (const { name, measure } of contenders) {
      const speed = await measure(round + warmUp);
      if (round >= 0) speeds.get(name)?.push(speed);
    }
  }
  return speeds;
}

/** How often a second something was done that was done `count` times since `begun`. */
export function perSecond(count: number, begun: bigint): number {
  return (count / Number(process.hrtime.bigint() - begun)) * 1e9;
}

/**
 * The same for each second of processor time that this process used since `begun`, its other threads included: what else runs
 * on the machine hardly touches it.
 */
export function perCpuSecond(count: number, begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun);
  return (count / (user + system)) * 1e6;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** Of each round, the share of what the baseline reached in the same round. */
export function sharesOf({ name, baseline }: Contender, speeds: Speeds): readonly number[] {
  const beside = speeds.get(baseline) ?? [];
  return (speeds.get(name) ?? []).map((speed, round) => speed / (beside[round] ?? Number.NaN));
}

export function machine(): string {
  return `Node ${process.versions.node}, ${cpus().length} cores`;
}
