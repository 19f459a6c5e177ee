import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import type { Socket } from "node:net";
import type { ReadableStream } from "node:stream/web";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import type { RequestInit, RequestRedirect, Response as UndiciResponse } from "undici";
import { parseUrl } from "../characters.js";
import { blockedAddressFailure, guardedLookup, isBlockedAddress, type Resolve } from "./blocked-address.js";
import { documentPath } from "./check-metadata.js";
import { quoteForeign } from "./foreign-text.js";
import { explainNetworkError, FetchFailure } from "./network-error.js";

export interface GuardedFetchOptions {
  /** A file of PEM certificates to trust besides the usual roots. */
  readonly caFile?: string | undefined;
  /** The timeout from resolving the name to the body's last byte. */
  readonly timeoutMs: number;
  /** The maximum size of the decompressed body. Defaults to 512 KiB. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How host names are resolved. Defaults to Node's `dns.lookup`. */
  readonly resolve?: Resolve | undefined;
  /** Called with each connection, over https once its certificate has been checked, and the server's scheme, host and port. */
  readonly onConnected?: ((socket: Socket, origin: string) => void) | undefined;
}

/**
 * Redirects are rejected by default, returned with `redirect: "manual"`, and with `"follow"` followed within the same origin, at
 * most three times.
 */
export type GuardedFetch = (url: string, init?: RequestInit) => Promise<Response>;

const maxRedirects = 3;

/**
 * Creates a `fetch` for servers that a configuration names: http and https only, no redirects to other origins, no proxies from
 * the environment, no link-local or metadata addresses, certificates always checked, body and time limited. When it resolves,
 * the whole body has been read, and nothing stays open.
 *
 * Its promise rejects with a {@link FetchFailure}, or with the reason of a signal that aborted.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const { caFile, timeoutMs, maxBytes = 512 * 1024, resolve } = options;
  const trust = createTrust(caFile);
  return async (url, init = {}) => {
    const target = checkTarget(url);
    const limit = startTimeLimit(timeoutMs, [options.signal, init.signal]);
    let isConnected = false;
    try {
      const { Agent, buildConnector, fetch } = await import("undici");
      const connect = buildConnector({
        lookup: guardedLookup(resolve),
        // An explicit value overrides NODE_TLS_REJECT_UNAUTHORIZED=0.
        rejectUnauthorized: true,
        timeout: timeoutMs,
        ...(await trust()),
      });
      const agent = new Agent({
        connect: (target, done) =>
          connect(target, (error, socket) => {
            if (error) return done(error, null);
            // Over https, the handshake is complete as well.
            isConnected = true;
            options.onConnected?.(socket, `${target.protocol}//${target.host}`);
            done(null, socket);
          }),
      });
      try {
        let asked = target;
        for (let left = init.redirect === "follow" ? maxRedirects : 0; ; left -= 1) {
          const answer = await fetch(asked, { ...init, redirect: "manual", dispatcher: agent, signal: limit.signal });
          const next = left > 0 ? nextWithinOrigin(answer, asked) : undefined;
          if (!next) {
            assertUsable(answer, asked, init.redirect ?? "error");
            return repack(answer, await readLimited(answer.body, maxBytes));
          }
          // Reading the body frees the connection for reuse.
          await readLimited(answer.body, maxBytes);
          asked = next;
        }
      } finally {
        await agent.destroy();
      }
    } catch (error) {
      const reason: unknown = limit.signal.aborted ? limit.signal.reason : explainNetworkError(error);
      throw isConnected && reason instanceof FetchFailure ? reason.overConnection() : reason;
    } finally {
      limit.stop();
    }
  };
}

function checkTarget(text: string): URL {
  const url = parseUrl(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "") {
    throw new FetchFailure(false, "the URL is not valid", "write an absolute http or https URL without credentials");
  }
  // Sockets look up names only, so a literal address never reaches the guarded lookup.
  if (isBlockedAddress(url.hostname.replace(/^\[|\]$/g, ""))) throw blockedAddressFailure();
  return url;
}

function assertUsable({ status, headers }: UndiciResponse, target: URL, redirect: RequestRedirect): void {
  if (status > 599) throw new FetchFailure(true, `the server answered with status ${status}`, "check the URL");
  if (status < 300 || status > 399 || redirect === "manual") return;
  const next = targetOf(headers, target);
  const elsewhere = next ? shown(next, redirect === "follow") : "an unknown host";
  const isSame = redirect === "follow" && next?.origin === target.origin;
  const [why, hint] = isSame
    ? [`more than ${maxRedirects} times`, "write the final URL"]
    : ["which is not followed", adviceFor(next, redirect)];
  throw new FetchFailure(false, `the server redirects (status ${status}) to ${elsewhere}, ${why}`, hint);
}

function adviceFor(next: URL | undefined, redirect: RequestRedirect): string {
  const usual = "write the final URL, often with https: or another path";
  if (redirect !== "follow" || !next) return usual;
  return `if that is the provider, write ${shown(next, true).replace(documentPath, "/")} as its URL; only redirects within the same scheme, host and port are followed`;
}

function nextWithinOrigin({ status, headers }: UndiciResponse, asked: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined;
  const next = targetOf(headers, asked);
  return next?.origin === asked.origin && next.username === "" && next.password === "" ? next : undefined;
}

function targetOf(headers: UndiciResponse["headers"], asked: URL): URL | undefined {
  const location = headers.get("location");
  return location === null ? undefined : parseUrl(location, asked.href);
}

/** Without the query, which may be secret. */
function shown({ origin, host, pathname }: URL, isWhole: boolean): string {
  return isWhole ? quoteForeign(origin + pathname) : host;
}

async function readLimited(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new FetchFailure(
        false,
        `the server's response is larger than ${maxBytes} bytes`,
        "check that the URL is an identity provider's",
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Converts the answer to the global `Response`, which libraries check for. */
function repack({ status, statusText, headers }: UndiciResponse, body: Uint8Array<ArrayBuffer>): Response {
  const kept = [...headers].filter(([name]) => name !== "content-encoding" && name !== "content-length");
  return new Response(body.length === 0 ? null : body, { status, statusText, headers: kept });
}

interface TimeLimit {
  /** Aborts with a {@link FetchFailure} on timeout, or with the reason of the first signal that aborts. */
  readonly signal: AbortSignal;
  readonly stop: () => void;
}

/** Built by hand, since `AbortSignal.any` on Node 20 can lose a timeout to the garbage collector. */
function startTimeLimit(timeoutMs: number, signals: readonly (AbortSignal | null | undefined)[]): TimeLimit {
  const limit = new AbortController();
  const stopped = new AbortController();
  const timer = setTimeout(() => limit.abort(timeoutFailure(timeoutMs)), timeoutMs);
  for (const signal of signals) {
    if (signal?.aborted) limit.abort(signal.reason);
    signal?.addEventListener("abort", () => limit.abort(signal.reason), { once: true, signal: stopped.signal });
  }
  return {
    signal: limit.signal,
    stop: () => {
      clearTimeout(timer);
      stopped.abort();
    },
  };
}

function timeoutFailure(timeoutMs: number): FetchFailure {
  return new FetchFailure(
    true,
    `the server did not send a complete response within ${timeoutMs / 1000} s`,
    "check host and port in the URL, and the network policies",
  );
}

/** What connections trust with a private CA file. Parsing the roots takes 60 ms, so that is done again only for other ones. */
function createTrust(caFile: string | undefined): () => Promise<{ readonly secureContext?: SecureContext }> {
  let known: { readonly roots: string; readonly secureContext: SecureContext } | undefined;
  return async () => {
    if (caFile === undefined) return {};
    const trusted = await readTrustedRoots(caFile);
    const roots = trusted.join("\n");
    if (known?.roots !== roots) known = { roots, secureContext: createSecureContext({ ca: [...trusted] }) };
    return { secureContext: known.secureContext };
  };
}

const maxFileBytes = 4 * 1024 * 1024;
const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The certificates to trust with a private CA file: Node's own roots, those of `NODE_EXTRA_CA_CERTS` and the file's.
 * @throws FetchFailure (not retryable) when the file can't be read or holds no PEM certificate
 */
export async function readTrustedRoots(caFile: string): Promise<readonly string[]> {
  const [own, extra] = await Promise.all([readCertificates(caFile), readExtraCertificates()]);
  return [...rootCertificates, ...extra, ...own];
}

async function readCertificates(caFile: string): Promise<readonly string[]> {
  const text = await readSmallFile(caFile);
  const certificates = text?.match(certificatePattern) ?? [];
  if (text === undefined || certificates.length === 0 || !certificates.every(isCertificate)) {
    throw new FetchFailure(
      false,
      `the CA file ${caFile} ${text === undefined ? "can't be read" : "has no valid PEM certificates"}`,
      "write the path of a readable file of PEM certificates (-----BEGIN CERTIFICATE-----) as `oidc_op_ca_file`",
    );
  }
  return certificates;
}

async function readSmallFile(file: string): Promise<string | undefined> {
  try {
    // Reading a FIFO or a device would never end.
    const found = await stat(file);
    return found.isFile() && found.size <= maxFileBytes ? await readFile(file, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** Node drops these as soon as a connection has its own `ca`, and ignores a file that it can't use. */
async function readExtraCertificates(): Promise<readonly string[]> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  const text = file ? await readSmallFile(file) : undefined;
  return (text?.match(certificatePattern) ?? []).filter(isCertificate);
}
