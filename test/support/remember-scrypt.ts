import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { onTestFinished } from "vitest";

// Runs before each test file. One check of a password takes 80 ms of a processor on purpose, and most are of the same few
// passwords: what scrypt makes of a password, a salt and a cost is made once in a worker. It is the real result.

type Derive = typeof crypto.scrypt;
type Done = (error: Error | null, key: Buffer) => void;

interface Memory {
  readonly real: Derive;
  readonly known: Map<string, Promise<Buffer>>;
  isOff: boolean;
}

const name = Symbol.for("vtb-setup.remembered-scrypt");
// One for the worker, whose modules may be loaded more than once.
const place = globalThis as { [name]?: Memory };

/** For a test of how long a check takes, or of how many there are. */
export function deriveEachTime(): void {
  const memory = place[name];
  if (!memory) return;
  memory.isOff = true;
  onTestFinished(() => {
    memory.isOff = false;
  });
}

function remember(memory: Memory): Derive {
  const { real, known } = memory;
  const derive = (
    password: crypto.BinaryLike,
    salt: crypto.BinaryLike,
    length: number,
    options: crypto.ScryptOptions,
    done: Done,
  ): void => {
    if (memory.isOff) {
      real(password, salt, length, options, done);
      return;
    }
    const parts = [password, salt, JSON.stringify([length, options])];
    const digests = parts.map((part) => crypto.createHash("sha256").update(part).digest("hex")).join();
    const key =
      known.get(digests) ??
      new Promise<Buffer>((resolve, reject) => {
        real(password, salt, length, options, (error, made) => (error ? reject(error) : resolve(made)));
      });
    known.set(digests, key);
    key.then(
      (made) => done(null, Buffer.from(made)),
      (error: Error) => done(error, Buffer.alloc(0)),
    );
  };
  return derive as Derive;
}

if (place[name] === undefined) {
  place[name] = { real: crypto.scrypt, known: new Map(), isOff: false };
  crypto.scrypt = remember(place[name]);
  syncBuiltinESMExports();
}
