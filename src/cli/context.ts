import { hostname, userInfo } from "node:os";
import { addAbortSignal, type Readable } from "node:stream";
import { stopIfInterrupted } from "../apply/wait.js";
import type { StopSignal } from "./exit-status.js";
import { logFormatOf } from "./log.js";
import { createTerminal, type Terminal } from "./terminal.js";

/** What a command gets from the process, so that it never accesses the process itself. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly stoppedBy: () => StopSignal | undefined;
  /** Calls back at each SIGHUP, which then no longer ends the process. */
  readonly onHangUp: (listener: () => void) => void;
  readonly stdin: () => Promise<Buffer>;
  /** Standard input, where it is a terminal that can be asked. */
  readonly terminalIn: () => NodeJS.ReadStream | undefined;
}

/** Creates the context of this process. */
export function createCliContext(process: NodeJS.Process): CliContext {
  const controller = new AbortController();
  let stoppedBy: StopSignal | undefined;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      stoppedBy ??= name;
      controller.abort();
    });
  }
  return {
    terminal: createTerminal(process, controller.signal, logFormatOf(process.argv.slice(2), process.env)),
    env: process.env,
    cwd: process.cwd(),
    signal: controller.signal,
    stoppedBy: () => stoppedBy,
    onHangUp: (listener) => void process.on("SIGHUP", listener),
    stdin: () => readAll(process.stdin, controller.signal),
    terminalIn: () => (process.stdin.isTTY ? process.stdin : undefined),
  };
}

/** A user who types the input may change their mind: a signal ends the wait. */
async function readAll(stream: Readable, signal: AbortSignal): Promise<Buffer> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of addAbortSignal(signal, stream)) pieces.push(piece);
  } catch (error) {
    stopIfInterrupted(signal);
    throw error;
  }
  return Buffer.concat(pieces);
}

/** Who runs this, as `user@host`. */
export function currentActor(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // Containers run as users without a name.
    return `uid ${process.getuid?.() ?? "unknown"}@${hostname()}`;
  }
}
