import type { PoolOptions } from "../database/live-database.js";
import type { AccessTokenType } from "./bearer/access-token.js";
import type { VerifierEvent } from "./event.js";
import type { Language } from "./problem.js";

export interface VerifierOptions {
  /** Such as `sqlite:./vtb-auth.db`; made by `vtb-setup apply`. */
  readonly database: string;
  /** Identifiers of the OIDC clients whose bearer tokens are accepted; `["api-oidc"]` by default. */
  readonly clients?: readonly string[] | undefined;
  /** Receives why a request was refused, and what goes wrong behind the scenes; never a credential. */
  readonly onEvent?: ((event: VerifierEvent) => void) | undefined;
  /** Where `VTB_SETUP_KEY` and `VTB_SETUP_KEY_FILE` are looked up; the process's own by default. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How many connections to a server; a file has no use for it. */
  readonly pool?: PoolOptions | undefined;
  /** What `WWW-Authenticate` calls the API; `api` by default. */
  readonly realm?: string | undefined;
  /** Of the texts for clients; `nl` by default, as of the Django APIs. */
  readonly language?: Language | undefined;
  /** How far the clocks of provider and API may differ, 0 to 300 s; 30 by default. */
  readonly leewaySeconds?: number | undefined;
  /** The most seconds after a bearer token's `iat`, whatever its `exp` says; unlimited by default. */
  readonly maxTokenAgeSeconds?: number | undefined;
  /** `rfc9068` takes only JWTs that are marked as access tokens (RFC 9068); `lenient`, the default, others too. */
  readonly accessTokenType?: AccessTokenType | undefined;
  /** Groups that no claim may give, whatever their case; only files and people do. None by default. */
  readonly reservedGroups?: readonly string[] | undefined;
  /** Whether a person with a good bearer token and no user yet gets one; true by default. */
  readonly createUsers?: boolean | undefined;
  /** How many failed attempts one source has; unlimited by default, since behind a proxy all may have its address. */
  readonly failureLimit?:
    | {
        /** The number of failed attempts that a source has per minute; they are restored evenly. */
        readonly perMinute: number;
      }
    | undefined;
  /** The most characters that an `Authorization` header may have; 16384 by default. */
  readonly maxHeaderLength?: number | undefined;
  /** How many tokens, users and answers of a provider each memory holds, at least 1; 10,000 by default. */
  readonly cacheSize?: number | undefined;
  /** In milliseconds since 1970, for tests. */
  readonly now?: (() => number) | undefined;
}
