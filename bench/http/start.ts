import type { JsonWebKey } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { World } from "../support/world.js";

/** What a server has to know. */
export interface Facts extends World {
  /** Of the provider's RS256 key. */
  readonly publicPem: string;
  readonly publicJwk: JsonWebKey & { readonly kid: string };
}

/** Starts a server on loopback and gives its port. */
export type StartServer = (facts: Facts) => Promise<number>;

/** What every server answers. */
export const answer = { count: 0, results: [] } as const;

interface Listening {
  address(): AddressInfo | string | null;
}

/** The port of a server, once it listens. */
export function listen(listenOn: (port: number, host: string, done: () => void) => Listening): Promise<number> {
  return new Promise((resolve) => {
    const server = listenOn(0, "127.0.0.1", () => {
      // It listens on a port, not on a pipe.
      resolve((server.address() as AddressInfo).port);
    });
  });
}
