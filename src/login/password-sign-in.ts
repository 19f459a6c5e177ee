import { createHmac, randomBytes, randomUUID } from "node:crypto";
import type { Selectable, Transaction } from "kysely";
import type { Database } from "../database/database.js";
import type { SignRun } from "../database/journal-chain.js";
import type { Tables } from "../database/tables.js";
import { writeRun } from "../database/write-rows.js";
import type { MaybePromise } from "../maybe-promise.js";
import { createRateLimit } from "../rate-limit.js";
import { hashPassword, verifyPassword } from "../secrets/password.js";
import { Secret } from "../secrets/secret.js";
import { maxUsername } from "../users/names.js";
import type { UserLookup } from "../users/principal.js";
import { version } from "../version.js";
import type { LoginContext } from "./context.js";
import { readCookies } from "./cookies.js";
import type { Login } from "./login.js";
import { type LoginRejection, reject } from "./login-client.js";
import type { ReasonOf } from "./rejection-reasons.js";
import { readNextPath } from "./same-origin.js";
import { checkUser, startSession } from "./session-cookie.js";

interface PasswordSignInOptions {
  readonly context: LoginContext;
  readonly database: Database;
  readonly readUser: (id: string) => MaybePromise<UserLookup>;
  readonly sign: SignRun;
}

const maxPassword = 1024;
const maxSlots = 4096;
// Each verification takes 32 MiB and briefly a whole core.
const maxAtOnce = 4;

interface Account {
  readonly id: string;
  readonly username: string;
  /** The new hash, where the stored one is out of date. */
  readonly rehash: { readonly from: string; readonly to: string } | undefined;
}

/** Signs a user in with a password, without the provider. It reads neither the provider's nor the client's row. */
export function createPasswordSignIn(options: PasswordSignInOptions): Login["signInWithPassword"] {
  const { context, database, readUser, sign } = options;
  const { settings, refusalPage, report, now } = context;
  const limit = createRateLimit({ attempts: 5, perMs: 5 * 60_000, restored: "at_once", maxKeys: maxSlots });
  const slotOf = createSlots();
  let verifying = 0;

  return async ({ username, password, next, language, superusersOnly = false }, cookieHeader) => {
    if (username.length > maxUsername || password.length > maxPassword) {
      return refusalPage(reject("password_refused", "too_long"), { language });
    }
    if (verifying >= maxAtOnce) return refusalPage(reject("too_many_attempts", "too_many_at_once"), { language });
    const slot = slotOf(username);
    if (limit.take(slot, now()).kind === "exhausted")
      return refusalPage(reject("too_many_attempts", "too_many_attempts"), { language });
    verifying += 1;
    const asked = { username, password: new Secret(password), superusersOnly };
    const account = await findAccount(database, asked).finally(() => {
      verifying -= 1;
    });
    if ("kind" in account) return refusalPage(account, { language });
    limit.forget(slot);
    const user = checkUser(await readUser(account.id), account.id, settings);
    if (user.kind === "rejected") return refusalPage(user, { language });
    const runId = randomUUID();
    const success = await startSession(context, readCookies(cookieHeader), {
      session: { userId: account.id, clientId: null, authenticatedAtMs: now() },
      grants: user.grants,
      next: readNextPath(next, settings.redirectUrl),
      alongside: (tx) => journal(tx, runId, account),
    });
    report({ kind: "signed_in_with_password", client: settings.client, userId: account.id, runId });
    return success;
  };

  async function journal(
    tx: Transaction<Tables>,
    id: string,
    { id: userId, username, rehash }: Account,
  ): Promise<void> {
    const at = new Date(now()).toISOString();
    const run = {
      id,
      startedAt: at,
      finishedAt: at,
      actor: `password:${settings.client}`,
      through: "password sign-in" as const,
      version,
    };
    const fields = [{ name: "password_login", before: null, after: at }];
    if (rehash) {
      await tx
        .updateTable("users")
        .set({ password_hash: rehash.to })
        .where("id", "=", userId)
        .where("password_hash", "=", rehash.from)
        .execute();
    }
    // Last, as in a run that changes users under the lock, so that neither waits for the other.
    await writeRun(tx, run, [{ action: "update", kind: "user", key: username, id: userId, fields }], sign);
  }
}

interface AskedAccount {
  readonly username: string;
  readonly password: Secret;
  readonly superusersOnly: boolean;
}

/** Takes equally long for every username, since a password is verified in any case. */
async function findAccount(
  { kysely }: Database,
  { username, password, superusersOnly }: AskedAccount,
): Promise<Account | LoginRejection> {
  const user = await kysely
    .selectFrom("users")
    .select(["id", "username", "password_hash", "issuer", "is_service", "is_superuser", "claim_superuser"])
    .where("username", "=", username.normalize("NFKC"))
    .executeTakeFirst();
  const barred = rejectionReason(user, superusersOnly);
  const hash = barred === undefined ? (user?.password_hash ?? null) : null;
  const check = await verifyPassword(password, hash);
  const who = user && { userId: user.id };
  if (barred !== undefined) return reject("password_refused", barred, who);
  if (!user || hash === null || check === "wrong") return reject("password_refused", "wrong_password", who);
  const rehash = check === "outdated" ? { from: hash, to: await hashPassword(password) } : undefined;
  return { id: user.id, username: user.username, rehash };
}

/** Once a user has signed in through a provider, only the provider decides whether the user may sign in. */
function rejectionReason(
  user:
    | Pick<Selectable<Tables["users"]>, "password_hash" | "issuer" | "is_service" | "is_superuser" | "claim_superuser">
    | undefined,
  superusersOnly: boolean,
): ReasonOf<"password_refused"> | undefined {
  if (!user) return "unknown_user";
  if (user.is_service === 1 || user.password_hash === null) return "no_password";
  if (user.issuer !== null) return "user_of_provider";
  const isOwnSuperuser = user.is_superuser === 1 && user.claim_superuser === 0;
  return superusersOnly && !isOwnSuperuser ? "not_superuser" : undefined;
}

/**
 * Usernames share a fixed number of slots, so that made-up ones can't fill the memory or evict others.
 */
function createSlots(): (username: string) => string {
  const key = randomBytes(32);
  return (username) => {
    const bytes = createHmac("sha256", key).update(username.normalize("NFKC").toLowerCase()).digest();
    return String(bytes.readUInt32BE() % maxSlots);
  };
}
