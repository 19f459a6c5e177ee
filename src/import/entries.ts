import type { Diagnostic } from "../errors.js";
import type { AttributeValue } from "../plan/resource.js";
import { apiToken, oidcClient, oidcProvider, user } from "../resources/kinds.js";
import type { Secret } from "../secrets/secret.js";

/** A row of another program's database, with the attributes that its kind has here. */
export interface ImportedEntry {
  readonly key: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** What is taken over from another program's database, and what is not, or not as it was. */
export interface Imported {
  /** By the names of the kinds. */
  readonly entries: Readonly<Record<string, readonly ImportedEntry[]>>;
  /** By username; only those that a sign-in accepts. */
  readonly passwordHashes: ReadonlyMap<string, Secret>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Something that stays behind, and why. */
export function notImported(what: string, reason: string, hint?: string): Diagnostic {
  return { severity: "warning", code: "NOT_IMPORTED", message: `${what} was not imported: ${reason}`, hint };
}

/** Something that is taken over, but not as it was. */
export function importedDifferently(message: string, hint?: string): Diagnostic {
  return { severity: "note", code: "NOT_IMPORTED", message, hint };
}

/** Leaves entries behind, and what needs them. */
export function withoutEntries(
  { entries, passwordHashes, diagnostics }: Imported,
  refused: ReadonlyMap<string, ReadonlyMap<number, Diagnostic>>,
): Imported {
  const found = [...diagnostics];
  const left = Object.entries(entries).map(([kind, all]): [string, readonly ImportedEntry[]] => [
    kind,
    all.filter(({ key }, index) => {
      const diagnostic = refused.get(kind)?.get(index);
      if (diagnostic) found.push(notImported(`${kind} ${key}`, diagnostic.message, diagnostic.hint));
      return diagnostic === undefined;
    }),
  ]);
  return { ...withoutDangling(Object.fromEntries(left), found), passwordHashes };
}

function withoutDangling(
  entries: Imported["entries"],
  diagnostics: Diagnostic[],
): Pick<Imported, "entries" | "diagnostics"> {
  const has = (kind: string, key: AttributeValue) => entries[kind]?.some((entry) => entry.key === key) === true;
  const keep = (kind: string, attribute: string, target: string) =>
    (entries[kind] ?? []).filter(({ key, attributes }) => {
      const needed = attributes[attribute];
      if (needed === null || has(target, needed)) return true;
      diagnostics.push(notImported(`${kind} ${key}`, `it needs ${target} ${String(needed)}, which was not imported`));
      return false;
    });
  const people = (entries[user.name] ?? []).map(({ key, attributes }) => ({
    key,
    attributes: {
      ...attributes,
      groups: [attributes.groups].flat().filter((name) => has("group", name)),
      ...(!has(oidcProvider.name, attributes.sign_in_provider) && { sign_in_provider: null, sign_in_subject: null }),
    },
  }));
  return {
    entries: {
      ...entries,
      [user.name]: people as readonly ImportedEntry[],
      [oidcClient.name]: keep(oidcClient.name, "provider", oidcProvider.name),
      [apiToken.name]: keep(apiToken.name, "user", user.name),
    },
    diagnostics,
  };
}
