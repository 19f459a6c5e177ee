import { TLSSocket } from "node:tls";
import { parseUrl } from "../characters.js";
import { createGuardedFetch, type GuardedFetch } from "../oidc/guarded-fetch.js";
import { type FetchFailure, findFetchFailure, isCertificateRefused, proxyVariable } from "../oidc/network-error.js";
import type { RemoteAnswer } from "../oidc/remote-document.js";
import { type Finding, failure, ok, type Subject, type Trouble, unreachable, warning } from "./finding.js";

/** What a provider's servers showed while they were asked. */
export interface ProviderNetwork {
  readonly fetch: GuardedFetch;
  /** One finding for each server that could not be asked, and what the others' certificates and clocks say. */
  readonly findings: (subject: Subject) => readonly Finding[];
}

export interface NetworkOptions {
  readonly caFile: string | undefined;
  /** Of each request. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
}

interface Server {
  /** Why no connection could be made. */
  failure?: FetchFailure;
  /** The end of the first certificate to end of those that it showed, in milliseconds. */
  certificateEndMs?: number;
  /** How far its clock is ahead of ours, in milliseconds. */
  aheadMs?: number | undefined;
}

/**
 * Asks servers for the checks, and remembers what they showed. A server to which no connection can be made is not asked again: that
 * is said once, and not by every check that needs it.
 */
export function createProviderNetwork(options: NetworkOptions): ProviderNetwork {
  const { caFile, timeoutMs, signal, env, nowMs } = options;
  const servers = new Map<string, Server>();
  const serverAt = (origin: string): Server => {
    const server = servers.get(origin) ?? {};
    servers.set(origin, server);
    return server;
  };
  const guarded = createGuardedFetch({
    caFile,
    timeoutMs,
    signal,
    onConnected: (socket, origin) => {
      if (socket instanceof TLSSocket) serverAt(new URL(origin).origin).certificateEndMs = earliestEndMs(socket);
    },
  });
  return {
    fetch: async (url, init) => {
      const server = serverAt(parseUrl(url)?.origin ?? url);
      if (server.failure) throw server.failure;
      const begunMs = nowMs();
      try {
        const response = await guarded(url, init);
        server.aheadMs ??= aheadOf(response.headers, begunMs, nowMs());
        return response;
      } catch (error) {
        const refused = findFetchFailure(error);
        if (refused && !refused.isConnected) server.failure = refused;
        throw error;
      }
    },
    findings: (subject) =>
      [...servers].flatMap(([origin, server]) => [
        ...reportConnection(subject, origin, server, env),
        ...reportCertificate(subject, origin, server, nowMs()),
        ...reportClock(subject, origin, server),
      ]),
  };
}

/** Of the certificates that the server sent, but for the root: its end is the business of who trusts it. */
function earliestEndMs(socket: TLSSocket): number {
  let earliest = Number.POSITIVE_INFINITY;
  const seen = new Set<string>();
  for (
    let certificate = socket.getPeerCertificate(true);
    certificate?.fingerprint256 !== undefined && !seen.has(certificate.fingerprint256);
    certificate = certificate.issuerCertificate
  ) {
    seen.add(certificate.fingerprint256);
    const isRoot = certificate.issuerCertificate?.fingerprint256 === certificate.fingerprint256;
    // A server's own may be its own root.
    if (!isRoot || seen.size === 1) earliest = Math.min(earliest, Date.parse(certificate.valid_to));
  }
  return earliest;
}

/** By the `Date` of an answer, which has whole seconds, and `Age`, where a cache kept it. */
function aheadOf(headers: Headers, begunMs: number, endedMs: number): number | undefined {
  const saidMs = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(saidMs)) return undefined;
  const theirMs = saidMs + (Number(headers.get("age") ?? "0") || 0) * 1000;
  // Anything in between may have been the moment, and the second that it says was not over.
  if (theirMs > endedMs) return theirMs - endedMs;
  return Math.min(0, theirMs + 1000 - begunMs);
}

function reportConnection(
  subject: Subject,
  origin: string,
  { failure: refused }: Server,
  env: NetworkOptions["env"],
): readonly Finding[] {
  const check = "connection";
  if (!refused) return [ok(subject, check, origin)];
  const url = parseUrl(origin);
  const proxy = refused.retryable && url ? proxyVariable(env, url) : undefined;
  const message = `${origin}: ${refused.message}`;
  const hint =
    proxy === undefined
      ? refused.hint
      : `${refused.hint}; ${proxy} is set, but proxies are not supported: allow direct connections to the provider`;
  if (isCertificateRefused(refused)) {
    return [failure(subject, "certificate", { code: "CERTIFICATE_REFUSED", message, hint })];
  }
  const report = refused.retryable ? unreachable : failure;
  return [report(subject, check, { code: "ENDPOINT_UNREACHABLE", message, hint })];
}

const dayMs = 86_400_000;
const warnBeforeMs = 30 * dayMs;

function reportCertificate(
  subject: Subject,
  origin: string,
  { certificateEndMs: endMs = Number.POSITIVE_INFINITY }: Server,
  nowMs: number,
): readonly Finding[] {
  const check = "certificate";
  if (endMs === Number.POSITIVE_INFINITY) return [];
  const day = new Date(endMs).toISOString().slice(0, 10);
  if (endMs - nowMs >= warnBeforeMs) return [ok(subject, check, `${origin} until ${day}`)];
  const message = `the certificate of ${origin} ends on ${day}`;
  return [warning(subject, check, { code: "CERTIFICATE_ENDS", message, hint: "renew it before then" })];
}

// What verifier and login accept in a token's times.
const leewayMs = 30_000;
const maxDifferenceMs = 300_000;

function reportClock(subject: Subject, origin: string, { aheadMs }: Server): readonly Finding[] {
  const check = "clock";
  if (aheadMs === undefined) return [];
  const difference = Math.abs(aheadMs);
  if (difference <= leewayMs) return [ok(subject, check, `${origin} agrees with this machine`)];
  const report = difference > maxDifferenceMs ? failure : warning;
  const seconds = Math.round(difference / 1000);
  return [
    report(subject, check, {
      code: "CLOCK_DIFFERS",
      message: `the clock of ${origin} is ${seconds} s ${aheadMs > 0 ? "ahead of" : "behind"} this machine's`,
      hint: "synchronize both with NTP: tokens are refused whose times differ by more than 30 s",
    }),
  ];
}

/**
 * A request that got no answer, or none of use: the server's error. That no connection could be made is said once for each server,
 * not here.
 *
 * @param trouble what is wrong where another try can't be better; its message is added
 */
export function reportUnanswered(
  subject: Subject,
  check: string,
  answer: RemoteAnswer,
  { url, ...trouble }: Omit<Trouble, "message"> & { readonly url: string },
): readonly Finding[] {
  if (answer.kind === "answer") {
    const message = `${url} answered with status ${answer.status}`;
    const hint = "look at the provider's log, and try again";
    return [unreachable(subject, check, { ...trouble, code: "ENDPOINT_UNREACHABLE", message, hint })];
  }
  if (!answer.isConnected) return [];
  const message = `${url}: ${answer.message}`;
  if (!answer.retryable) return [failure(subject, check, { ...trouble, message })];
  const hint = "look at the provider's log, and try again";
  return [unreachable(subject, check, { ...trouble, code: "ENDPOINT_UNREACHABLE", message, hint })];
}
