import { type Eventual, follow } from "../../eventual.js";
import { readPerson } from "../../identity/person.js";
import { createJwsParser } from "../../jwt/compact-jws.js";
import { checkSignature, unknownKey } from "../../provider/check-signature.js";
import type { OpenAccess } from "../../provider/client.js";
import type { UserinfoRequest } from "../../provider/userinfo.js";
import { readerOf } from "../../provider/userinfo-reader.js";
import { checkAccessToken, mayBeIdToken, needsUserinfo } from "./access-token.js";
import type { Admission, Admit } from "./admit.js";
import { chooseClient } from "./choose-client.js";
import { isOpaque, type JudgeOpaque } from "./opaque-token.js";
import { keepFailure, refuse, type Session, type Verdict, verdictOf } from "./session.js";
import { endOfToken, type TokenRules } from "./token-rules.js";

export interface JudgeOptions {
  readonly admit: Admit;
  readonly judgeOpaque: JudgeOpaque;
  readonly now: () => number;
  readonly rules: TokenRules;
}

export type Judge = (session: Session, credential: string, digest: string, nowMs: number) => Eventual<Verdict>;

/** Makes the function that looks at a credential for the first time: synchronous where nothing has to be asked or written. */
export function createJudge({ admit, judgeOpaque, now, rules }: JudgeOptions): Judge {
  const parse = createJwsParser();

  return (session, credential, digest, nowMs) => {
    const jws = parse(credential);
    if (jws.kind === "fault") {
      const mayBeOpaque = !rules.isStrict && isOpaque(credential);
      return mayBeOpaque ? judgeOpaque(session, credential, digest) : refuse(jws.reason);
    }
    const fault = checkAccessToken(jws, nowMs, rules);
    if (fault) return refuse(fault);
    const choice = chooseClient(session.configuration, jws, nowMs, rules);
    if (choice.kind === "unavailable") return { outcome: choice, keepUntilMs: 0 };
    if (choice.kind === "refused") return refuse(choice.reason);
    const { client, access } = choice;
    // Both were looked at above.
    const times = jws.claims as { readonly iss: string; readonly exp: number; readonly iat?: number };
    // First of all: whatever is asked or remembered is about somebody.
    const person = readPerson(times.iss, jws.claims);
    if (!person) return refuse("subject_invalid");
    const asksUserinfo = needsUserinfo(client, jws.claims);
    if (!asksUserinfo && mayBeIdToken(client, jws)) return refuse("id_token");
    return follow(checkSignature(jws, access.algorithm, access.keys, now), (checked) => {
      if (checked.kind !== "valid") return checked === unknownKey ? refuse(checked.reason) : verdictOf(checked, now());
      const endsAtMs = endOfToken(times, rules);
      // Written out: spreading objects is what would cost most here.
      const admission = {
        client,
        person,
        token: jws.claims,
        claims: jws.claims,
        reliableUntilMs: Math.min(endsAtMs, access.keys.reliableUntilMs()),
      };
      if (!asksUserinfo) return admit(session, admission);
      return askUserinfo(session, admission, access, { credential, digest, keepUntilMs: endsAtMs });
    });
  };

  function askUserinfo(
    session: Session,
    admission: Admission,
    access: OpenAccess,
    question: Omit<UserinfoRequest, "reader">,
  ): Eventual<Verdict> {
    const { userinfo } = admission.client.provider;
    if (!userinfo) return refuse("not_configured");
    const reader = readerOf(admission.client, access);
    return follow(userinfo.ask({ ...question, reader }), (answer) => {
      if (answer.kind !== "claims") return verdictOf(answer, now());
      // OpenID Connect Core §5.3.2: otherwise it speaks of somebody else.
      if (answer.claims.sub !== admission.token.sub) return keepFailure("userinfo_mismatch", now());
      return admit(session, { ...admission, claims: answer.claims });
    });
  }
}
