import { fstatSync, statSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { devNull } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunStep } from "../apply/options.js";
import { escapeControls } from "../characters.js";
import type { DiagnosticsOptions } from "../report/diagnostics.js";
import { createPaint, jsonText, type Paint } from "../report/layout.js";
import { reportEveryMs, type Wait } from "../retry.js";
import { jsonLine, type LogFormat, type LogLine } from "./log.js";

/** The result of writing. */
export type Written = { readonly kind: "written" } | Unwritten;

/** `stopped`: a signal came while the reader kept it waiting. */
export type Unwritten =
  | { readonly kind: "reader_gone" | "stopped" }
  | { readonly kind: "failed"; readonly code: string };

export interface WriteOptions {
  /** After a signal, continue for as long as the reader does not keep it waiting: the output reports changes that were made. */
  readonly insist: boolean;
}

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
  /** Shows what the run waits for at once, and then every ten seconds with the time that has passed and is left. */
  readonly waiting: (what: string, wait: Wait) => void;
  /** Shows on a terminal what a run is writing, once it has taken over a second. A log in JSON has every step. */
  readonly step: (step: RunStep) => void;
  readonly logFormat: LogFormat;
  /** Writes a line of a log in JSON; with sentences for people, nothing. */
  readonly log: (line: LogLine) => void;
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
  logFormat: LogFormat = "text",
): Terminal {
  const started = Date.now();
  const reported = new Set<string>();
  const waitReports = new Map<string, number>();
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
    if (reported.has(message)) return;
    reported.add(message);
    talk(`${escapeControls(message)}…\n`);
  };
  let run: string | undefined;
  const log = (line: LogLine): void => {
    if (logFormat === "json")
      talk(jsonLine({ time: new Date().toISOString(), ...line, ...(run !== undefined && { run }) }));
  };
  return {
    out,
    outJson: (value, options) => out(isOpened ? withoutFirst(jsonText(value)) : jsonText(value), options),
    openJson,
    talk,
    settle,
    isStuck: () => results.isStuck() || words.isStuck(),
    waiting: (what, { waitedMs, leftMs }) => {
      // What repeats every ten seconds may come a little early.
      const report = Math.floor((waitedMs + 500) / reportEveryMs);
      if (waitReports.get(what) === report) return;
      waitReports.set(what, report);
      const times = report === 0 ? `up to ${spell(leftMs)}` : `${spell(waitedMs)} so far, ${spell(leftMs)} left`;
      const message = `waiting for ${escapeControls(what)} (${times})`;
      if (logFormat === "text") talk(`${message}…\n`);
      log({ level: "info", code: "WAITING", message });
    },
    step: ({ code, message, run: id }) => {
      run = id;
      log({ level: "info", code, message });
      const isSlow = stderr.isTTY && Date.now() - started > progressAfterMs;
      if (logFormat === "text" && code === "WRITING" && isSlow) once(message);
    },
    logFormat,
    log,
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

/** Such as `40 s` or `1 min 20 s`. */
function spell(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

function isNullDevice(descriptor: number): boolean {
  // Without bigint, Node 20 then no longer recognizes links where this is a pipe, and loads modules twice.
  const options = { bigint: true } as const;
  const stats = fstatSync(descriptor, options);
  return stats.isCharacterDevice() && stats.rdev === statSync(devNull, options).rdev;
}

/** One of the process's two output streams. */
interface Output {
  readonly write: (pieces: Iterable<string>, options: WriteOptions) => Promise<Written>;
  /** An abandoned write still waits for the reader, and so keeps the process from ending by itself. */
  readonly isStuck: () => boolean;
}

const batchLength = 65_536;
const written: Written = { kind: "written" };

/** Writes without ever blocking the process or retrying in a loop: a reader may be slow, gone or never read. */
function createOutput(stream: NodeJS.WriteStream & { readonly fd: number }, signal: AbortSignal): Output {
  const { fd } = stream;
  let waiting = 0;
  // Pipes, sockets and terminals. Files and devices such as the null device accept writes at once.
  const isStream = stream instanceof Socket;
  // Each write gets its own error; without a listener, it would end the process.
  if (isStream) stream.on("error", () => {});

  const send = (text: string): Promise<Written> =>
    new Promise<Written>((resolve) => {
      // Gives up on the next turn, so that output that needs no waiting is written.
      const giveUp = (): void => void setImmediate(resolve, { kind: "stopped" });
      waiting += 1;
      stream.write(text, (error) => {
        waiting -= 1;
        signal.removeEventListener("abort", giveUp);
        resolve(error ? explain(error) : written);
      });
      if (signal.aborted) giveUp();
      else signal.addEventListener("abort", giveUp, { once: true });
    });

  return {
    isStuck: () => waiting > 0,
    write: async (pieces, { insist }) => {
      for (const batch of batches(pieces)) {
        if (signal.aborted && !insist) return { kind: "stopped" };
        const end = isStream ? await send(batch) : writeWhole(fd, batch);
        if (end.kind !== "written") return end;
        // A quick reader must not keep signals from being handled.
        if (batch.length >= batchLength) await nextTurn();
      }
      return written;
    },
  };
}

/** Node's own stream for files silently drops what a full disk does not accept. */
function writeWhole(descriptor: number, text: string): Written {
  let bytes = Buffer.from(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(descriptor, bytes));
    return written;
  } catch (error) {
    return explain(error as NodeJS.ErrnoException);
  }
}

function explain({ code = "unknown error" }: NodeJS.ErrnoException): Unwritten {
  return code === "EPIPE" || code === "ECONNRESET" ? { kind: "reader_gone" } : { kind: "failed", code };
}

function* batches(pieces: Iterable<string>): Generator<string> {
  let batch = "";
  for (const piece of pieces) {
    batch += piece;
    if (batch.length < batchLength) continue;
    yield batch;
    batch = "";
  }
  if (batch !== "") yield batch;
}
