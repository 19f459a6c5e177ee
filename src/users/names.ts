import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { onlyPrintableAscii } from "../characters.js";

/** A set of names, searched for lookalikes. */
interface Lookalikes {
  readonly add: (name: string) => void;
  /** The first added name that looks like this one. */
  readonly find: (name: string) => string | undefined;
}

const isAscii = (text: string): boolean => onlyPrintableAscii.test(text);

/**
 * Compares names by their skeletons, as in Unicode TS 39; pure ASCII names look alike only if they differ in case. The skeleton
 * data is big, and is loaded only for other names.
 *
 * @param names all names that will be added or searched
 */
export async function createLookalikes(names: readonly string[]): Promise<Lookalikes> {
  const skeletonsOf = names.every(isAscii) ? () => [] : await loadSkeletons();
  const ascii = new Map<string, string>();
  // An ASCII name is compared only with names that are not ASCII.
  const skeletons = { ascii: new Map<string, string>(), other: new Map<string, string>() };
  const firstIn = (map: ReadonlyMap<string, string>, keys: readonly string[]): string | undefined =>
    keys.flatMap((key) => map.get(key) ?? [])[0];
  const keep = (map: Map<string, string>, key: string, name: string): void => {
    if (!map.has(key)) map.set(key, name);
  };
  return {
    add: (name) => {
      const kind = isAscii(name) ? "ascii" : "other";
      if (kind === "ascii") keep(ascii, name.toLowerCase(), name);
      for (const key of skeletonsOf(name)) keep(skeletons[kind], key, name);
    },
    find: (name) => {
      const keys = skeletonsOf(name);
      const other = firstIn(skeletons.other, keys);
      return other ?? (isAscii(name) ? ascii.get(name.toLowerCase()) : firstIn(skeletons.ascii, keys));
    },
  };
}

async function loadSkeletons(): Promise<(name: string) => readonly string[]> {
  const { default: unhomoglyph } = await import("unhomoglyph");
  // TS 39 §4. The data has a dotless i for an i, and no dotless j.
  const skeleton = (name: string) => unhomoglyph(name.normalize("NFD").replace(/\u0237/g, "j")).normalize("NFD");
  // A letter may look like another in one case only.
  return (name) => [skeleton(name).toLowerCase(), skeleton(name.toLowerCase()).toLowerCase()];
}

/** Whether a name has invisible controls, or marks that reorder text: with them, one name can look like another. */
export function hasHiddenCharacters(name: string): boolean {
  return !isAscii(name) && /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(name);
}

/** A name without all invisible characters: controls, joiners, fillers, selectors, and a blank that is not a space. */
export function withoutInvisible(name: string): string {
  if (isAscii(name)) return name;
  return name.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu, "");
}

/** Why a name could look the same as another one; undefined for a safe name. */
export function unsafeNameReason(name: string): "control" | "invisible" | "blanks" | "composition" | undefined {
  if (hasHiddenCharacters(name)) return "control";
  if (withoutInvisible(name) !== name) return "invisible";
  if (name !== name.trim()) return "blanks";
  return name === name.normalize("NFC") ? undefined : "composition";
}

const segment = "[a-zA-Z0-9_-]+";

/** A permission's name, such as `taken.view_externetaak`; at most {@link maxPermission} characters. */
export const permissionPattern = new RegExp(`^${segment}(?:\\.${segment})+$`);

export const maxPermission = 255;

/** A permission's name in a catalogue, where `*` stands for one part, such as `objecttype.*.read_only`; the first part is no `*`. */
export const catalogueNamePattern = new RegExp(`^${segment}(?:\\.(?:${segment}|\\*))+$`);

/** Of what a permission in a catalogue allows. */
export const maxPermissionDescription = 1000;

/** The permission that the Objects API writes as an object type and a mode; the UUID in any common notation. */
export function objectTypePermission(uuid: string, mode: string): string {
  const digits = uuid.toLowerCase().replace(/^urn:uuid:|[-{}]/g, "");
  return `objecttype.${digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}.${mode}`;
}

export function isPermission(name: string): boolean {
  return name.length <= maxPermission && permissionPattern.test(name);
}

/** ASCII letters, digits, `-` and `_`; at least one. */
export const slugPattern = /^[-a-zA-Z0-9_]+$/;

/** The maximum length of a provider's URL, which servers and proxies still accept. */
export const maxUrl = 2000;

/** For other texts from a provider: a client's id, a scope such as `api://…/access_as_user`, an audience. */
export const maxProviderText = 2000;

/** A client's secret, which may be a signed token. */
export const maxClientSecret = 8000;

/** A `sub` of 255 characters (OpenID Connect Core §2) may be the username. */
export const maxUsername = 255;

export const maxPersonName = 255;

/** A group's name may be a path or a directory's distinguished name. PostgreSQL indexes at most 2,704 bytes. */
export const maxGroupName = 500;

/** Long enough to spell out any group's name. */
export const maxGroupPattern = 1000;

const atom = "[-a-zA-Z0-9!#$%&'*+/=?^_`{|}~]+";
const dotAtom = new RegExp(`^${atom}(?:\\.${atom})*$`);
const quoted = /^"(?:[!#-[\]-~]|\\[ -~])*"$/;
const domainName = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+(?!-)[a-zA-Z0-9-]{1,62}[a-zA-Z0-9]$/;

/**
 * Whether a text is an e-mail address by the rules of Django's forms: an ASCII local part, plain or in quotes, and a domain of
 * at least two labels (international ones too), an IP address in brackets, or `localhost`.
 */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf("@");
  if (at < 1) return false;
  const local = text.slice(0, at);
  return (dotAtom.test(local) || quoted.test(local)) && isDomain(text.slice(at + 1));
}

function isDomain(domain: string): boolean {
  if (domain === "localhost" || domainName.test(domain)) return true;
  const literal = /^\[([0-9a-f:.]+)\]$/i.exec(domain)?.[1];
  if (literal !== undefined) return isIP(literal) !== 0;
  return /^[-.\p{L}\p{M}\p{N}]+$/u.test(domain) && domainName.test(domainToASCII(domain));
}

/** What a provider says about a person: the journal names these fields, and leaves their values out. */
export const personalFields = ["issuer", "subject", "email", "first_name", "last_name"] as const;
