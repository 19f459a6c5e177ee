import { writeSync } from "node:fs";
import { escapeControls } from "../document/escape.js";
import { createPaint, type Paint } from "../report/paint.js";
import type { ProblemsOptions } from "../report/problems.js";

/** The process's streams: results go to `out`, talk goes to `talk`. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly talk: (text: string) => void;
  /** Tells once what is waited for; each message is told once. */
  readonly waiting: (message: string) => void;
  /** Tells on a terminal what is being done, once that has taken over a second. */
  readonly progress: (message: string) => void;
  readonly outIsTerminal: boolean;
  readonly width: number;
  readonly outPaint: Paint;
  readonly talkStyle: ProblemsOptions;
}

const progressAfterMs = 1000;
const narrowest = 40;

export function createTerminal({ stdout, stderr, env }: typeof process): Terminal {
  const started = Date.now();
  const told = new Set<string>();
  const colour = (stream: { readonly isTTY?: boolean }) =>
    stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  const talk = (text: string): void => writeWhole(stderr.fd, text);
  const once = (message: string): void => {
    if (told.has(message)) return;
    told.add(message);
    talk(`${escapeControls(message)}…\n`);
  };
  return {
    out: (text) => writeWhole(stdout.fd, text),
    talk,
    waiting: once,
    progress: (message) => {
      if (stderr.isTTY && Date.now() - started > progressAfterMs) once(message);
    },
    outIsTerminal: stdout.isTTY === true,
    width: Math.max(narrowest, stdout.columns || 80),
    outPaint: createPaint(colour(stdout)),
    talkStyle: {
      paint: createPaint(colour(stderr)),
      width: stderr.isTTY ? Math.max(narrowest, stderr.columns || 80) : undefined,
    },
  };
}

/** Writes at once, so that nothing is lost when the process ends; a reader that went away is no error. */
function writeWhole(descriptor: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(descriptor, bytes));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
    }
  }
}
