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
  type TokenAnswer,
  type TokenQuestion,
  type TokenQuestionsOptions,
  type TokenReply,
} from "./token-questions.js";

interface IntrospectionRequest extends Pick<TokenQuestion, "source" | "refuse"> {
  readonly credential: string;
  /** Of the credential: the credential itself is not kept. */
  readonly digest: string;
  /** Who asks. */
  readonly client: { readonly clientId: string; readonly secret: Secret };
}

export interface Introspection {
  /**
   * What the provider says of a token that is active. For whom it is, and whether it is in its time, is for the caller to check.
   * Known at once where the same token was asked about in the last minute. Rejects only where `refuse` does.
   */
  readonly ask: (request: IntrospectionRequest) => MaybePromise<TokenAnswer>;
}

export interface IntrospectionOptions extends Omit<TokenQuestionsOptions, "unavailable"> {
  readonly fetch: GuardedFetch;
  /** Whether the client's secret goes into a Basic header instead of into the form. */
  readonly usesBasicAuth: boolean;
}

/** RFC 7662 §4: a revoked token may be good for as long as an answer is kept. */
const keptMs = 60_000;

/** A provider's introspection endpoint (RFC 7662), asked about each token once a minute. */
export function createIntrospection(options: IntrospectionOptions): Introspection {
  const { url, fetch, usesBasicAuth, now } = options;
  const questions = createTokenQuestions({ ...options, unavailable: "introspection_unavailable" });

  const read = (answer: WholeAnswer, secrets: readonly string[]): TokenReply => {
    const { status, contentType, body } = answer;
    if (status !== 200) {
      // RFC 7662 §2.3: it is the client that is refused so, not the token.
      const isOurFault = status === 401 || status === 403;
      const what = isOurFault ? "refuses the client's own id and secret" : "answered";
      const message = `the introspection endpoint ${what} (${describeAnswer(answer, secrets)})`;
      return { kind: "failed", message, isCallersFault: !isOurFault };
    }
    const claims = contentType === "application/json" ? parseJsonObject(body) : undefined;
    if (!claims) {
      const found = `an answer that is no JSON object (${quoteForeign(contentType, 60)})`;
      return { kind: "refused", reason: "introspection_invalid", found };
    }
    if (claims.active !== true) return { kind: "refused", reason: "token_inactive" };
    return { kind: "claims", claims, untilMs: now() + keptMs };
  };

  return {
    ask: ({ credential, digest, client, source, refuse }) => {
      const { headers, form } = authenticationOf(client, usesBasicAuth);
      const request: RemoteRequest = {
        headers: { accept: "application/json", ...headers },
        form: { token: credential, token_type_hint: "access_token", ...form },
      };
      // What a provider says may differ by who asks.
      const key = `${digest} ${client.clientId}`;
      return questions.ask({
        ...{ key, source, refuse },
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
