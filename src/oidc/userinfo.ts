import { andThen, type MaybePromise } from "../maybe-promise.js";
import { quoteForeign } from "./foreign-text.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import type { Algorithm } from "./jwt/algorithm.js";
import { readAudience } from "./jwt/claims.js";
import { parseJsonObject } from "./jwt/json-object.js";
import { createJwsParser } from "./jwt/jws.js";
import { checkSignature, type KeySource } from "./provider-keys.js";
import { describeAnswer, fetchDocument } from "./remote-document.js";
import {
  createTokenQuestions,
  type QuestionedEndpoint,
  type TokenAnswer,
  type TokenQuestion,
  type TokenQuestionsOptions,
  type TokenReply,
} from "./token-questions.js";

/** The client that verifies signed responses. */
export interface UserinfoReader {
  readonly clientId: string;
  readonly issuer: string | null;
  readonly algorithm: Algorithm;
  readonly keys: KeySource | undefined;
}

interface UserinfoRequest {
  readonly credential: string;
  /** Digest of the credential, which itself is not kept. */
  readonly digest: string;
  readonly source: string;
  readonly reader: UserinfoReader;
  /** Until when the answer is valid: the token's expiry. */
  readonly keepUntilMs: number;
}

export interface Userinfo extends QuestionedEndpoint {
  /** Requests the claims of a token's user. Synchronous if they are cached. Never rejects. */
  readonly ask: (request: UserinfoRequest) => MaybePromise<TokenAnswer>;
}

export interface UserinfoOptions extends Omit<TokenQuestionsOptions, "endpoint" | "unavailable"> {
  readonly fetch: GuardedFetch;
}

/** Creates a client of a provider's userinfo endpoint (OpenID Connect Core §5.3). Claims are cached for each token. */
export function createUserinfo(options: UserinfoOptions): Userinfo {
  const { url, fetch, now } = options;
  const questions = createTokenQuestions({ ...options, endpoint: "userinfo", unavailable: "userinfo_unavailable" });
  const parseJws = createJwsParser();

  const readSigned = (token: string, { reader, keepUntilMs }: UserinfoRequest): MaybePromise<TokenReply> => {
    const { clientId, issuer, algorithm, keys } = reader;
    const jws = parseJws(token);
    if (jws.kind === "rejected") return invalid(`a signed response that is ${jws.reason}`);
    const { claims, header } = jws;
    if (!keys || header.alg !== algorithm.name)
      return invalid(`a signed response with the algorithm ${quoteForeign(header.alg)}`);
    const audience = readAudience(claims);
    const isForUs = claims.aud === undefined || audience?.includes(clientId) === true;
    if (!isForUs) return invalid(`a signed response for the audience ${quoteForeign(claims.aud)}`);
    const isTheirs = claims.iss === undefined || issuer === null || claims.iss === issuer;
    if (!isTheirs) return invalid(`a signed response of the issuer ${quoteForeign(claims.iss)}`);
    return andThen(checkSignature(jws, algorithm, keys, now), (checked) => {
      if (checked.kind === "valid") return { kind: "claims", claims, untilMs: keepUntilMs };
      if (checked.kind === "rejected")
        return invalid(`a signed response: ${checked.reason}, key id ${quoteForeign(header.kid)}`);
      return { kind: "failed", message: "the keys for the signed response are unavailable", isCausedByCaller: false };
    });
  };

  const read = (request: UserinfoRequest): TokenQuestion["read"] => {
    return (answer) => {
      const { status, contentType, body } = answer;
      const said = () => describeAnswer(answer, [request.credential]);
      if ([400, 401, 403].includes(status)) return { kind: "rejected", reason: "userinfo_refused", found: said() };
      if (status !== 200) {
        const message = `the userinfo endpoint answered with ${said()}`;
        return { kind: "failed", message, isCausedByCaller: true };
      }
      if (contentType === "application/jwt") return readSigned(body.toString("latin1").trim(), request);
      const claims = contentType === "application/json" ? parseJsonObject(body) : undefined;
      return claims
        ? { kind: "claims", claims, untilMs: request.keepUntilMs }
        : invalid(`a response that is not a JSON object (${quoteForeign(contentType, 60)})`);
    };
  };

  return {
    ...questions,
    ask: (request) => {
      const { credential, digest, source, reader } = request;
      const headers = { authorization: `Bearer ${credential}`, accept: "application/json, application/jwt" };
      return questions.ask({
        // A signed response is for one client only.
        key: `${digest} ${reader.clientId}`,
        source,
        ask: () => fetchDocument(fetch, url, { headers }),
        read: read(request),
      });
    },
  };
}

function invalid(found: string): TokenReply {
  return { kind: "rejected", reason: "userinfo_invalid", found };
}
