import type { Database } from "../../database/database.js";
import type { Eventual } from "../../eventual.js";
import { readPerson } from "../../identity/person.js";
import type { OidcClient } from "../../provider/client.js";
import { readerOf } from "../../provider/userinfo-reader.js";
import type { Admit } from "./admit.js";
import { keepFailure, refuse, type Session, type Verdict, verdictOf } from "./session.js";

export interface OpaqueOptions {
  readonly database: Database;
  readonly admit: Admit;
  readonly now: () => number;
}

export type JudgeOpaque = (session: Session, credential: string, digest: string) => Eventual<Verdict>;

const longestToken = 4096;
const lifeMs = 60_000;
// RFC 6750 §2.1.
const bearerCharacters = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Whether a credential that is no JWT may be one that only its provider understands. */
export function isOpaque(credential: string): boolean {
  const dots = credential.split(".").length - 1;
  // A JWT's parts, however many of them are left, and our own API tokens.
  if (dots === 2 || dots === 4 || credential.startsWith("ey") || credential.startsWith("vtb_")) return false;
  return credential.length <= longestToken && bearerCharacters.test(credential);
}

/** Makes the function that asks the one provider that may have issued an opaque token whose it is. */
export function createJudgeOpaque({ database, admit, now }: OpaqueOptions): JudgeOpaque {
  return async (session, credential, digest) => {
    const client = onlyClient(session);
    if (client?.access.kind !== "open") return refuse("malformed");
    const { provider, access } = client;
    // Nothing else says whom the token is meant for, or who issued it.
    if (client.audience.length > 0) return refuse("wrong_audience");
    if (provider.issuer === null || !provider.userinfo) return refuse("not_configured");
    // An API token under the wrong scheme is none of the provider's business.
    if (await isApiToken(database, digest)) return refuse("api_token");
    const request = { credential, digest, reader: readerOf(client, access), keepUntilMs: now() + lifeMs };
    const answer = await provider.userinfo.ask(request);
    if (answer.kind !== "claims") return verdictOf(answer, now());
    const { claims } = answer;
    const token = { sub: claims.sub };
    const person = readPerson(provider.issuer, token);
    if (!person) return keepFailure("userinfo_invalid", now());
    return admit(session, { client, person, token, claims, reliableUntilMs: now() + lifeMs });
  };
}

/** With a second one, a token would be shown to a provider that did not issue it. */
function onlyClient({ configuration }: Session): OidcClient | undefined {
  const [client, second] = configuration.clients;
  const isAlone = second === undefined && configuration.retryAtMs === undefined;
  return isAlone && client?.asksUserinfo ? client : undefined;
}

async function isApiToken({ kysely }: Database, digest: string): Promise<boolean> {
  const current = await kysely.selectFrom("api_tokens").select("id").where("digest", "=", digest).executeTakeFirst();
  if (current) return true;
  const retired = kysely.selectFrom("api_token_retired").select("token_id").where("digest", "=", digest);
  return (await retired.executeTakeFirst()) !== undefined;
}
