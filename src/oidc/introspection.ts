import type { MaybePromise } from "../maybe-promise.js";
import type { Secret } from "../secrets/secret.js";
import { quoteForeign } from "./foreign-text.js";
import type { GuardedFetch } from "./guarded-fetch.js";
import { parseJsonObject } from "./jwt/json-object.js";
import {
  basicCredentials,
  describeAnswer,
  fetchDocument,
  type RemoteRequest,
  type WholeAnswer,
} from "./remote-document.js";
import {
  createTokenQuestions,
  type QuestionedEndpoint,
  type TokenAnswer,
  type TokenQuestion,
  type TokenQuestionsOptions,
  type TokenReply,
} from "./token-questions.js";

interface IntrospectionRequest extends Pick<TokenQuestion, "source" | "precheck"> {
  readonly credential: string;
  /** Digest of the credential, which itself is not kept. */
  readonly digest: string;
  /** The client that authenticates the request. */
  readonly client: { readonly clientId: string; readonly secret: Secret };
}

export interface Introspection extends QuestionedEndpoint {
  /**
   * Requests the claims of an active token. The caller must check its audience and times. Synchronous if the answer is cached. Rejects only where `precheck` does.
   */
  readonly ask: (request: IntrospectionRequest) => MaybePromise<TokenAnswer>;
}

export interface IntrospectionOptions extends Omit<TokenQuestionsOptions, "endpoint" | "unavailable"> {
  readonly fetch: GuardedFetch;
  /** Whether to send the client's secret in a Basic header instead of the form. */
  readonly usesBasicAuth: boolean;
}

/** A revoked token may be accepted for as long as an answer is cached (RFC 7662 §4). */
const keptMs = 60_000;

/** Creates a client of a provider's introspection endpoint (RFC 7662). Answers are cached for a minute. */
export function createIntrospection(options: IntrospectionOptions): Introspection {
  const { url, fetch, usesBasicAuth, now } = options;
  const questions = createTokenQuestions({
    ...options,
    endpoint: "introspection",
    unavailable: "introspection_unavailable",
  });

  const read = (answer: WholeAnswer, secrets: readonly string[]): TokenReply => {
    const { status, contentType, body } = answer;
    if (status !== 200) {
      // RFC 7662 §2.3: these statuses reject the client, not the token.
      const isClientRejected = status === 401 || status === 403;
      const what = isClientRejected ? "rejects the client's id and secret" : "answered";
      const message = `the introspection endpoint ${what} (${describeAnswer(answer, secrets)})`;
      return { kind: "failed", message, isCausedByCaller: !isClientRejected };
    }
    const claims = contentType === "application/json" ? parseJsonObject(body) : undefined;
    if (!claims) {
      const found = `a response that is not a JSON object (${quoteForeign(contentType, 60)})`;
      return { kind: "rejected", reason: "introspection_invalid", found };
    }
    if (claims.active !== true) return { kind: "rejected", reason: "token_inactive" };
    return { kind: "claims", claims, untilMs: now() + keptMs };
  };

  return {
    ...questions,
    ask: ({ credential, digest, client, source, precheck }) => {
      const { headers, form } = authenticationOf(client, usesBasicAuth);
      const request: RemoteRequest = {
        headers: { accept: "application/json", ...headers },
        form: { token: credential, token_type_hint: "access_token", ...form },
      };
      // A provider's answer may depend on the client.
      const key = `${digest} ${client.clientId}`;
      return questions.ask({
        key,
        source,
        precheck,
        ask: () => fetchDocument(fetch, url, request),
        read: (answer) => read(answer, [credential, client.secret.reveal()]),
      });
    },
  };
}

function authenticationOf({ clientId, secret }: IntrospectionRequest["client"], usesBasicAuth: boolean) {
  return usesBasicAuth
    ? { headers: { authorization: basicCredentials(clientId, secret).reveal() } }
    : { form: { client_id: clientId, client_secret: secret.reveal() } };
}
