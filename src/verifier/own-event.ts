import type { ProviderEvent } from "../oidc/event.js";
import type { ClaimNote } from "../users/mapped-claims.js";
import type { LinkedBy } from "../users/provision-user.js";
import type { NameFault } from "../users/write-user.js";

/** What an operator may want to know of. Never a token, a claim or a key. */
export type BearerEvent =
  | ProviderEvent
  | { readonly kind: "client_unusable"; readonly client: string; readonly message: string }
  | { readonly kind: "mapping_ignored"; readonly client: string; readonly fields: readonly string[] }
  | (ClaimNote & { readonly client: string; readonly userId: string })
  /** A token was older than what its user was last made of: it was accepted, and changed nothing. */
  | { readonly kind: "claims_stale"; readonly client: string; readonly userId: string }
  /** Somebody signed in for the first time as a user that was there: as a file says, or by the username. */
  | { readonly kind: "user_linked"; readonly client: string; readonly userId: string; readonly by: LinkedBy }
  /** The person has another name at the provider now, and so has the user; or keeps the old one, since somebody else has the new. */
  | { readonly kind: "user_renamed"; readonly client: string; readonly userId: string }
  | { readonly kind: "username_kept"; readonly client: string; readonly userId: string; readonly reason: NameFault }
  | { readonly kind: "user_written"; readonly client: string; readonly userId: string };

export type OnBearerEvent = (event: BearerEvent) => void;
