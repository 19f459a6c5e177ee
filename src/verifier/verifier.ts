import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { Principal } from "../users/principal.js";
import type { Scheme } from "./authorization-header.js";
import type { ProblemDetails } from "./problem.js";

/** An `Authorization` header's value, or the values of a repeated one. */
export type Authorization = string | readonly string[] | undefined;

/** A request's context, beside its `Authorization` header. */
export interface RequestContext {
  /**
   * The address that it comes from, as far as the server knows, or a function that returns it; read where failed attempts are
   * limited, and where a provider must be asked.
   */
  readonly source?: string | (() => string | undefined) | undefined;
}

const groupsOfNetwork = 4;

/** The source that a request counts for; empty where it is unknown. */
export function sourceOf(context: RequestContext | undefined): string {
  const source = typeof context?.source === "function" ? context.source() : context?.source;
  return source === undefined ? "" : sourceKey(source);
}

/** The key of a source: an IPv4 address, or the /64 network of an IPv6 address, which one customer has. */
export function sourceKey(source: string): string {
  const address = source.replace(/%.*$/s, "");
  if (!isIPv6(address)) return source;
  const parsed = ipaddr.IPv6.parse(address);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return parsed.parts
    .slice(0, groupsOfNetwork)
    .map((group) => group.toString(16))
    .join(":");
}

export interface Verifier {
  /**
   * Whom a request acts for. The answer is synchronous, without a promise, unless a provider or a remote database must be
   * asked; `await` works for both.
   *
   * @throws SetupError when the database does not answer, synchronously or as a rejection: the request is then undecided
   */
  readonly authenticate: (authorization: Authorization, context?: RequestContext) => Outcome | Promise<Outcome>;
  /**
   * Whether a request is permitted: like {@link Verifier.authenticate}, with a 403 where a permission is missing and a 503
   * where the database does not answer.
   *
   * @param permission such as `taken.view_externetaak`; without it, every authenticated request is permitted
   */
  readonly authorize: (
    authorization: Authorization,
    permission?: string,
    context?: RequestContext,
  ) => Decision | Promise<Decision>;
  /**
   * Fetches the keys of all providers again. The old ones are dropped as soon as it is called, so that a
   * disabled one stops working at once: while its provider can't be reached, tokens are answered with 503.
   */
  readonly refreshKeys: () => Promise<void>;
  /** Writes pending uses and closes the database. It answers nothing afterwards. */
  readonly close: () => Promise<void>;
}

/** The outcome for an `Authorization` header. */
export type Outcome =
  | { readonly kind: "authenticated"; readonly principal: Principal<Scheme> }
  /** No credentials of ours: none, or of another scheme. */
  | { readonly kind: "anonymous"; readonly problem: ProblemDetails }
  | {
      readonly kind: "rejected";
      readonly problem: ProblemDetails;
      /** The caller is at fault: always with a 401; with a 503 where the credential was why a provider gave no answer. */
      readonly isFailedAttempt: boolean;
    };

/** The decision on a request: a response to send, or a principal to continue with. */
export type Decision =
  | { readonly kind: "allowed"; readonly principal: Principal<Scheme> }
  | { readonly kind: "refused"; readonly problem: ProblemDetails };
