import { type Contender, machine, median, type Speeds, sharesOf } from "./rounds.js";

export interface TableOptions {
  readonly title: string;
  /** What is counted, such as `requests`. */
  readonly unit: string;
  readonly rounds: number;
  /** What the seconds measure. Defaults to the clock. */
  readonly time?: "clock" | "processor";
}

/** Prints what was measured as it stands in docs/benchmarks.md: medians, and the lowest and the highest share of a round. */
export function printTable(
  { title, unit, rounds, time = "clock" }: TableOptions,
  contenders: readonly Contender[],
  speeds: Speeds,
): void {
  const rows = contenders.map((contender) => {
    const shares = sharesOf(contender, speeds);
    const isBaseline = contender.name === contender.baseline;
    return [
      contender.name,
      Math.round(median(speeds.get(contender.name) ?? [])).toLocaleString("en"),
      isBaseline ? "1" : share(median(shares)),
      isBaseline ? "" : `${share(Math.min(...shares))}–${share(Math.max(...shares))}`,
      contender.aim === undefined ? "" : `≥ ${contender.aim}`,
    ];
  });
  const seconds = time === "clock" ? "" : ", by the seconds of processor time that they took";
  process.stdout.write(
    [
      `### ${title}`,
      "",
      `${machine()}, medians of ${rounds} interleaved rounds${seconds}.`,
      "",
      row(["", `${unit}/s`, "share", "lowest–highest", "aim"]),
      "|---|---:|---:|---:|---:|",
      ...rows.map(row),
      "",
      "",
    ].join("\n"),
  );
}

function share(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
