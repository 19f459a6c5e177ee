import type { JournalFilter, readJournalChoices } from "../../operations/read-journal.js";
import { type JournalPosition, parsePosition } from "../../operations/read-journal.js";
import type { FormError } from "../html/fields.js";
import type { View } from "../view.js";
import { historyTexts } from "./texts.js";

/** What the address of the history says: the names of its parameters, and their values as written. */
export type HistoryQuery = Readonly<Record<string, string>>;

export interface HistoryRequest {
  /** Without what no database has in a text. */
  readonly written: HistoryQuery;
  readonly filter: JournalFilter;
  readonly after: JournalPosition | undefined;
  readonly errors: readonly FormError[];
}

const fields = ["kind", "name", "text", "actor", "user", "through", "action", "since", "until", "after"] as const;
const dayMs = 86_400_000;

/** Reads the parameters; a choice that there is none of is ignored, and a day that does not exist is an error. */
export function readHistoryQuery(
  { language, times }: Pick<View, "language" | "times">,
  query: HistoryQuery,
  { throughs }: Awaited<ReturnType<typeof readJournalChoices>>,
): HistoryRequest {
  const written = Object.fromEntries(
    fields.flatMap((name) => {
      const value = (query[name] ?? "").replaceAll("\0", "").trim();
      return value === "" ? [] : [[name, value]];
    }),
  );
  const { kind, name, text, actor, user, since, until, after } = written;
  const errors = (["since", "until"] as const).flatMap((field) => {
    const day = written[field];
    const isDay = day === undefined || !Number.isNaN(times.endOfDay(day).getTime());
    return isDay ? [] : [{ field, text: historyTexts[language].badDate }];
  });
  const isValid = errors.length === 0;
  return {
    written,
    errors,
    after: after === undefined ? undefined : parsePosition(after),
    filter: {
      kind: name === undefined ? kind : undefined,
      entry: kind !== undefined && name !== undefined ? { kind, key: name } : undefined,
      text,
      actor,
      actorUserId: user,
      through: throughs.find((through) => through === written.through),
      action: (["create", "update", "delete"] as const).find((action) => action === written.action),
      sinceMs: isValid && since !== undefined ? startOfDayMs(times, since) : undefined,
      untilMs: isValid && until !== undefined ? times.endOfDay(until).getTime() + 1000 : undefined,
    },
  };
}

function startOfDayMs({ endOfDay }: View["times"], day: string): number {
  const before = new Date(Date.parse(`${day}T00:00:00Z`) - dayMs).toISOString().slice(0, 10);
  return endOfDay(before).getTime() + 1000;
}
