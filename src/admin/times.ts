import { type Html, html } from "./html/html.js";
import type { Language } from "./language.js";

const dayMs = 86_400_000;

/** How moments are shown and typed: in the language of the page, and in the zone of the settings. */
export interface Times {
  readonly zone: string;
  readonly nowMs: () => number;
  /** Such as `26 november 2026 om 23:59 CET`, as an element with the exact moment. */
  readonly moment: (iso: string) => Html;
  /** The same as text. */
  readonly text: (iso: string) => string;
  /** Such as `over 3 dagen`. */
  readonly relative: (iso: string) => string;
  /** Whole days until then, rounded up; negative in the past. */
  readonly daysUntil: (iso: string) => number;
  /** The last second of a typed day such as `2030-01-31` in this zone; an invalid date for anything else. */
  readonly endOfDay: (day: string) => Date;
  /** The day of a moment in this zone, as a form's field has it. */
  readonly dayOf: (iso: string) => string;
}

/** For each language, made once: a formatter takes longer to make than a page. */
export function createTimes(zone: string, now: () => number): Readonly<Record<Language, Times>> {
  const clock = createClock(zone);
  return { nl: timesIn("nl-NL", clock, now), en: timesIn("en-GB", clock, now) };
}

function timesIn(locale: string, { zone, day, offsetMs }: Clock, now: () => number): Times {
  const exact = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const text = (iso: string): string => exact.format(new Date(iso));
  const daysUntil = (iso: string): number => Math.ceil((Date.parse(iso) - now()) / dayMs);
  return {
    zone,
    nowMs: now,
    text,
    // The zone stays beside the time in narrow columns.
    moment: (iso) => html`<time datetime="${iso}">${text(iso).replace(/ (?=\S+$)/, "\u00a0")}</time>`,
    relative: (iso) => {
      const minutes = Math.round((Date.parse(iso) - now()) / 60_000);
      if (Math.abs(minutes) < 60) return relative.format(minutes, "minute");
      if (Math.abs(minutes) < 48 * 60) return relative.format(Math.round(minutes / 60), "hour");
      return relative.format(Math.round(minutes / (24 * 60)), "day");
    },
    daysUntil,
    endOfDay: (typed) => endOfDay(typed, offsetMs),
    dayOf: (iso) => day.format(new Date(iso)),
  };
}

function endOfDay(day: string, offsetMs: Clock["offsetMs"]): Date {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return new Date(Number.NaN);
  const asUtc = new Date(`${day}T23:59:59Z`);
  // `Date` takes the 31st of February for the 3rd of March.
  if (Number.isNaN(asUtc.getTime()) || !asUtc.toISOString().startsWith(day)) return new Date(Number.NaN);
  // Twice: the first guess may be on the other side of a change of the clock.
  const first = asUtc.getTime() - offsetMs(asUtc);
  return new Date(asUtc.getTime() - offsetMs(new Date(first)));
}

/** What a zone makes of a moment, in every language. */
interface Clock {
  readonly zone: string;
  /** Writes the day as a form's field has it. */
  readonly day: Intl.DateTimeFormat;
  /** How far the zone's clocks are ahead of UTC at a moment. */
  readonly offsetMs: (at: Date) => number;
}

function createClock(zone: string): Clock {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return {
    zone,
    day: new Intl.DateTimeFormat("en-CA", { timeZone: zone }),
    offsetMs: (at) => {
      const parts = format.formatToParts(at);
      const part = (type: string): number => Number(parts.find((found) => found.type === type)?.value);
      const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
      return wall - Math.floor(at.getTime() / 1000) * 1000;
    },
  };
}
