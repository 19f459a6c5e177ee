import { openLiveDatabase } from "../database/open.js";
import { type SetupError, setupError } from "../errors.js";
import type { OidcClient } from "../oidc/client.js";
import type { JsonObject } from "../oidc/jwt/json-object.js";
import { FetchFailure } from "../oidc/network-error.js";
import type { ExternalIdentity } from "../users/external-identity.js";
import type { Principal } from "../users/principal.js";
import { parseAuthorization, type Scheme } from "./authorization-header.js";
import type { CheckName } from "./check-trace.js";
import { createVerifierOf, type VerifierOptions } from "./create-verifier.js";
import type { VerifierEvent } from "./event.js";
import type { Authorization, Verifier } from "./verifier.js";

/** What a verifier makes of an `Authorization` header, and why. Nothing of it is a credential. */
export interface ExplainedHeader {
  /** The checks that the header passed, in their order, with what was looked at. */
  readonly passed: readonly { readonly check: CheckName; readonly found?: string }[];
  /** What failed the check that decided, where the event does not say it. */
  readonly failed: string | undefined;
  readonly end: HeaderEnd;
  /** The scheme with which it would be accepted, where it came with the other one. */
  readonly acceptedScheme: Scheme | undefined;
  /** What else the verifier reported meanwhile, such as a provider that can't be reached. */
  readonly events: readonly VerifierEvent[];
}

/** What decided. */
type HeaderEnd =
  | { readonly kind: "authenticated"; readonly principal: Principal<Scheme> }
  /** There are no credentials of a supported scheme. */
  | { readonly kind: "anonymous"; readonly status: number }
  | { readonly kind: "refused"; readonly status: number; readonly event: RefusedEvent }
  /** The token is valid. Accepting it would make or change the user of these claims, which an explanation does not. */
  | {
      readonly kind: "unwritten";
      readonly client: string;
      readonly identity: ExternalIdentity;
      readonly claims: JsonObject;
    };

export type RefusedEvent = Extract<VerifierEvent, { readonly kind: "rejected" | "unavailable" }>;

interface ExplainOptions extends Pick<VerifierOptions, "database" | "clients" | "env" | "now"> {
  /** Whether providers are not asked for anything. */
  readonly isOffline: boolean;
  /** The address that the request comes from. */
  readonly source: string | undefined;
}

/**
 * Has the verifier itself check a header, without writing anything: neither users nor the time of a token's last use.
 *
 * @throws SetupError when the database is missing or does not answer
 */
export async function explainHeader(authorization: Authorization, options: ExplainOptions): Promise<ExplainedHeader> {
  const { env = process.env, isOffline, source } = options;
  const database = await openLiveDatabase(options.database, "read", { env });
  const readOnly = { ...database, openWriter: () => Promise.reject(notWritten) };
  const passed: { readonly check: CheckName; readonly found?: string }[] = [];
  const events: VerifierEvent[] = [];
  let claimed: { client: OidcClient; identity: ExternalIdentity; claims: JsonObject } | undefined;
  let failed: string | undefined;
  const trace = {
    failed: (found: string) => {
      failed = found;
    },
    passed: (check: CheckName, found?: string) => void passed.push({ check, ...(found !== undefined && { found }) }),
    claimed: (client: OidcClient, identity: ExternalIdentity, claims: JsonObject) => {
      claimed = { client, identity, claims };
    },
  };
  const verifier = await createVerifierOf(
    readOnly,
    { ...options, onEvent: (event) => void events.push(event) },
    { trace, ...(isOffline && { fetch: () => Promise.reject(offline) }) },
  ).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const explained = async (end: HeaderEnd): Promise<ExplainedHeader> => {
    // What the other scheme does is no part of it.
    const found = { passed: [...passed], failed, end, events: events.filter(isAside) };
    const accepted = end.kind === "refused" ? await acceptedScheme(verifier, authorization) : undefined;
    return { ...found, acceptedScheme: accepted };
  };
  try {
    const outcome = await verifier.authenticate(authorization, { source });
    if (outcome.kind === "authenticated") return await explained(outcome);
    const { status } = outcome.problem;
    if (outcome.kind === "anonymous") return await explained({ kind: "anonymous", status });
    const event = events.find((one) => one.kind === "rejected" || one.kind === "unavailable");
    if (event?.kind !== "rejected" && event?.kind !== "unavailable") throw new TypeError("a refusal without an event");
    return await explained({ kind: "refused", status, event });
  } catch (error) {
    if (error !== notWritten || !claimed) throw error;
    const { client, identity, claims } = claimed;
    return await explained({ kind: "unwritten", client: client.identifier, identity, claims });
  } finally {
    await verifier.close();
  }
}

/** The other scheme, where the verifier accepts the credential with it: a common mistake of programs. */
async function acceptedScheme(verifier: Verifier, authorization: Authorization): Promise<Scheme | undefined> {
  const header = parseAuthorization(authorization, maxLength);
  if (header.kind !== "credential") return undefined;
  const isJwt = header.credential.startsWith("ey");
  const other = header.scheme === "bearer" ? "token" : "bearer";
  // A provider is never asked about what may be an API token.
  if (isJwt !== (other === "bearer")) return undefined;
  try {
    const outcome = await verifier.authenticate(`${other} ${header.credential}`);
    return outcome.kind === "authenticated" ? other : undefined;
  } catch (error) {
    if (error !== notWritten) throw error;
    return other;
  }
}

const maxLength = 16_384;

/** Not about the header, or told by its end. */
function isAside({ kind }: VerifierEvent): boolean {
  return kind === "client_unusable" || kind === "provider_failed" || kind === "token_unanswered";
}

/** Refused, not unavailable: the verifier may go on without what it can write later. */
const notWritten: SetupError = setupError("refused", "INTERNAL", "an explanation writes nothing");

const offline = new FetchFailure(true, "providers are not asked (--offline)", "run it without --offline");
