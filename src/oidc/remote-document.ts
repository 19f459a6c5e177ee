import { findFetchFailure } from "./fetch-failure.js";
import type { GuardedFetch } from "./guarded-fetch.js";

/** A whole answer, of whatever status; or why there is none, in a sentence. */
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
      /** Whether there was somebody to ask: what failed then may have to do with the question. */
      readonly isConnected: boolean;
    };

export type WholeAnswer = RemoteAnswer & { readonly kind: "answer" };

export interface RemoteRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as a form; without it, the request is a GET. */
  readonly form?: Readonly<Record<string, string>> | undefined;
  /** Whether redirects within the same origin are followed. */
  readonly followsRedirects?: boolean;
}

/** Asks once. Never rejects. */
export async function fetchDocument(
  fetch: GuardedFetch,
  url: string,
  { headers, form, followsRedirects = false }: RemoteRequest,
): Promise<RemoteAnswer> {
  try {
    const body = form && new URLSearchParams(form);
    const response = await fetch(url, {
      headers: { ...headers },
      redirect: followsRedirects ? "follow" : "error",
      ...(body && { method: "POST", body }),
    });
    return await readWhole(response);
  } catch (error) {
    const failure = findFetchFailure(error);
    // Other errors may quote what was sent.
    return {
      kind: "failed",
      message: failure?.message ?? "the request failed",
      isConnected: failure?.isConnected === true,
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

/** Seconds in a whole-number header, within bounds. */
export function boundedSeconds(text: string | null | undefined, least: number, most: number): number | undefined {
  return text && /^\d{1,9}$/.test(text.trim()) ? Math.min(Math.max(Number(text), least), most) : undefined;
}
