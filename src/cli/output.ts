import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";

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

/** One of the process's two output streams. */
export interface Output {
  readonly write: (pieces: Iterable<string>, options: WriteOptions) => Promise<Written>;
  /** An abandoned write still waits for the reader, and so keeps the process from ending by itself. */
  readonly isStuck: () => boolean;
}

const batchLength = 65_536;
const written: Written = { kind: "written" };

/** Writes without ever blocking the process or retrying in a loop: a reader may be slow, gone or never read. */
export function createOutput(stream: NodeJS.WriteStream & { readonly fd: number }, signal: AbortSignal): Output {
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
