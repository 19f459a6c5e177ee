import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import type { DatabaseStatus } from "../database/database-status.js";
import type { ClientStatus, ProviderStatus } from "../oidc/provider-status.js";
import type { Principal } from "../users/principal.js";
import type { Scheme } from "./authorization-header.js";
import type { CataloguePermission, PermissionCatalogue } from "./catalogue.js";
import type { OpenApiSecurity } from "./openapi.js";
import type { ProblemDetails } from "./problem.js";
import type { RequireOptions } from "./requirement.js";
import type { ResourceMetadata } from "./resource-metadata.js";

/** An `Authorization` header's value, or the values of a repeated one. */
export type Authorization = string | readonly string[] | undefined;

/** The context of a request, beside its `Authorization` header. */
export interface RequestContext {
  /**
   * The client's address, or a function that returns it. Used for API tokens with `allowed_ips`, to limit failed attempts, and to
   * share requests to a provider among sources.
   */
  readonly source?: string | (() => string | undefined) | undefined;
  /** The id that the server gave the request, or a function that returns it. Used in events. */
  readonly requestId?: RequestId | (() => RequestId);
}

export type RequestId = string | number | undefined;

const groupsOfNetwork = 4;

/** The source of a request; empty if it is unknown. */
export function sourceOf(context: RequestContext | undefined): string {
  const address = addressOf(context);
  return address === undefined ? "" : sourceKey(address);
}

/** The client's address, as it was passed; undefined if it is unknown. */
export function addressOf(context: RequestContext | undefined): string | undefined {
  const source = typeof context?.source === "function" ? context.source() : context?.source;
  return source === "" ? undefined : source;
}

/** The key of a source: an IPv4 address, or the /64 network of an IPv6 address, which a single customer has. */
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
   * Authenticates a request. Synchronous, without a promise, unless it needs a provider or a remote database; `await` works for
   * both.
   *
   * @throws SetupError, synchronously or as a rejected promise, when the database does not answer
   */
  readonly authenticate: (authorization: Authorization, context?: RequestContext) => Outcome | Promise<Outcome>;
  /**
   * Authenticates a request and checks its permission: like {@link Verifier.authenticate}, with a 403 if the permission is missing
   * and a 503 if the database does not answer.
   *
   * @param required a permission such as `taken.view_externetaak`, or what {@link Verifier.require} returned; without it, each
   * authenticated request is allowed. Other options are checked at each call.
   * @throws TypeError as {@link Verifier.require}
   */
  readonly authorize: (
    authorization: Authorization,
    required?: string | RequireOptions,
    context?: RequestContext,
  ) => Decision | Promise<Decision>;
  /**
   * Checks once what a route requires, for {@link Verifier.authorize}, and adds its permissions to the catalogue. The adapters'
   * `requireAuth` calls it.
   *
   * @returns a frozen copy
   * @throws TypeError for options that are misspelt, contradict each other, or name a client that the verifier does not have
   */
  readonly require: (options: RequireOptions) => RequireOptions;
  /**
   * Adds permissions to the catalogue: those that handlers check by themselves, and descriptions.
   *
   * @throws TypeError for what is no permission, and for a second, other description of one
   */
  readonly registerPermissions: (permissions: readonly CataloguePermission[]) => void;
  /** The permissions that routes require or that were registered so far, sorted; see `writeCatalogue`. */
  readonly catalogue: () => PermissionCatalogue;
  /** Where the metadata of the API is, as clients know it; undefined without the option `resource`. */
  readonly resourceMetadataUrl: string | undefined;
  /**
   * The metadata of the API (RFC 9728), with the issuers whose tokens are accepted now. The adapters' `resourceMetadata` serves it.
   *
   * @throws TypeError without the option `resource`, SetupError when the database does not answer
   */
  readonly resourceMetadata: () => Promise<ResourceMetadata>;
  /**
   * How requests authenticate now, for an OpenAPI document.
   *
   * @param required what an operation requires; defaults to nothing but valid credentials
   * @throws TypeError as {@link Verifier.require}, SetupError when the database does not answer
   */
  readonly openapi: (required?: RequireOptions) => Promise<OpenApiSecurity>;
  /**
   * Fetches the keys of all providers again. The old ones are dropped as soon as it is called, so that a
   * disabled one stops working at once: while its provider can't be reached, its tokens get a 503.
   */
  readonly refreshKeys: () => Promise<void>;
  /**
   * What is known of its database, clients, providers and caches, for health endpoints: small, as JSON, without a secret. It looks
   * at the database, and asks no provider. While the database can't be reached, `isReady` is false and no error is thrown.
   */
  readonly status: () => Promise<VerifierStatus>;
  /** Writes pending uses of tokens and closes the database. The verifier can't be used afterwards. */
  readonly close: () => Promise<void>;
}

/** The outcome for an `Authorization` header. */
export type Outcome =
  | { readonly kind: "authenticated"; readonly principal: Principal<Scheme> }
  /** No credentials, or of another scheme. */
  | { readonly kind: "anonymous"; readonly problem: ProblemDetails }
  | {
      readonly kind: "rejected";
      readonly problem: ProblemDetails;
      /** Caused by the caller: always with a 401; with a 503 if the provider did not answer because of the credential. */
      readonly isFailedAttempt: boolean;
    };

/** A principal to continue with, or a response to send. */
export type Decision =
  | { readonly kind: "allowed"; readonly principal: Principal<Scheme> }
  | { readonly kind: "refused"; readonly problem: ProblemDetails };

/** What a verifier knows of what it works with. For operators: it names hosts and clients, but has no secret. */
export interface VerifierStatus {
  /**
   * Whether it can decide requests: its database answers. A provider does not count: while it is down, its last keys serve for a
   * day, and API tokens need none.
   */
  readonly isReady: boolean;
  readonly database: DatabaseStatus;
  /** The clients whose bearer tokens are accepted. As last known where the database does not answer. */
  readonly clients: readonly ClientStatus[];
  /** Their providers. */
  readonly providers: readonly ProviderStatus[];
  readonly caches: readonly CacheUsage[];
  /**
   * API tokens that this process accepted during the last day, and that expire within the `warn_before` of their policy.
   */
  readonly expiringTokens: {
    readonly count: number;
    /** When the first of them expires: ISO 8601, UTC. */
    readonly next?: string;
  };
}

/** How full a cache is. */
export interface CacheUsage {
  /** `people` are those of each client, `answers` those of providers' userinfo and introspection endpoints. */
  readonly name: "tokens" | "users" | "accepted_bearer_tokens" | "rejected_bearer_tokens" | "people" | "answers";
  readonly size: number;
  readonly max: number;
}
