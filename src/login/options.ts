import type { PoolOptions } from "../database/live-database.js";
import type { LoginEvent } from "./event.js";
import type { LoginLanguage } from "./texts.js";

export interface LoginOptions {
  /** Such as `sqlite:./vtb-auth.db`; made by `vtb-setup apply`. */
  readonly database: string;
  /** Identifier of the OIDC client that logs people in; `admin-oidc` unless told. */
  readonly client?: string | undefined;
  /** Where the provider sends people back to, exactly as it is registered there. Its origin is the server's own. */
  readonly redirectUri: string;
  /** At least 32 characters, the same in every process and across restarts: cookies and stored ID tokens are sealed with it. */
  readonly sessionSecret: string;
  /** Where the provider sends people after its own logout, exactly as it is registered there; nowhere unless told. */
  readonly postLogoutRedirectUri?: string | undefined;
  /** How long a session lasts without a request; 30 minutes unless told. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long a session lasts at most; 12 hours unless told. */
  readonly lifetimeMs?: number | undefined;
  /** How far the provider's clock may be off, as ID tokens show it: 0 to 300 seconds; 30 unless told. */
  readonly leewaySeconds?: number | undefined;
  /** Whether only staff are let in, as on admin pages; true unless told. */
  readonly requireStaff?: boolean | undefined;
  /** Groups that no claim can put anybody in, whatever the provider says; none unless told. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Of the texts for people; `nl` unless told. */
  readonly language?: LoginLanguage | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up; the process's own unless given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How many connections to a server; a file has no use for it. */
  readonly pool?: PoolOptions | undefined;
  /** Hears who signs in and out and why somebody was refused; never a code, token, state or claim. */
  readonly onEvent?: ((event: LoginEvent) => void) | undefined;
  /** In milliseconds since 1970, for tests. */
  readonly now?: (() => number) | undefined;
}
