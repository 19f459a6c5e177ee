import type { AccessPrincipal } from "../access/compare.js";
import type { ResourceName } from "../plan/resource.js";
import type { DemandedRight } from "./rights.js";

/** Who acts at the admin pages. */
export type Person =
  | {
      readonly kind: "user";
      readonly userId: string;
      readonly username: string;
      /** When the person last proved who it is, in milliseconds; undefined if that is unknown. */
      readonly authenticatedAtMs: number | undefined;
    }
  /** Typed the one-time code of a database without administrators. May make the first administrator and nothing else. */
  | { readonly kind: "bootstrap" };

/** Nothing was changed, and why. */
export type Forbidden = { readonly kind: "forbidden" } & (
  | {
      readonly reason: /** The person is gone, inactive, or neither staff nor a superuser any more. */
        | "not_signed_in"
        /** The person could not sign in any more, or not as staff or superuser. */
        | "own_way_in"
        /** A person can sign in as an administrator by now, so the one-time code gives nothing any more. */
        | "bootstrap_over"
        /** The one-time code makes the first administrator and nothing else. */
        | "bootstrap_only";
    }
  | { readonly reason: "right_missing"; readonly right: DemandedRight }
  /** These accounts may more than the person, or would lose what the person does not have. */
  | { readonly reason: "above_own"; readonly accounts: readonly string[]; readonly rights: Rights }
  /** These would gain what the person does not have. */
  | { readonly reason: "grants_more"; readonly principals: readonly AccessPrincipal[]; readonly rights: Rights }
  | { readonly reason: "sign_in_not_recent"; readonly authenticatedAtMs: number | undefined }
  | ({ readonly reason: "managed_by_file" } & Managed)
  /** So far, these can sign in as an administrator, for people to read. */
  | { readonly reason: "last_administrator"; readonly former: readonly string[] }
);

/** Rights that a person does not have itself. */
export interface Rights {
  readonly isSuperuser: boolean;
  readonly isStaff: boolean;
  readonly permissions: readonly string[];
}

/** What files say, so that it is changed there alone. */
export interface Managed {
  readonly entries: readonly ResourceName[];
  readonly owner: string;
  /** That the owner's last run had which changed something. */
  readonly files: readonly string[];
  /** When that was: ISO 8601, UTC. */
  readonly appliedAt: string | null;
}
