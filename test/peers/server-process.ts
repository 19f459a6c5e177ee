import { spawn } from "node:child_process";
import { once } from "node:events";

export interface ServerProcess {
  /** What it has printed so far. */
  readonly log: () => string;
  /** Resolves when it and all that it has started are gone. */
  readonly stop: () => Promise<void>;
}

export interface ServerOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Answers so once the server can be used. */
  readonly readyUrl: string;
  readonly readyStatus?: number;
  /** On a machine that others use as well, a Java program may take minutes. */
  readonly timeoutMs?: number;
}

/** A database that is killed while it closes may lose what it has promised to keep. */
const graceMs = 60_000;

/** Starts a server as the leader of its own process group, and waits until it answers. */
export async function startProcess(
  program: string,
  args: readonly string[],
  { cwd, env, readyUrl, readyStatus = 200, timeoutMs = 300_000 }: ServerOptions,
): Promise<ServerProcess> {
  const child = spawn(program, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-200_000);
    });
  }
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  const ended = once(child, "close").catch(() => {});
  const signal = (name: "SIGTERM" | "SIGKILL"): void => {
    try {
      process.kill(-Number(child.pid), name);
    } catch {
      // It is gone.
    }
  };
  // A run that is cut short must not leave servers behind.
  const onExit = () => signal("SIGKILL");
  process.once("exit", onExit);
  const stop = async (): Promise<void> => {
    signal("SIGTERM");
    const timer = setTimeout(() => signal("SIGKILL"), graceMs);
    await ended;
    clearTimeout(timer);
    process.off("exit", onExit);
  };

  const untilMs = Date.now() + timeoutMs;
  for (;;) {
    if (failure || child.exitCode !== null || Date.now() > untilMs) {
      await stop();
      throw new Error(`${program} did not start: ${failure ?? log.slice(-4000)}`);
    }
    if ((await statusOf(readyUrl)) === readyStatus) return { log: () => log, stop };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(5000) })).status;
  } catch {
    return undefined;
  }
}

/** What an action comes to, once it no longer fails; its last error after a minute. */
export async function withPatience<T>(action: () => Promise<T>): Promise<T> {
  for (const untilMs = Date.now() + 60_000; ; ) {
    try {
      return await action();
    } catch (error) {
      if (Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
