import { createServer, connect as open, type Server, type Socket } from "node:net";
import { inject, onTestFinished } from "vitest";

/** What a client asked of the server; statements with a name are prepared once on a connection and then only named. */
export type Asked =
  | { readonly kind: "prepared"; readonly name: string; readonly text: string }
  | { readonly kind: "executed"; readonly name: string }
  | { readonly kind: "query"; readonly text: string };

/** Stands between clients and the tests' server, listens, and can be in the way. */
export interface PostgresProxy {
  /** The same database, through the proxy. */
  readonly through: (url: string) => string;
  /** What was asked so far, in order. */
  readonly asked: () => readonly Asked[];
  /** How many connections were tried so far, also while the server was down. */
  readonly connections: () => number;
  /** How many connections are open. */
  readonly open: () => number;
  /** Ends all connections, and each new one at once. */
  readonly cut: () => void;
  /** Silently stops passing data on. */
  readonly hush: () => void;
  /** Passes what the server answers on so much later, as if it were far away. */
  readonly moveAway: (ms: number) => void;
  /** Works again, for new connections. */
  readonly mend: () => void;
}

/** Starts a proxy; it goes away with the test. */
export async function startPostgresProxy(): Promise<PostgresProxy> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let awayMs = 0;
  let state: "open" | "cut" | "silent" = "open";
  const server = createServer((client) => {
    connections += 1;
    if (state === "cut") return void client.on("error", () => {}).destroy();
    const upstream = open(Number(new URL(inject("postgresUrl")).port), "127.0.0.1");
    const listen = listener(asked);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        upstream.destroy();
        // Behind what is still on its way.
        if (socket === upstream && awayMs > 0) setTimeout(() => client.destroy(), awayMs);
        else client.destroy();
      });
    }
    client.on("data", (bytes) => {
      if (state === "silent") return;
      listen(bytes);
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (state === "silent") return;
      if (awayMs === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), awayMs);
    });
  });
  const port = await listenSomewhere(server);
  const end = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    end();
    server.close();
  });
  return {
    through: (url) => url.replace(/:\d+\//, `:${port}/`),
    asked: () => [...asked],
    connections: () => connections,
    open: () => sockets.size / 2,
    cut: () => {
      state = "cut";
      end();
    },
    hush: () => {
      state = "silent";
    },
    moveAway: (ms) => {
      awayMs = ms;
    },
    mend: () => {
      end();
      state = "open";
    },
  };
}

function listenSomewhere(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("expected a port");
      resolve(address.port);
    });
  });
}

/** Reads a client's messages: a first one without a type, then a letter, a length that counts itself, and the content. */
function listener(asked: Asked[]): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const start = isStarted ? 1 : 0;
      if (rest.length < start + 4) return;
      const end = start + rest.readInt32BE(start);
      if (rest.length < end) return;
      if (isStarted) asked.push(...read(rest.toString("latin1", 0, 1), rest.toString("utf8", 5, end)));
      isStarted = true;
      rest = rest.subarray(end);
    }
  };
}

function read(type: string, content: string): readonly Asked[] {
  const [first = "", second = ""] = content.split("\0");
  if (type === "P") return [{ kind: "prepared", name: first, text: second }];
  if (type === "B") return [{ kind: "executed", name: second }];
  return type === "Q" ? [{ kind: "query", text: first }] : [];
}
