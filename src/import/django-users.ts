import { type Diagnostic, setupError } from "../errors.js";
import { parsePasswordHash } from "../secrets/password.js";
import type { Secret } from "../secrets/secret.js";
import { isPermission } from "../users/names.js";
import {
  type DjangoRow,
  type DjangoTable,
  type DjangoTables,
  flagOf,
  membersOf,
  secretOf,
  textOf,
} from "./django-tables.js";
import { type ImportedEntry, notImported } from "./entries.js";

/** How people sign in through a provider, as far as Django knows. */
export interface SignIn {
  readonly provider: string;
  /** Django calls its users by the `sub` of the provider; otherwise by another claim. */
  readonly usernameIsSubject: boolean;
}

export function importGroups(tables: DjangoTables) {
  const { nameOf, diagnostics } = permissionNames(tables);
  const permissions = membersOf(tables.get("auth_group_permissions"), "group_id", "permission_id", nameOf);
  const entries = (tables.get("auth_group")?.rows ?? []).map((row) => ({
    key: textOf(row, "name"),
    attributes: { permissions: sorted(permissions.get(textOf(row, "id"))) },
  }));
  return { entries, diagnostics };
}

export function importUsers(tables: DjangoTables, signIn: SignIn | undefined) {
  const table = userTable(tables);
  const { nameOf } = permissionNames(tables);
  const groupNames = new Map(
    (tables.get("auth_group")?.rows ?? []).map((row) => [textOf(row, "id"), textOf(row, "name")]),
  );
  const groupTable = tables.get(`${table.name}_groups`);
  const permissionTable = tables.get(`${table.name}_user_permissions`);
  const groups = membersOf(groupTable, userColumn(groupTable, "group_id"), "group_id", groupNames);
  const permissions = membersOf(permissionTable, userColumn(permissionTable, "permission_id"), "permission_id", nameOf);
  const diagnostics: Diagnostic[] = [];
  const passwordHashes = new Map<string, Secret>();
  const entries = table.rows.map((row): ImportedEntry => {
    const id = textOf(row, "id");
    const username = textOf(row, "username");
    const password = importPassword(row, username);
    if (password.diagnostic) diagnostics.push(password.diagnostic);
    if (password.hash) passwordHashes.set(username, password.hash);
    const link = password.isUsable ? undefined : signInOf(username, signIn);
    if (!password.isUsable && link === undefined) diagnostics.push(noSignIn(username, signIn));
    return {
      key: username,
      attributes: {
        email: textOf(row, "email"),
        first_name: textOf(row, "first_name"),
        last_name: textOf(row, "last_name"),
        is_active: flagOf(row, "is_active"),
        is_staff: flagOf(row, "is_staff"),
        is_superuser: flagOf(row, "is_superuser"),
        sign_in_provider: link?.provider ?? null,
        sign_in_subject: link?.subject ?? null,
        groups: sorted(groups.get(id)),
        permissions: sorted(permissions.get(id)),
      },
    };
  });
  return { entries, passwordHashes, diagnostics };
}

/** The rows of all users, by their ids. */
export function usersById(tables: DjangoTables): ReadonlyMap<string, DjangoRow> {
  return new Map(userTable(tables).rows.map((row) => [textOf(row, "id"), row]));
}

const userColumns = ["id", "username", "password", "is_active", "is_superuser"];

/**
 * The table of the user model, whatever the API calls it.
 *
 * @throws SetupError `IMPORT_SOURCE` (refused) for a database without one, or with several that have users
 */
function userTable(tables: DjangoTables): DjangoTable {
  const found = [...tables.values()].filter(({ columns }) => userColumns.every((column) => columns.has(column)));
  const filled = found.filter(({ rows }) => rows.length > 0);
  const [table = found[0], other] = filled;
  if (table === undefined) {
    const hint = "name the database of the API, with the schema that its tables are in";
    throw setupError("refused", "IMPORT_SOURCE", "the database has no table with Django's users", hint);
  }
  if (other !== undefined) {
    const names = filled.map(({ name }) => name).join(", ");
    const hint = "empty the one that the API does not use, in a copy of the database";
    throw setupError("refused", "IMPORT_SOURCE", `several tables have Django's users: ${names}`, hint);
  }
  return table;
}

/** Django calls the column after the user model. */
function userColumn(table: DjangoTable | undefined, member: string): string {
  return [...(table?.columns ?? [])].find((column) => column.endsWith("_id") && column !== member) ?? "user_id";
}

function permissionNames(tables: DjangoTables) {
  const apps = new Map(
    (tables.get("django_content_type")?.rows ?? []).map((row) => [textOf(row, "id"), textOf(row, "app_label")]),
  );
  const nameOf = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const row of tables.get("auth_permission")?.rows ?? []) {
    const name = `${apps.get(textOf(row, "content_type_id")) ?? ""}.${textOf(row, "codename")}`;
    if (isPermission(name)) nameOf.set(textOf(row, "id"), name);
    else diagnostics.push(notImported(`permission ${name}`, "it is not a name of letters, digits, `_`, `-` and dots"));
  }
  return { nameOf, diagnostics };
}

interface ImportedPassword {
  /** A sign-in with a password was possible in Django. */
  readonly isUsable: boolean;
  readonly hash?: Secret;
  readonly diagnostic?: Diagnostic;
}

function importPassword(row: DjangoRow, username: string): ImportedPassword {
  const hash = secretOf(row, "password");
  const encoded = hash.reveal();
  // Django marks a user without a password so, as one who signs in through a provider is.
  if (encoded === "" || encoded.startsWith("!")) return { isUsable: false };
  if (parsePasswordHash(encoded)) return { isUsable: true, hash };
  const reason = "its hash is damaged, or not one of PBKDF2, scrypt or Argon2 within the limits of a sign-in";
  const hint = `set a new one: vtb-setup user set-password ${username}`;
  return { isUsable: true, diagnostic: notImported(`the password of user ${username}`, reason, hint) };
}

function signInOf(username: string, signIn: SignIn | undefined) {
  if (signIn === undefined) return undefined;
  if (!signIn.usernameIsSubject) return { provider: signIn.provider, subject: null };
  return /^[ -~]{1,255}$/.test(username) ? { provider: signIn.provider, subject: username } : undefined;
}

function noSignIn(username: string, signIn: SignIn | undefined): Diagnostic {
  const reason = signIn
    ? "its username is no `sub` that a provider may have"
    : "it has no usable password in Django, and no provider was imported";
  const hint = `set a password with vtb-setup user set-password ${username}, or write its \`sign_in\``;
  return notImported(`the sign-in of user ${username}`, reason, hint);
}

function sorted(names: readonly string[] = []): readonly string[] {
  return [...new Set(names)].sort();
}
