import type { Generated } from "kysely";

/** A one-time code of a database without administrators, and the session that it began. */
interface BootstrapCodes {
  /** Hex SHA-256 of the code. */
  readonly digest: string;
  readonly created_at: string;
  /** When the code can no longer be typed. */
  readonly expires_at: string;
  /** Hex SHA-256 of the session's id, which the browser's cookie has; null for a code that was not typed yet. */
  session_digest: Generated<string | null>;
  session_started_at: Generated<string | null>;
}

/** A signed-in browser. */
interface LoginSessions {
  /** Hex SHA-256 of the cookie's value. */
  readonly digest: string;
  readonly user_id: string;
  /** The identifier of the client that the login is for. */
  client: string;
  /** That client's row; null for a login with a password, which bypasses the provider. */
  readonly client_id: string | null;
  readonly created_at: string;
  /** When the user last proved who it is, here or at the provider; null if that is unknown. */
  authenticated_at: string | null;
  /** Written once a minute at most. */
  seen_at: string;
  readonly expires_at: string;
  /** Sealed; what the provider's logout asks for. */
  readonly id_token: string | null;
  /** Hex SHA-256 of the code that the session was created for: a second use of the code ends the session. */
  readonly code_digest: string | null;
}

/** The newest claims that were applied to a user, for each client that they came through. */
interface AppliedClaims {
  readonly user_id: string;
  readonly client_id: string;
  /** The `iat` of their token, or when that was first seen. */
  issued_at: string;
  /** When the provider gave them, which may be later. */
  said_at: string;
  /** Hex SHA-256 of the token. */
  token: string;
  /** JSON list of tokens that were issued at the same moment and applied before this one. */
  superseded: string;
  /** The username, if these claims gave it. */
  username: string | null;
}

/** Tokens without `iat`, and when one of the processes first saw them. */
interface SeenTokens {
  /** Hex SHA-256. */
  readonly token: string;
  readonly seen_at: string;
  /** When the row may be deleted. */
  expires_at: string;
}

/** The login states that a callback has used, until they are too old to be accepted again. */
interface LoginStates {
  /** Hex SHA-256. */
  readonly digest: string;
  readonly expires_at: string;
}

/** What signing in writes, beside users. */
export interface SignInTables {
  bootstrap_codes: BootstrapCodes;
  login_sessions: LoginSessions;
  login_states: LoginStates;
  applied_claims: AppliedClaims;
  seen_tokens: SeenTokens;
}
