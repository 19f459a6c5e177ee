import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** What a verifier in another process accepted. */
interface LoadResult {
  /** The messages of what was thrown. */
  readonly failures: readonly string[];
  /** In the order in which the tokens were given. */
  readonly tokens: readonly {
    readonly accepted: number;
    readonly refused: number;
    /** When the last request began that was accepted, on the clock of `process.hrtime`. */
    readonly lastAcceptedAt: bigint;
  }[];
}

export interface Load {
  readonly stop: () => Promise<LoadResult>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Starts a process that asks the built verifier about these tokens, again and again; resolves once it does. */
export async function startLoad(database: string, tokens: readonly string[]): Promise<Load> {
  const child = fork(fileURLToPath(new URL("load-process.mjs", import.meta.url)), [database, ...tokens], { cwd: root });
  onTestFinished(() => void child.kill("SIGKILL"));
  await messageOf(child);
  return {
    async stop() {
      const reported = messageOf(child);
      child.send("stop");
      return resultOf(await reported);
    },
  };
}

async function messageOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, "exit").then(([status]) => {
    throw new Error(`the verifier's process ended with ${status}`);
  });
  const [message] = await Promise.race([once(child, "message"), ended]);
  return message;
}

function resultOf(message: unknown): LoadResult {
  // Written by load-process.mjs.
  const { failures, tokens } = message as {
    readonly failures: string[];
    readonly tokens: { readonly accepted: number; readonly refused: number; readonly lastAcceptedAt: string }[];
  };
  return { failures, tokens: tokens.map((token) => ({ ...token, lastAcceptedAt: BigInt(token.lastAcceptedAt) })) };
}
