import { fstatSync, statSync } from "node:fs";
import { devNull } from "node:os";
import { escapeControls } from "../characters.js";
import type { DiagnosticsOptions } from "../report/diagnostics.js";
import { createPaint, jsonText, type Paint } from "../report/layout.js";
import { createOutput, type WriteOptions, type Written } from "./output.js";

/** The process's streams: results go to `out`, messages to `talk`. */
export interface Terminal {
  readonly out: (pieces: Iterable<string>, options: WriteOptions) => Promise<Written>;
  /** Writes one JSON object to `out`. */
  readonly outJson: (value: object, options: WriteOptions) => Promise<Written>;
  /** Writes the first character of the JSON object to come, the same for each, which proves that `out` can be written. */
  readonly openJson: () => Promise<Written>;
  /** Never fails a run, and never delays one before its end. */
  readonly talk: (text: string) => void;
  /** Waits until all messages are written, or can't be. */
  readonly settle: () => Promise<void>;
  /** Whether a reader that does not read keeps the process from ending by itself. */
  readonly isStuck: () => boolean;
  /** Shows what the run waits for; each message once. */
  readonly waiting: (message: string) => void;
  /** Shows on a terminal what is being done, once that has taken over a second. */
  readonly progress: (message: string) => void;
  readonly outIsTerminal: boolean;
  /** Nobody sees the output: it is the null device, which Node also opens in place of a closed stream. */
  readonly outIsNull: boolean;
  readonly width: number;
  readonly outPaint: Paint;
  readonly talkStyle: DiagnosticsOptions;
}

const progressAfterMs = 1000;
const narrowest = 40;

export function createTerminal(
  { stdout, stderr, env }: Pick<NodeJS.Process, "stdout" | "stderr" | "env">,
  signal: AbortSignal,
): Terminal {
  const started = Date.now();
  const told = new Set<string>();
  const colour = (stream: { readonly isTTY?: boolean }) =>
    stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  const results = createOutput(stdout, signal);
  const words = createOutput(stderr, signal);
  let talking: Promise<unknown> = Promise.resolve();
  const talk = (text: string): void => {
    talking = Promise.all([talking, words.write([text], { insist: true })]);
  };
  const settle = async (): Promise<void> => void (await talking);
  // Both may be the same pipe, where earlier messages come first.
  const out: Terminal["out"] = async (pieces, options) => {
    await settle();
    return results.write(pieces, options);
  };
  let isOpened = false;
  const openJson = async (): Promise<Written> => {
    if (isOpened) return { kind: "written" };
    const end = await out(["{"], { insist: false });
    isOpened = end.kind === "written";
    return end;
  };
  const once = (message: string): void => {
    if (told.has(message)) return;
    told.add(message);
    talk(`${escapeControls(message)}…\n`);
  };
  return {
    out,
    outJson: (value, options) => out(isOpened ? withoutFirst(jsonText(value)) : jsonText(value), options),
    openJson,
    talk,
    settle,
    isStuck: () => results.isStuck() || words.isStuck(),
    waiting: once,
    progress: (message) => {
      if (stderr.isTTY && Date.now() - started > progressAfterMs) once(message);
    },
    outIsTerminal: stdout.isTTY === true,
    outIsNull: isNullDevice(stdout.fd),
    width: Math.max(narrowest, stdout.columns || 80),
    outPaint: createPaint(colour(stdout)),
    talkStyle: {
      paint: createPaint(colour(stderr)),
      width: stderr.isTTY ? Math.max(narrowest, stderr.columns || 80) : undefined,
    },
  };
}

function* withoutFirst(pieces: Iterable<string>): Generator<string> {
  let start = 1;
  for (const piece of pieces) {
    yield piece.slice(start);
    start = 0;
  }
}

function isNullDevice(descriptor: number): boolean {
  // Without bigint, Node 20 then no longer recognizes links where this is a pipe, and loads modules twice.
  const options = { bigint: true } as const;
  const stats = fstatSync(descriptor, options);
  return stats.isCharacterDevice() && stats.rdev === statSync(devNull, options).rdev;
}
