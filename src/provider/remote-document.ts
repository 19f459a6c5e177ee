import { findFetchFailure } from "../oidc/fetch-failure.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";

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
  | { readonly kind: "failed"; readonly message: string };

/** Asks once. Never rejects. */
export async function fetchDocument(
  fetch: GuardedFetch,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<RemoteAnswer> {
  try {
    const response = await fetch(url, { headers: { ...headers } });
    const type = response.headers.get("content-type") ?? "";
    return {
      kind: "answer",
      status: response.status,
      contentType: (type.split(";")[0] ?? "").trim().toLowerCase(),
      header: (name) => response.headers.get(name),
      body: Buffer.from(await response.arrayBuffer()),
    };
  } catch (error) {
    // Other errors may quote what was sent.
    return { kind: "failed", message: findFetchFailure(error)?.message ?? "the request failed" };
  }
}

/** Seconds in a whole-number header, within bounds. */
export function boundedSeconds(text: string | null | undefined, least: number, most: number): number | undefined {
  return text && /^\d{1,9}$/.test(text.trim()) ? Math.min(Math.max(Number(text), least), most) : undefined;
}
