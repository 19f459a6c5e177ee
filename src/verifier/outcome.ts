import type { Principal } from "../users/principal.js";
import type { Scheme } from "./fault.js";
import type { HttpProblem } from "./problem.js";

/** What an `Authorization` header turned out to be. */
export type Outcome =
  | { readonly kind: "authenticated"; readonly principal: Principal<Scheme> }
  /** No credentials of ours: none, or of another scheme. */
  | { readonly kind: "anonymous"; readonly problem: HttpProblem }
  | {
      readonly kind: "rejected";
      readonly problem: HttpProblem;
      /** The caller is the reason: with a 401 always, with a 503 where the credential was why a provider gave no answer. */
      readonly isFailedAttempt: boolean;
    };

/** What a request may do, as an answer to give or a principal to go on with. */
export type Decision =
  | { readonly kind: "allowed"; readonly principal: Principal<Scheme> }
  | { readonly kind: "refused"; readonly problem: HttpProblem };
