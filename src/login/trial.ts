import { randomBytes, randomUUID } from "node:crypto";
import type { Database } from "../database/database.js";
import { isJsonObject, type JsonObject } from "../oidc/jwt/json-object.js";
import type { FetchFor } from "../oidc/provider.js";
import { Secret } from "../secrets/secret.js";
import { createVault, type Vault } from "../secrets/vault.js";
import type { ExternalIdentity } from "../users/external-identity.js";
import { findUser } from "../users/find-user.js";
import { type MappedClaims, mapClaims } from "../users/map-claims.js";
import type { VerifiedIdToken } from "./check-id-token.js";
import type { LoginContext } from "./context.js";
import { readCookies } from "./cookies.js";
import type { Login, LoginTrial } from "./login.js";
import { type LoadClient, type LoginClient, type LoginRejection, openLogin, reject } from "./login-client.js";
import { createLoginProviders, type LoginClientRow, readClientRow } from "./login-provider.js";
import type { TrialSubject } from "./login-state.js";
import { createRedirectToProvider, readRequest } from "./start.js";
import type { TrialAccount, TrialUser, UnsavedClient } from "./trial-result.js";

/** Where a trial ends, and what it clears. */
interface TrialEnd {
  readonly next: string;
  readonly cookies: readonly string[];
}

/** Sign-ins that end in what they show: they write nothing, and begin no session. */
export interface Trials {
  readonly subjectOf: (client: string | UnsavedClient) => TrialSubject;
  /** The client, as if it were enabled. */
  readonly load: (subject: TrialSubject, isThorough: boolean) => ReturnType<LoadClient>;
  readonly show: (subject: TrialSubject, client: LoginClient, signedIn: TriedSignIn) => Promise<LoginTrial>;
  readonly failed: (subject: TrialSubject, rejection: LoginRejection, end: TrialEnd) => LoginTrial;
}

interface TriedSignIn {
  readonly verified: VerifiedIdToken;
  readonly claims: JsonObject;
  /** Texts that no claim may show. */
  readonly hidden: readonly (string | null)[];
  readonly next: string;
}

interface TrialsOptions {
  readonly context: LoginContext;
  readonly database: Database;
  readonly vault: Vault;
  readonly reservedGroups: readonly string[];
  readonly fetchFor: FetchFor;
}

// Beside the database, since what is not saved has a secret.
const keptClients = 100;

export function createTrials({ context, database, vault, reservedGroups, fetchFor }: TrialsOptions): Trials {
  const { report, now } = context;
  const unsaved = new Map<string, { readonly row: LoginClientRow; readonly vault: Vault }>();

  const failed: Trials["failed"] = (subject, { kind: _, userId: __, ...details }, end) => {
    report({ kind: "tried", client: nameOf(subject), code: details.code, reason: details.reason });
    return { kind: "tried", result: { kind: "failed", ...details }, ...end };
  };

  return {
    subjectOf: (client) => {
      if (typeof client === "string") return { saved: client };
      const id = randomUUID();
      // The oldest is the first.
      for (const [oldest] of unsaved) if (unsaved.size >= keptClients) unsaved.delete(oldest);
      unsaved.set(id, rowOf(client, id));
      return { unsaved: id };
    },
    load: async (subject, isThorough) => {
      const row = "saved" in subject ? await readClientRow(database, subject.saved) : undefined;
      const kept = "saved" in subject ? row && { row, vault } : unsaved.get(subject.unsaved);
      if (!kept) {
        return "saved" in subject
          ? reject("not_configured", "unknown_client", { expected: subject.saved })
          : reject("not_configured", "trial_unknown");
      }
      // New ones, which ask the provider again, and leave those of the login as they are.
      const providers = createLoginProviders({ fetchFor, now, onEvent: () => {}, cacheSize: 1 });
      const options = { providers, vault: kept.vault, reservedGroups, fetchFor, reportOnce: () => {} };
      return openLogin({ ...kept.row, enabled: 1 }, isThorough, options);
    },
    show: async (subject, { oidc }, { verified, claims: said, hidden, next }) => {
      const { identity, authenticatedAtMs } = verified;
      const claims = showClaims(said, hidden);
      const mapped = mapClaims(oidc.mapping, said);
      if (mapped.kind === "rejected") {
        const { kind: _, reason, ...details } = mapped;
        const rejection = reject(reason === "groups_overage" ? reason : "user_refused", reason, details);
        const trial = failed(subject, rejection, { next, cookies: [] });
        return trial.result.kind === "failed" ? { ...trial, result: { ...trial.result, claims } } : trial;
      }
      const account = "saved" in subject ? await findAccount(identity, mapped, oidc.providerId) : undefined;
      report({ kind: "tried", client: nameOf(subject) });
      const authenticatedAt = authenticatedAtMs === undefined ? undefined : new Date(authenticatedAtMs);
      const result = { kind: "mapped", claims, authenticatedAt, user: showUser(mapped), account } as const;
      return { kind: "tried", result, next, cookies: [] };
    },
    failed,
  };

  async function findAccount(
    identity: ExternalIdentity,
    mapped: MappedClaims,
    providerId: string,
  ): Promise<TrialAccount> {
    const found = await findUser(database.kysely, identity, mapped, providerId);
    if (found.kind === "rejected") return { kind: "refused", reason: found.reason };
    if (found.kind === "none") return { kind: "new" };
    const { id: userId, username, deactivated_at: deactivatedAt } = found.user;
    const { is_active: isActive, is_staff: isStaff } = { ...found.user, ...mapped.fields };
    return {
      kind: "existing",
      userId,
      username,
      isActive: isActive === 1 && deactivatedAt === null,
      isStaff: isStaff === 1,
    };
  }
}

export function createTryOut(context: LoginContext, trials: Trials): Login["tryOut"] {
  const redirectToProvider = createRedirectToProvider(context);
  return async (tried, request = {}) => {
    const asked = readRequest(request, context.settings);
    const trial = trials.subjectOf(tried);
    const client = await trials.load(trial, true);
    if (client.kind === "rejected") return trials.failed(trial, client, { next: asked.next, cookies: [] });
    return redirectToProvider(client, { ...asked, trial, cookies: readCookies(request.cookieHeader) });
  };
}

function nameOf(subject: TrialSubject): string {
  return "saved" in subject ? subject.saved : "";
}

/** A row as the database would have it; its secrets are sealed with a key that only this vault has. */
function rowOf({ client, provider }: UnsavedClient, id: string) {
  const vault = createVault([randomBytes(32)]);
  const seal = (secret: Secret, column: string) => vault.seal(secret, `oidc_clients/${id}/${column}`);
  const row: LoginClientRow = {
    id,
    identifier: "",
    provider_id: id,
    enabled: 1,
    client_id: client.client_id,
    client_secret: seal(client.client_secret, "client_secret"),
    sign_algo: client.sign_algo ?? "RS256",
    sign_key: client.sign_key ? seal(client.sign_key, "sign_key") : null,
    userinfo_claims_source: client.userinfo_claims_source ?? "userinfo_endpoint",
    audience: "[]",
    accept_at_hash: 0,
    options: JSON.stringify(client.options ?? {}),
    scopes: JSON.stringify(client.scopes ?? ["openid", "email", "profile"]),
    idp_hint: client.idp_hint ?? "",
    check_op_availability: 0,
    client_use_pkce: client.use_pkce === undefined ? null : flag(client.use_pkce),
    issuer: provider.issuer ?? null,
    discovery_endpoint: provider.discovery_endpoint ?? null,
    authorization_endpoint: provider.authorization_endpoint ?? null,
    token_endpoint: provider.token_endpoint ?? null,
    userinfo_endpoint: provider.userinfo_endpoint ?? null,
    introspection_endpoint: null,
    jwks_endpoint: provider.jwks_endpoint ?? null,
    logout_endpoint: null,
    token_use_basic_auth: flag(provider.token_use_basic_auth ?? false),
    use_nonce: flag(provider.use_nonce ?? true),
    nonce_size: provider.nonce_size ?? 32,
    state_size: provider.state_size ?? 32,
    use_pkce: flag(provider.use_pkce ?? true),
    ca_file: provider.ca_file ?? null,
  };
  return { row, vault };
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

function showUser({ username, fields, isSuperuser, groups, notes }: MappedClaims): TrialUser {
  const text = (value: string | 0 | 1 | undefined) => (typeof value === "string" ? value : undefined);
  const isSet = (value: string | 0 | 1 | undefined) => (value === undefined ? undefined : value === 1);
  return {
    username: username.name,
    email: text(fields.email),
    firstName: text(fields.first_name),
    lastName: text(fields.last_name),
    isActive: isSet(fields.is_active),
    isStaff: isSet(fields.is_staff),
    isSuperuser,
    groups,
    notes,
  };
}

/** Of the protocol, and not about the person. */
const protocolClaims: ReadonlySet<string> = new Set(["nonce", "at_hash", "c_hash", "s_hash"]);
/** A JWT, which may be a credential somewhere else. */
const token = /^ey[\w-]+\.[\w-]+\.[\w-]*(?:\.[\w-]*){0,2}$/;

function showClaims(claims: JsonObject, hidden: readonly (string | null)[]): JsonObject {
  const secrets = hidden.filter((text) => text !== null && text !== "");
  const show = (value: unknown): unknown => {
    if (typeof value === "string") {
      return token.test(value) || secrets.some((secret) => secret !== null && value.includes(secret))
        ? hiddenText
        : value;
    }
    if (Array.isArray(value)) return value.map(show);
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, show(inner)]));
  };
  const shown = Object.entries(claims).filter(([name]) => !protocolClaims.has(name));
  return Object.fromEntries(shown.map(([name, value]) => [name, show(value)]));
}

const hiddenText = String(new Secret(""));
