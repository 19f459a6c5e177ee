/** How standard error is written: sentences for people, or one JSON object on each line for programs that collect logs. */
export type LogFormat = "text" | "json";

export const logFormats: readonly LogFormat[] = ["text", "json"];

/** The variable that gives the format where no option does. */
export const logFormatVariable = "VTB_SETUP_LOG_FORMAT";

/** One line of a log in JSON. It has the time and, once a run has begun, its id as well. */
export interface LogLine {
  readonly level: "info" | "warn" | "error";
  /** A stable name: the code of a diagnostic or of a run's step. */
  readonly code: string;
  readonly message: string;
}

/**
 * The format that the arguments ask for, before they are parsed: also what is wrong with them is written in it.
 *
 * @param args without the program's name
 */
export function logFormatOf(args: readonly string[], env: Readonly<Record<string, string | undefined>>): LogFormat {
  const index = args.lastIndexOf("--log-format");
  const joined = args.findLast((arg) => arg.startsWith("--log-format="))?.slice("--log-format=".length);
  const given = (index === -1 ? undefined : args[index + 1]) ?? joined ?? env[logFormatVariable];
  return given === "json" ? "json" : "text";
}

// Other than JSON requires, so that a terminal shows them and does not obey: C1 controls, and marks that turn text around.
const invisible = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** An object as JSON on one line, with a line break after it. */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value);
  return `${text.replaceAll(invisible, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}
