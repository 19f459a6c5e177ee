import { type Eventual, follow } from "../eventual.js";
import type { Algorithm } from "../jwt/algorithm.js";
import { readAudience } from "../jwt/audience.js";
import { createJwsParser } from "../jwt/compact-jws.js";
import { type JsonObject, parseJsonObject } from "../jwt/json-object.js";
import type { GuardedFetch } from "../oidc/guarded-fetch.js";
import { createBackOff, secondsUntil } from "./back-off.js";
import { checkSignature } from "./check-signature.js";
import type { OnProviderEvent } from "./event.js";
import type { KeySource } from "./key-source.js";
import { createRecent } from "./recent.js";
import { boundedSeconds, fetchDocument, type RemoteAnswer } from "./remote-document.js";

/** What a provider says of a token's user. */
type UserinfoResult =
  | { readonly kind: "claims"; readonly claims: JsonObject }
  | { readonly kind: "refused"; readonly reason: "userinfo_refused" | "userinfo_invalid" }
  | { readonly kind: "unavailable"; readonly reason: "userinfo_unavailable"; readonly retryAfterSeconds: number };

/** Who asks, for answers that are signed. */
export interface UserinfoReader {
  readonly clientId: string;
  readonly issuer: string | null;
  readonly algorithm: Algorithm;
  readonly keys: KeySource | undefined;
}

export interface UserinfoRequest {
  readonly credential: string;
  /** Of the credential: the credential itself is not kept. */
  readonly digest: string;
  readonly reader: UserinfoReader;
  /** Until when the answer counts; the token's end. */
  readonly keepUntilMs: number;
}

export interface Userinfo {
  /** Known at once where the same token was asked about before. Never rejects. */
  readonly ask: (request: UserinfoRequest) => Eventual<UserinfoResult>;
}

export interface UserinfoOptions {
  readonly url: string;
  readonly fetch: GuardedFetch;
  readonly now: () => number;
  readonly onEvent: OnProviderEvent;
}

const rememberedTokens = 5000;
const mostAtOnce = 50;

interface Kept {
  readonly result: UserinfoResult;
  readonly untilMs: number;
}

/** A provider's userinfo endpoint (OpenID Connect Core §5.3), asked once a token. */
export function createUserinfo({ url, fetch, now, onEvent }: UserinfoOptions): Userinfo {
  const kept = createRecent<Kept>(rememberedTokens);
  const flights = new Map<string, Promise<UserinfoResult>>();
  const backOff = createBackOff();
  const parseJws = createJwsParser();

  const askOnce = async ({ credential, digest, reader, keepUntilMs }: UserinfoRequest): Promise<UserinfoResult> => {
    const headers = { authorization: `Bearer ${credential}`, accept: "application/json, application/jwt" };
    const answer = await fetchDocument(fetch, url, headers);
    const failure = failureOf(answer);
    if (failure !== undefined) {
      const retryAfterMs = backOff.failed(now());
      onEvent({ kind: "provider_failed", url, message: failure, retryAfterMs });
      const wished = answer.kind === "answer" ? boundedSeconds(answer.header("retry-after"), 1, 60) : undefined;
      return unavailable(wished ?? secondsUntil(now() + retryAfterMs, now()));
    }
    backOff.succeeded();
    const result = await readAnswer(answer, reader);
    if (result.kind === "claims") kept.set(keyOf(digest, reader), { result, untilMs: keepUntilMs });
    return result;
  };

  const readAnswer = (answer: RemoteAnswer, reader: UserinfoReader): Eventual<UserinfoResult> => {
    if (answer.kind !== "answer" || answer.status !== 200) return { kind: "refused", reason: "userinfo_refused" };
    if (answer.contentType === "application/jwt") return readSigned(answer.body.toString("latin1").trim(), reader);
    const claims = answer.contentType === "application/json" ? parseJsonObject(answer.body) : undefined;
    return claims ? { kind: "claims", claims } : invalid;
  };

  const readSigned = (
    token: string,
    { clientId, issuer, algorithm, keys }: UserinfoReader,
  ): Eventual<UserinfoResult> => {
    const jws = parseJws(token);
    if (jws.kind === "fault" || !keys || jws.header.alg !== algorithm.name) return invalid;
    const { claims } = jws;
    const audience = readAudience(claims);
    const isForUs = claims.aud === undefined || audience?.includes(clientId) === true;
    const isTheirs = claims.iss === undefined || issuer === null || claims.iss === issuer;
    if (!isForUs || !isTheirs) return invalid;
    return follow(checkSignature(jws, algorithm, keys, now), (checked) => {
      if (checked.kind === "unavailable") return unavailable(checked.retryAfterSeconds);
      return checked.kind === "valid" ? { kind: "claims", claims } : invalid;
    });
  };

  return {
    ask: (request) => {
      const key = keyOf(request.digest, request.reader);
      const known = kept.get(key);
      if (known && now() < known.untilMs) return known.result;
      const flying = flights.get(key);
      if (flying) return flying;
      if (!backOff.isOver(now())) return unavailable(secondsUntil(backOff.retryAtMs(), now()));
      if (flights.size >= mostAtOnce) return unavailable(1);
      const flight = askOnce(request).finally(() => flights.delete(key));
      flights.set(key, flight);
      return flight;
    },
  };
}

/** A signed answer is for one client; another one must not be given it. */
function keyOf(digest: string, { clientId }: UserinfoReader): string {
  return `${digest} ${clientId}`;
}

const invalid: UserinfoResult = { kind: "refused", reason: "userinfo_invalid" };

/** Why the provider is to blame, as a sentence; undefined where the answer is about the token. */
function failureOf(answer: RemoteAnswer): string | undefined {
  if (answer.kind === "failed") return answer.message;
  return [200, 400, 401, 403].includes(answer.status)
    ? undefined
    : `the userinfo endpoint answered with status ${answer.status}`;
}

function unavailable(retryAfterSeconds: number): UserinfoResult {
  return { kind: "unavailable", reason: "userinfo_unavailable", retryAfterSeconds };
}
