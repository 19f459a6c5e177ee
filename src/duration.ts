const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** A duration as {@link parseDuration} reads it, in the largest unit that it is a whole number of. */
export function formatDuration(seconds: number): string {
  const fits = Object.entries(secondsIn).filter(([, length]) => seconds % length === 0);
  const [unit = "s", length = 1] = fits.at(-1) ?? [];
  return `${seconds / length}${unit}`;
}

/** The seconds in a duration such as `90s`, `30m`, `24h` or `7d`; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(count) * (secondsIn[unit] ?? 0);
}
