import type { BootstrapCode } from "../operations/bootstrap.js";

/** The admin interface: pages for administrators, as a web-standard handler. */
export interface Admin {
  /** Where browsers see the pages, without a slash at its end. */
  readonly publicUrl: string;
  /**
   * Answers a request. Its URL's path begins with that of `publicUrl`, or lacks it where a proxy strips it; its host is not used.
   *
   * @param peer what the server knows about who sent it
   */
  readonly fetch: (request: Request, peer?: Peer) => Promise<Response>;
  /**
   * Makes a code that can be typed once, within ten minutes, at the page `bootstrap`: its session makes the first administrator. Undefined
   * where someone can sign in as an administrator. Show it to nobody but those who look after the server.
   *
   * @throws TypeError without the option `bootstrap`, SetupError (unavailable) while the database can't be reached
   */
  readonly bootstrapCode: () => Promise<BootstrapCode | undefined>;
  /** As of the login: fetches the provider's keys again, such as after one was disabled there. */
  readonly refreshKeys: () => Promise<void>;
  /** Waits for changes under way, and closes the database. */
  readonly close: () => Promise<void>;
}

export interface Peer {
  /** The address of the browser, for limits on attempts; without it, all requests share them. */
  readonly address?: string | undefined;
}

/** The largest form that is read. */
export const maxFormBytes: number = 64 * 1024;
