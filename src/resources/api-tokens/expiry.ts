import * as z from "zod";

const formats = [z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })];

/** A moment in ISO 8601 with an offset; seconds may be left out. */
export const expiry = z.string().refine((text) => formats.some((format) => format.safeParse(text).success), {
  error: "expected a date and time with offset, such as `2030-01-31T12:00:00+01:00`",
});
