import type { Page } from "playwright-core";
import type { Credentials } from "./browser-tokens.js";

/** A person whom the provider knows, in the groups `vtb-behandelaars` and `anders`. */
export const person = { username: "jan", password: "een-wachtwoord-7d" } as const;

/** Where browsers come back to; known before a provider starts. */
export interface Addresses {
  readonly redirectUris: readonly string[];
  readonly postLogoutUri: string;
}

/** A real OpenID provider that runs on this machine. The caller closes it. */
export interface Peer {
  /** As operators write it. */
  readonly discoveryEndpoint: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Signs people in, and gives their tokens to other programs. */
  readonly login: Credentials & { readonly scopes: readonly string[] };
  /** Acts in its own name. */
  readonly service: Credentials & { readonly scope: string };
  /** What claims call the user of the service, and which claim does. */
  readonly serviceUser: { readonly username: string; readonly claim: string };
  /** Endpoints that discovery does not publish. */
  readonly endpointLines?: readonly string[];
  /** Lines of the file that this provider needs at each of its clients, such as where claims come from. */
  readonly clientLines: readonly string[];
  /** What a person does at the provider's pages until the browser is sent back. */
  readonly signIn: (page: Page) => Promise<void>;
  /** Confirms a logout, where the provider asks. */
  readonly confirmLogout?: (page: Page) => Promise<void>;
  /** A person who signs out of the pages stays signed in there. */
  readonly keepsSession?: boolean;
  /** What is signed from here on is signed with a new key. */
  readonly rotateKeys: () => Promise<void>;
  /** As when its machine is down; its data stays. */
  readonly stop: () => Promise<void>;
  /** On the same port again. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export type StartPeer = (addresses: Addresses) => Promise<Peer>;
