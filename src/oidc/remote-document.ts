import { Secret } from "../secrets/secret.js";
import { quoteDescription, quoteForeign } from "./foreign-text.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { parseJsonObject } from "./jwt/json-object.js";
import { findFetchFailure } from "./network-error.js";

/** A complete response of any status, or a message why there is none. */
export type RemoteAnswer =
  | {
      readonly kind: "answer";
      readonly status: number;
      /** Lower case, without parameters. */
      readonly contentType: string;
      readonly header: (name: string) => string | null;
      readonly body: Buffer;
    }
  | {
      readonly kind: "failed";
      readonly message: string;
      /** Whether a connection was established: then the request itself may be the cause of the failure. */
      readonly isConnected: boolean;
      /** Whether the same request may work later. */
      readonly retryable: boolean;
    };

export type WholeAnswer = RemoteAnswer & { readonly kind: "answer" };

export interface RemoteRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as a form; without it, the request is a GET. */
  readonly form?: Readonly<Record<string, string>> | undefined;
}

/** Sends one request. Never rejects. */
export async function fetchDocument(
  fetch: GuardedFetch,
  url: string,
  { headers, form }: RemoteRequest,
): Promise<RemoteAnswer> {
  try {
    const body = form && new URLSearchParams(form);
    const response = await fetch(url, {
      headers: { ...headers },
      ...(body && { method: "POST", body }),
    });
    return await readWhole(response);
  } catch (error) {
    const failure = findFetchFailure(error);
    // Other errors may quote the request.
    return {
      kind: "failed",
      message: failure?.message ?? "the request failed",
      isConnected: failure?.isConnected === true,
      retryable: failure?.retryable !== false,
    };
  }
}

export async function readWhole(response: Response): Promise<WholeAnswer> {
  const type = response.headers.get("content-type") ?? "";
  return {
    kind: "answer",
    status: response.status,
    contentType: (type.split(";")[0] ?? "").trim().toLowerCase(),
    header: (name) => response.headers.get(name),
    body: Buffer.from(await response.arrayBuffer()),
  };
}

/** Parses whole seconds in a header, clamped to the bounds. */
export function boundedSeconds(text: string | null | undefined, min: number, max: number): number | undefined {
  return text && /^\d{1,9}$/.test(text.trim()) ? Math.min(Math.max(Number(text), min), max) : undefined;
}

/** For a Retry-After header: whole seconds, at least one. */
export function secondsUntil(timeMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((timeMs - nowMs) / 1000));
}

/**
 * The `Authorization` header that authenticates a client (RFC 6749 §2.3.1). In common libraries, the RFC's form encoding turns
 * `vtb-admin` into `vtb%2Dadmin`, which providers that compare literally, such as Glewlwyd, reject. This leaves `-`, `_` and
 * `.` alone and writes a space as `%20`, which all of them accept.
 */
export function basicCredentials(clientId: string, clientSecret: Secret): Secret {
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`;
  return new Secret(`Basic ${Buffer.from(pair).toString("base64")}`);
}

/**
 * Describes a server's error for a log: its status, and the `error`, `error_description` and `WWW-Authenticate` of OAuth
 * (RFC 6749 §5.2, RFC 6750 §3).
 *
 * @param secrets the request's secrets, which the response may quote
 */
export function describeAnswer(answer: WholeAnswer, secrets: readonly string[]): string {
  const { status, contentType, header, body } = answer;
  const wwwAuthenticate = header("www-authenticate");
  const { error, error_description: description } = parseJsonObject(body) ?? {};
  const said = typeof error === "string" ? `, ${describeError(error, description, secrets)}` : "";
  const challenge = wwwAuthenticate ? `, WWW-Authenticate: ${quoteDescription(wwwAuthenticate, secrets)}` : "";
  const type = said === "" && challenge === "" && contentType !== "" ? ` (${quoteForeign(contentType, 60)})` : "";
  return `status ${status}${type}${said}${challenge}`;
}

/** Describes an error code with its description, from a token endpoint or a callback. */
export function describeError(error: string, description: unknown, secrets: readonly string[]): string {
  const code = quoteDescription(error, secrets, 60);
  if (typeof description !== "string" || description === "") return code;
  return `${code}: ${quoteDescription(description, secrets)}`;
}
