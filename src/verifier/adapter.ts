import { SetupError } from "../errors.js";
import type { Principal } from "../users/principal.js";
import type { Scheme } from "./authorization-header.js";
import type { RequireOptions } from "./requirement.js";
import type { Authorization, RequestId, Verifier } from "./verifier.js";

const key: unique symbol = Symbol("vtb-setup principal");

interface Carrier {
  [key]?: Principal<Scheme>;
}

/** Attaches the principal to the request, under a unique symbol. */
export function attachPrincipal(request: object, principal: Principal<Scheme>): void {
  // Any object can have our symbol.
  (request as Carrier)[key] = principal;
}

/**
 * Returns the principal of a request that `requireAuth` accepted.
 *
 * @throws TypeError if `requireAuth` did not run before
 */
export function principalOf(request: object): Principal<Scheme> {
  // As above.
  const principal = (request as Carrier)[key];
  if (!principal) throw new TypeError("the request has no principal: put requireAuth before this handler");
  return principal;
}

/** The options where the framework does not know what a middleware or proxy adds to a request. */
export interface RequireOptionsOf<Request> extends RequireOptions {
  /** Returns the id of a request for events, such as that of a middleware before. Only called for a request that is refused. */
  readonly requestId?: (request: Request) => RequestId;
  /**
   * Returns the client's address where that is not the framework's own value, such as from the header that your proxy sets; undefined
   * if it is unknown.
   */
  readonly source?: (request: Request) => string | undefined;
}

const name = "authorization";

/**
 * Returns all `Authorization` headers of a request. Node's `headers` keeps only the first, so a proxy and this program could see
 * different ones.
 *
 * @param rawHeaders alternating names and values
 */
export function rawAuthorization(rawHeaders: readonly string[]): Authorization {
  let found: string | undefined;
  let several: string[] | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const header = rawHeaders[index];
    if (header?.length !== name.length || header.toLowerCase() !== name) continue;
    const value = rawHeaders[index + 1] ?? "";
    if (found === undefined) found = value;
    else several = [...(several ?? [found]), value];
  }
  return several ?? found;
}

/** An answer of this package to a request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** @throws TypeError where the verifier has no resource */
export function metadataPathOf({ resourceMetadataUrl: url }: Verifier): string {
  if (url === undefined) throw new TypeError("createVerifier needs the option `resource` for its metadata");
  return new URL(url).pathname;
}

/** Answers a request for the metadata of the API (RFC 9728 §3.2): 503 without a body while the database does not answer. */
export async function answerMetadata(verifier: Verifier): Promise<Answer> {
  try {
    const text = JSON.stringify(await verifier.resourceMetadata());
    return { status: 200, headers: metadataHeaders, text };
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    return { status: 503, headers: { "Cache-Control": "no-store", "Retry-After": "1" }, text: "" };
  }
}

const metadataHeaders = {
  "Content-Type": "application/json",
  // An issuer that is not trusted any more must be gone.
  "Cache-Control": "no-cache",
  // Programs in browsers read it too; it is public.
  "Access-Control-Allow-Origin": "*",
};
