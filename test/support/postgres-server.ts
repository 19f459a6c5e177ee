import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { loadEmbeddedPostgres } from "./embedded-postgres.js";
import { fastFolder } from "./fast-folder.js";

/** A PostgreSQL server on 127.0.0.1, with its data in a temporary folder. */
export interface PostgresServer {
  readonly port: number;
  /** For its superuser and the database `postgres`. */
  readonly url: string;
  /** Ends it as a shutdown for maintenance does: what runs is rolled back. */
  readonly stop: () => Promise<void>;
  /** Ends it as a crash of the machine does: it has to recover at the next start. */
  readonly crash: () => Promise<void>;
  /** Starts it again, on the same port and data. */
  readonly start: () => Promise<void>;
  /** Ends it and deletes its data. */
  readonly remove: () => Promise<void>;
}

const user = "owner";
const password = "only-for-tests";

// Text is ordered as a language does, so that nothing relies on the order of bytes.
// The password is no secret: checking it must take no time.
const initdbFlags = [
  "--set=scram_iterations=1",
  "--no-sync",
  "--encoding=UTF8",
  "--locale-provider=icu",
  "--icu-locale=nl-NL",
];
const commonFlags = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  wal_level: "minimal",
  max_wal_senders: "0",
  min_wal_size: "32MB",
  max_wal_size: "64MB",
};
const forgetful = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

/** Starts a server. Only a durable one keeps what it promised when it is killed. */
export async function startPostgres({ isDurable = false } = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(isDurable ? tmpdir() : fastFolder(), "vtb-setup-postgres-"));
  const guard = guardFolder(folder);
  // The server's own user must be able to enter it.
  chmodSync(folder, 0o755);
  const said: string[] = [];
  const port = await freeLowPort();
  const settings = { ...commonFlags, ...(isDurable ? {} : forgetful) };
  const EmbeddedPostgres = await loadEmbeddedPostgres(folder);
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user,
    password,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags,
    postgresFlags: Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    onLog: (message: unknown) => void said.splice(0, said.length - 20, String(message)),
    onError: (error: unknown) => void said.push(String(error)),
  });
  const start = () =>
    server.start().catch((cause: unknown) => {
      throw new Error(`the PostgreSQL server did not start:\n${said.join("")}`, { cause });
    });
  await server.initialise();
  await start();
  return {
    port,
    url: `postgres://${user}:${password}@127.0.0.1:${port}/postgres`,
    start,
    stop: () => server.stop(),
    crash: async () => {
      process.kill(Number.parseInt(readFileSync(join(folder, "data/postmaster.pid"), "utf8"), 10), "SIGQUIT");
      while (!(await isFree(port))) await setTimeout(20);
    },
    remove: async () => {
      await server.stop();
      await guard.end();
    },
  };
}

/** A process that ends the server and deletes its folder when this one ends, also where it is killed. */
function guardFolder(folder: string): { readonly end: () => Promise<void> } {
  const script = 'read -r _; kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")" 2>/dev/null && sleep 1; rm -rf "$0"';
  const guard = spawn("sh", ["-c", script, folder], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise<void>((resolve, reject) => guard.once("exit", () => resolve()).once("error", reject));
  guard.unref();
  return {
    end: () => {
      guard.stdin.end();
      return ended;
    },
  };
}

/** Below the ports that clients get, so that none of these gets it while the server is down. */
async function freeLowPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
