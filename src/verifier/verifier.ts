import type { Principal } from "../users/principal.js";
import type { Scheme } from "./authorization-header.js";
import type { ProblemDetails } from "./problem.js";

/** An `Authorization` header's value, or the values of one that came several times. */
export type Authorization = string | readonly string[] | undefined;

/** What is known of a request beside its `Authorization` header. */
export interface RequestContext {
  /**
   * The address that it comes from, as far as the server can tell, or a function that gives it; looked at where failed attempts are
   * limited, and where a provider has to be asked.
   */
  readonly source?: string | (() => string | undefined) | undefined;
}

export interface Verifier {
  /**
   * Whom a request acts for. The answer is there at once, without a promise, unless a provider or a remote database has to be
   * asked; `await` fits both.
   *
   * @throws SetupError when the database does not answer, at once or as a rejection: nothing is known about the request then
   */
  readonly authenticate: (authorization: Authorization, context?: RequestContext) => Outcome | Promise<Outcome>;
  /**
   * Whether a request may do something: like {@link Verifier.authenticate}, with a 403 where a permission is missing and a 503
   * where the database does not answer.
   *
   * @param permission such as `taken.view_externetaak`; without it, whoever is authenticated may
   */
  readonly authorize: (
    authorization: Authorization,
    permission?: string,
    context?: RequestContext,
  ) => Decision | Promise<Decision>;
  /**
   * Fetches the keys of all providers anew. Those known until now count for nothing from the moment that it is called, so that a
   * disabled one ends at once: while its provider can't be reached, tokens are answered 503.
   */
  readonly refreshKeys: () => Promise<void>;
  /** Writes what waits and closes the database. Nothing is answered afterwards. */
  readonly close: () => Promise<void>;
}

/** What an `Authorization` header turned out to be. */
export type Outcome =
  | { readonly kind: "authenticated"; readonly principal: Principal<Scheme> }
  /** No credentials of ours: none, or of another scheme. */
  | { readonly kind: "anonymous"; readonly problem: ProblemDetails }
  | {
      readonly kind: "rejected";
      readonly problem: ProblemDetails;
      /** The caller is the reason: with a 401 always, with a 503 where the credential was why a provider gave no answer. */
      readonly isFailedAttempt: boolean;
    };

/** What a request may do, as an answer to give or a principal to go on with. */
export type Decision =
  | { readonly kind: "allowed"; readonly principal: Principal<Scheme> }
  | { readonly kind: "refused"; readonly problem: ProblemDetails };
