import { type Eventual, follow } from "../../eventual.js";
import { type OpenAccess, readerOf } from "../../oidc/client.js";
import { kindOf } from "../../users/claim-values.js";
import { readPerson } from "../../users/external-identity.js";
import { sourceOf } from "../source-key.js";
import type { RequestContext } from "../verifier.js";
import type { Admission, Admit } from "./admit.js";
import { keepFailure, refuse, type Session, type Verdict, verdictOf } from "./verdict.js";

/** A credential that came with a request. */
export interface BearerRequest {
  readonly credential: string;
  /** Its SHA-256. */
  readonly digest: string;
  readonly context: RequestContext | undefined;
}

/** A token that is good, but for the claims of its user. */
interface UserinfoQuestion {
  readonly admission: Omit<Admission, "person" | "claims">;
  readonly issuer: string;
  readonly access: OpenAccess;
  readonly request: BearerRequest;
  /** Until when the answer counts: the token's end. */
  readonly keepUntilMs: number;
}

export type AskUserinfo = (session: Session, question: UserinfoQuestion) => Eventual<Verdict>;

const noEndpointHint =
  "write `userinfo_claims_source: id_token` at the client, or the provider's `oidc_op_user_endpoint`";

/** Makes the function that admits with the claims of the userinfo endpoint. */
export function createAskUserinfo(admit: Admit, now: () => number): AskUserinfo {
  return (session, { admission, issuer, access, request, keepUntilMs }) => {
    const { userinfo } = admission.client.provider;
    if (!userinfo) return refuse("not_configured", { hint: noEndpointHint });
    const { credential, digest, context } = request;
    const reader = readerOf(admission.client, access);
    return follow(userinfo.ask({ credential, digest, source: sourceOf(context), reader, keepUntilMs }), (answer) => {
      if (answer.kind !== "claims") return verdictOf(answer, now());
      const { claims, readAtMs } = answer;
      const { token } = admission;
      // OpenID Connect Core §5.3.2: otherwise it speaks of somebody else.
      if (token.sub !== undefined && claims.sub !== token.sub) {
        const found = typeof claims.sub === "string" ? "another one" : kindOf(claims.sub);
        return keepFailure("userinfo_mismatch", now(), { claim: "sub", found, expected: "the token's" });
      }
      // Where only userinfo says whose the token is, it is a user's: a client has none.
      const person = readPerson(issuer, token.sub === undefined ? { sub: claims.sub } : token);
      return person
        ? admit(session, { ...admission, person, claims, readAtMs })
        : keepFailure("subject_invalid", now(), { claim: "sub", found: kindOf(claims.sub) });
    });
  };
}
