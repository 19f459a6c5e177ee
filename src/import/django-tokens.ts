import type { Diagnostic } from "../errors.js";
import type { Secret } from "../secrets/secret.js";
import { checkTokenFormat, digestToken } from "../secrets/token.js";
import { isEmail } from "../users/names.js";
import { type DjangoRow, type DjangoTable, type DjangoTables, flagOf, secretOf, textOf } from "./django-tables.js";
import { usersById } from "./django-users.js";
import { type ImportedEntry, importedDifferently, notImported } from "./entries.js";

const maxIdentifier = 50;
/** RFC 2606 §2: nobody gets its mail. */
const noAddress = "unknown@example.invalid";

/** The tokens of Django REST framework, which act as users, and those of Open Klant, the Objects API and their like. */
export function importTokens(tables: DjangoTables) {
  const users = usersById(tables);
  const usernames = new Set([...users.values()].map((row) => textOf(row, "username")));
  const diagnostics: Diagnostic[] = [];
  const entries: ImportedEntry[] = [];
  const digests = new Map<string, string>();
  const add = (token: Secret, what: string, entry: Omit<ImportedEntry, "key"> & { readonly wish: string }): void => {
    const digest = digestToken(token);
    const reason = mistakeIn(token) ?? sharedBy(digests.get(digest));
    if (reason !== undefined) {
      diagnostics.push(notImported(what, reason, "give its callers a new token"));
      return;
    }
    const isTaken = (name: string) =>
      entries.some(({ key }) => key === name) || (entry.attributes.user === null && usernames.has(name));
    const key = freeName(entry.wish, isTaken);
    if (key !== entry.wish) diagnostics.push(importedDifferently(`${what} was imported as api_token ${key}`));
    digests.set(digest, key);
    entries.push({ key, attributes: { ...defaults, ...entry.attributes, token: digest } });
  };

  // Their identifiers are already there, and are kept.
  for (const table of tokenTables(tables)) {
    const permissions = permissionsOf(tables, table, diagnostics);
    for (const row of table.rows) {
      const name = textOf(row, "identifier") || textOf(row, "application") || textOf(row, "contact_person");
      const what = `token ${name} of ${table.name}`;
      add(secretOf(row, "token"), what, {
        wish: textOf(row, "identifier") || slug(name),
        attributes: {
          user: null,
          is_superuser: flagOf(row, "is_superuser"),
          permissions: permissions.get(textOf(row, "id")) ?? [],
          contact_person: textOf(row, "contact_person") || name,
          email: addressOf(row, what, diagnostics),
          organization: textOf(row, "organization"),
          application: textOf(row, "application"),
          administration: textOf(row, "administration"),
        },
      });
    }
  }
  for (const row of tables.get("authtoken_token")?.rows ?? []) {
    const owner = users.get(textOf(row, "user_id"));
    if (owner === undefined) continue;
    const username = textOf(owner, "username");
    const what = `the token of user ${username}`;
    if (!flagOf(owner, "is_active")) {
      diagnostics.push(notImported(what, "the user is inactive, so Django rejects it as well"));
      continue;
    }
    add(secretOf(row, "key"), what, {
      wish: slug(username),
      attributes: {
        user: username,
        is_superuser: false,
        permissions: null,
        contact_person:
          `${textOf(owner, "first_name")} ${textOf(owner, "last_name")}`.trim().slice(0, 200) || username.slice(0, 200),
        email: addressOf(owner, what, diagnostics),
      },
    });
  }
  return { entries, diagnostics };
}

const defaults = { organization: "", application: "", administration: "", expires_at: null, grace_seconds: 0 };

function tokenTables(tables: DjangoTables): readonly DjangoTable[] {
  const needed = ["id", "token", "contact_person", "email"];
  return [...tables.values()].filter(
    ({ name, columns }) => name.endsWith("_tokenauth") && needed.every((column) => columns.has(column)),
  );
}

/** Which objects a token of the Objects API may read or write, by the token's id. */
function permissionsOf(
  tables: DjangoTables,
  { name, rows }: DjangoTable,
  diagnostics: Diagnostic[],
): ReadonlyMap<string, readonly string[]> {
  const table = tables.get(name.replace(/_tokenauth$/, "_permission"));
  const uuids = new Map((tables.get("core_objecttype")?.rows ?? []).map((row) => [textOf(row, "id"), uuidOf(row)]));
  const names = new Map(rows.map((row) => [textOf(row, "id"), textOf(row, "identifier")]));
  const found = new Map<string, string[]>();
  for (const row of table?.rows ?? []) {
    const token = textOf(row, "token_auth_id");
    const [uuid, mode] = [uuids.get(textOf(row, "object_type_id")), textOf(row, "mode")];
    if (names.has(token) && uuid !== undefined && !flagOf(row, "use_fields")) {
      found.set(token, [...(found.get(token) ?? []), `objecttype.${uuid}.${mode}`].sort());
    } else {
      const reason = flagOf(row, "use_fields")
        ? "it is limited to some fields of an object, which a permission here can't be"
        : "its token or object type is gone";
      const hint = "grant a permission on all fields, or none on this object type";
      diagnostics.push(notImported(`a permission of token ${names.get(token) ?? token} of ${name}`, reason, hint));
    }
  }
  return found;
}

/** SQLite has it without hyphens. */
function uuidOf(row: DjangoRow): string {
  const digits = textOf(row, "uuid").toLowerCase().replaceAll("-", "");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Only the digest is written, so that nothing else checks the value. */
function mistakeIn(token: Secret): string | undefined {
  const plain = token.reveal();
  if (!/^[!-~]{1,255}$/.test(plain)) return "its value is not 1 to 255 printable ASCII characters without spaces";
  return checkTokenFormat(plain) === "mistyped" ? "its value looks like a mistyped token of vtb-setup" : undefined;
}

function sharedBy(other: string | undefined): string | undefined {
  return other === undefined ? undefined : `it has the same value as api_token ${other}`;
}

function addressOf(row: DjangoRow, what: string, diagnostics: Diagnostic[]): string {
  const address = textOf(row, "email");
  if (isEmail(address)) return address;
  const hint = "write the address of the person who answers for it in the file";
  diagnostics.push(importedDifferently(`${what} has no e-mail address, so it was imported with ${noAddress}`, hint));
  return noAddress;
}

function slug(name: string): string {
  return (
    name
      .normalize("NFKD")
      .replace(/[^-\w]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, maxIdentifier) || "token"
  );
}

function freeName(wish: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(wish)) return wish;
  for (let number = 1; ; number += 1) {
    const end = number === 1 ? "-token" : `-token-${number}`;
    const name = `${wish.slice(0, maxIdentifier - end.length)}${end}`;
    if (!isTaken(name)) return name;
  }
}
