import type { Secret } from "../secrets/secret.js";
import type { ClaimNote } from "../users/map-claims.js";
import type { RefusalCode } from "./refusal-codes.js";

/** A client and its provider that are not saved; the names are those of the columns in the database, the defaults those of files. */
export interface UnsavedClient {
  readonly client: {
    readonly client_id: string;
    /** Empty for a public client. */
    readonly client_secret: Secret;
    readonly sign_algo?: string | undefined;
    readonly sign_key?: Secret | undefined;
    readonly scopes?: readonly string[] | undefined;
    readonly idp_hint?: string | undefined;
    readonly userinfo_claims_source?: "userinfo_endpoint" | "id_token" | undefined;
    /** Undefined for the provider's. */
    readonly use_pkce?: boolean | undefined;
    /** As in a file: how claims become users and groups. */
    readonly options?: object | undefined;
  };
  readonly provider: {
    readonly issuer?: string | undefined;
    readonly discovery_endpoint?: string | undefined;
    readonly authorization_endpoint?: string | undefined;
    readonly token_endpoint?: string | undefined;
    readonly userinfo_endpoint?: string | undefined;
    readonly jwks_endpoint?: string | undefined;
    readonly token_use_basic_auth?: boolean | undefined;
    readonly use_nonce?: boolean | undefined;
    readonly nonce_size?: number | undefined;
    readonly state_size?: number | undefined;
    readonly use_pkce?: boolean | undefined;
    readonly ca_file?: string | undefined;
  };
}

/** `claims` has no token, nonce, hash or secret. They are a person's: show them, and neither log nor store them. */
export type TrialResult =
  | {
      readonly kind: "mapped";
      readonly claims: Readonly<Record<string, unknown>>;
      /** When the person signed in at the provider; undefined if the ID token does not say so. */
      readonly authenticatedAt: Date | undefined;
      readonly user: TrialUser;
      /** Whose account it would be; undefined for a client that is not saved. */
      readonly account: TrialAccount | undefined;
    }
  /** The login would be refused; the details are those of a `refused` event. */
  | {
      readonly kind: "failed";
      readonly code: RefusalCode;
      readonly reason: string;
      readonly claim?: string;
      readonly found?: string;
      readonly expected?: string;
      readonly hint?: string;
      /** Where the claims are the cause. */
      readonly claims?: Readonly<Record<string, unknown>>;
    };

/** The user that the claims describe. What they do not say stays as it is, or is empty for a new user. */
export interface TrialUser {
  readonly username: string;
  readonly email: string | undefined;
  readonly firstName: string | undefined;
  readonly lastName: string | undefined;
  readonly isActive: boolean | undefined;
  readonly isStaff: boolean | undefined;
  readonly isSuperuser: boolean;
  /** A group that does not exist is created if `mayBeCreated`, and otherwise left out. */
  readonly groups: readonly { readonly name: string; readonly mayBeCreated: boolean }[];
  /** Claims that are missing or were ignored. */
  readonly notes: readonly ClaimNote[];
}

export type TrialAccount =
  | { readonly kind: "new" }
  | {
      readonly kind: "existing";
      readonly userId: string;
      readonly username: string;
      readonly isActive: boolean;
      readonly isStaff: boolean;
    }
  /** No account may be used or made, for this reason of a refused login. */
  | { readonly kind: "refused"; readonly reason: string };
