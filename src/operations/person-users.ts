import type { Transaction } from "kysely";
import type { AccessFacts } from "../access/facts.js";
import type { LockedResult } from "../database/lock.js";
import type { Tables } from "../database/tables.js";
import { hashPassword } from "../secrets/password.js";
import type { Secret } from "../secrets/secret.js";
import { changeAs, type Demand } from "./authorize.js";
import {
  type EntriesOptions,
  type EntryDiagnostic,
  type InvalidEntries,
  prepareEntries,
  type ReadyEntries,
} from "./change-entries.js";
import { runUserOperation, type UserOperation, type UsersOutcome } from "./change-users.js";
import { activation, deactivation } from "./deactivate-users.js";
import { passwordChange, sessionsEnd, unlinking } from "./end-sign-ins.js";
import { findPasswordMistake, type PasswordMistake } from "./password-rules.js";
import type { Forbidden, Person } from "./person.js";
import type { RecordOptions } from "./record.js";

/** What a form says of a user: all of it, as it will be. Groups and permissions are changed on their own. */
export interface UserForm {
  readonly username: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
  /** Who may sign in as the user through a provider; null for nobody by name. */
  readonly signIn: { readonly provider: string; readonly subject?: string | undefined } | null;
  /** Of a new user; another one keeps its own. */
  readonly password?: Secret | undefined;
}

const namespace = "default_user_configuration_config";

/** Validates a form as the user of a file, for `changeEntries`. */
export async function prepareUser(
  form: UserForm,
  options: EntriesOptions,
): Promise<{ readonly kind: "ready"; readonly entries: ReadyEntries } | InvalidEntries> {
  const { provider, subject } = form.signIn ?? {};
  const entry = {
    username: form.username,
    first_name: form.firstName,
    last_name: form.lastName,
    email: form.email,
    is_staff: form.isStaff,
    is_superuser: form.isSuperuser,
    ...(provider !== undefined && { sign_in: { provider, ...(subject !== undefined && { subject }) } }),
    ...(form.password !== undefined && { password: form.password }),
  };
  const prepared = await prepareEntries({ [namespace]: { users: [entry] } }, options);
  const mistake = form.password && findPasswordMistake(form.password.reveal());
  if (mistake) {
    const path = [namespace, "users", 0, "password"];
    const { code, message, hint } = mistake;
    const diagnostic: EntryDiagnostic = { severity: "error", code, message, hint, path };
    const others = prepared.kind === "invalid" ? prepared.diagnostics : [];
    const isSame = (other: EntryDiagnostic) => other.path.join(".") === path.join(".");
    const diagnostics = [diagnostic, ...others.filter((other) => !isSame(other))];
    return { kind: "invalid", isUnavailable: false, diagnostics };
  }
  return prepared.kind === "ready" ? { kind: "ready", entries: withoutSets(prepared.entries) } : prepared;
}

/** What the form says nothing about stays as it is. */
function withoutSets({ configuration }: ReadyEntries): ReadyEntries {
  const resources = configuration.resources.map((resource) => {
    const { groups: _, groups_until: __, permissions: ___, ...attributes } = resource.attributes;
    return { ...resource, attributes };
  });
  return { configuration: { ...configuration, resources } };
}

/** Names of users; service users belong to their tokens, and are refused. */
interface Users {
  readonly usernames: readonly string[];
}

type UsersResult = Promise<LockedResult<UsersOutcome | Forbidden>>;

/** Deactivates users with their tokens, also those that a file manages, inside a transaction that holds the lock. */
export function deactivateUsersAs(
  tx: Transaction<Tables>,
  person: Person,
  { usernames }: Users,
  options: RecordOptions,
): UsersResult {
  const demand = demandFor(usernames, { right: "change_users" });
  return changeAs(tx, person, demand, options, (actor) =>
    runUserOperation(tx, usernames, deactivation(actor), actor, options),
  );
}

/** Ends a deactivation, inside a transaction that holds the lock; of staff and superusers it needs a recent sign-in. */
export function activateUsersAs(
  tx: Transaction<Tables>,
  person: Person,
  { usernames }: Users,
  options: RecordOptions,
): UsersResult {
  const demand = (facts: AccessFacts): Demand => {
    const fresh = usersIn(facts, usernames).some(({ isStaff, isSuperuser }) => isStaff || isSuperuser);
    return demandFor(usernames, { right: "change_users", fresh })(facts);
  };
  return change(tx, person, usernames, { demand, operation: activation }, options);
}

/** Separates users from the persons at a provider, inside a transaction that holds the lock. */
export function unlinkUsersAs(
  tx: Transaction<Tables>,
  person: Person,
  { usernames }: Users,
  options: RecordOptions,
): UsersResult {
  const demand = demandFor(usernames, { right: "change_users" });
  return change(tx, person, usernames, { demand, operation: unlinking }, options);
}

/** Ends the sessions of users, inside a transaction that holds the lock: a person's own with nothing but being signed in. */
export function endSessionsAs(
  tx: Transaction<Tables>,
  person: Person,
  { usernames }: Users,
  options: RecordOptions,
): UsersResult {
  const demand = (facts: AccessFacts): Demand => {
    const users = usersIn(facts, usernames);
    const isOwn = users.length > 0 && users.every(({ id }) => person.kind === "user" && id === person.userId);
    return isOwn ? { right: "own" } : demandFor(usernames, { right: "change_users" })(facts);
  };
  return change(tx, person, usernames, { demand, operation: sessionsEnd }, options);
}

/** A password that can be used, as it is stored; hashed before the lock, since that takes long on purpose. */
export type PreparedPassword = { readonly kind: "hash"; readonly hash: string } | InvalidPassword;

interface InvalidPassword {
  readonly kind: "invalid_password";
  readonly mistake: PasswordMistake;
}

export async function preparePassword(password: Secret): Promise<PreparedPassword> {
  const mistake = findPasswordMistake(password.reveal());
  return mistake ? { kind: "invalid_password", mistake } : { kind: "hash", hash: await hashPassword(password) };
}

/**
 * Gives a user another password and ends its sessions, inside a transaction that holds the lock. It needs a recent sign-in, since who sets
 * a password can sign in with it.
 */
export function setPasswordAs(
  tx: Transaction<Tables>,
  person: Person,
  { username, hash }: { readonly username: string; readonly hash: string },
  options: RecordOptions,
): UsersResult {
  const demand = demandFor([username], { right: "change_users", fresh: true });
  return change(tx, person, [username], { demand, operation: passwordChange(hash) }, options);
}

function change(
  tx: Transaction<Tables>,
  person: Person,
  usernames: readonly string[],
  { demand, operation }: { readonly demand: (facts: AccessFacts) => Demand; readonly operation: UserOperation },
  options: RecordOptions,
): UsersResult {
  return changeAs(tx, person, demand, options, (actor) => runUserOperation(tx, usernames, operation, actor, options));
}

function usersIn(facts: AccessFacts, usernames: readonly string[]) {
  const names = new Set(usernames);
  return [...facts.users.values()].filter(({ username }) => names.has(username));
}

/** What it needs to change these users. */
export function demandFor(
  usernames: readonly string[],
  needed: Pick<Demand, "right" | "fresh">,
): (facts: AccessFacts) => Demand {
  return (facts) => ({ ...needed, users: usersIn(facts, usernames).map(({ id }) => id) });
}
