import { randomBytes, randomInt } from "node:crypto";
import type { CurrentResource, Kind } from "../plan/kind.js";
import type { AttributeSpec } from "../plan/kind-shape.js";
import type { AttributeValue, PlainValue } from "../plan/resource.js";
import { isSecret } from "../secrets/secret.js";
import { parseAddressRange, randomRange, type ValidRange } from "../users/token-restrictions.js";

/** The rows of each kind, by its name. */
type Rows = ReadonlyMap<string, readonly CurrentResource[]>;

/**
 * Replaces every name, address and host in what was read from a database, the same text by the same one, so that references stay. The
 * new names are random, and the rows are sorted by them: neither they nor their order tell anything to a reader who guesses names.
 */
export function sanitize(
  kinds: readonly Kind[],
  rows: Rows,
): { readonly rows: Rows; readonly ownerFor: (owner: string) => string } {
  const replacements = createReplacements(kinds.flatMap(({ standardKeys = [] }) => standardKeys));
  // First the keys, so that a text elsewhere that is one is called after its kind.
  for (const { name } of kinds) for (const { key } of rows.get(name) ?? []) replacements.textFor(key, labelOf(name));
  const sanitized = kinds.map((kind): readonly [string, readonly CurrentResource[]] => {
    const replaced = (rows.get(kind.name) ?? []).map((row) => sanitizeRow(kind, row, replacements));
    return [kind.name, replaced.sort((one, other) => (one.key < other.key ? -1 : 1))];
  });
  return { rows: new Map(sanitized), ownerFor: replacements.ownerFor };
}

function sanitizeRow(kind: Kind, row: CurrentResource, replacements: Replacements): CurrentResource {
  const attributes: Record<string, AttributeValue> = {};
  for (const [name, value] of Object.entries(row.attributes)) {
    const spec = kind.attributes[name];
    attributes[name] =
      isSecret(value) || value === undefined ? value : sanitizeAttribute(name, value, spec, replacements);
  }
  const owner = row.owner === null ? null : replacements.ownerFor(row.owner);
  return { ...row, key: replacements.textFor(row.key, labelOf(kind.name)), owner, attributes };
}

function sanitizeAttribute(
  name: string,
  value: PlainValue,
  spec: AttributeSpec | undefined,
  { textFor, digestFor }: Replacements,
): PlainValue {
  const { neutral, sensitive, references } = spec ?? {};
  const replace = (inner: PlainValue, path: readonly string[]): PlainValue => {
    if (typeof inner === "string") {
      if (sensitive && digest.test(inner)) return digestFor(inner);
      if (neutral === true || neutral?.(inner, path) || time.test(inner)) return inner;
      return textFor(inner, labelOf(path.at(-1) ?? name));
    }
    if (Array.isArray(inner)) {
      const items = inner.map((item) => replace(item, path));
      return references === undefined ? items : items.sort();
    }
    if (typeof inner !== "object" || inner === null) return inner;
    const keyOf = (key: string) => (references === undefined ? key : textFor(key, labelOf(name)));
    return Object.fromEntries(Object.entries(inner).map(([key, part]) => [keyOf(key), replace(part, [...path, key])]));
  };
  return replace(value, []);
}

const digest = /^[\da-f]{64}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

function labelOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]+/g, "-");
}

interface Replacements {
  /** What stands for a name, an address, a URL, a path or a pattern, in the same form. */
  readonly textFor: (text: string, label: string) => string;
  readonly ownerFor: (owner: string) => string;
  readonly digestFor: (digest: string) => string;
}

/** What any provider's URLs have. */
const standardSegments = new Set(
  (
    ".well-known openid-configuration oauth-authorization-server realms protocol openid-connect auth authorize token userinfo " +
    "certs keys jwks jwks.json introspect introspection logout oauth oauth2 oidc connect discovery v1.0 v1 v2 v2.0"
  ).split(" "),
);

const url = /^(https?:\/\/)(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)(:\d+)?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/i;
const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/i;

/** @param kept texts that mean the same everywhere */
function createReplacements(kept: readonly string[]): Replacements {
  const words = new Map(kept.map((text) => [text, text]));
  const digests = new Map<string, string>();
  const used = new Set<string>(kept);
  const wordFor = (text: string, label: string): string => {
    // Punctuation and placeholders such as `*` name nothing.
    if (!/[\p{L}\p{N}]/u.test(text)) return text;
    const known = words.get(text);
    if (known !== undefined) return known;
    let word: string;
    do word = `${label}-${randomInt(Math.max(1_000_000, used.size * 4))}`;
    while (used.has(word));
    used.add(word);
    words.set(text, word);
    return word;
  };
  const hostFor = (host: string): string =>
    loopback.test(host) ? host : `${wordFor(host.toLowerCase(), "host")}.example`;
  const pathFor = (path: string): string =>
    path
      .split("/")
      .map((segment) => (standardSegments.has(segment.toLowerCase()) ? segment : wordFor(segment, "path")))
      .join("/");
  const queryFor = (query: string): string =>
    query
      .split("&")
      .map((pair) =>
        pair
          .split("=")
          .map((part) => wordFor(part, "query"))
          .join("="),
      )
      .join("&");
  const rangeFor = (range: ValidRange): string => {
    const known = words.get(range.text) ?? randomRange(range) ?? range.text;
    words.set(range.text, known);
    return known;
  };
  const textFor = (text: string, label: string): string => {
    const [, scheme, host, port = "", path = "", query, fragment] = url.exec(text) ?? [];
    if (scheme !== undefined && host !== undefined) {
      const search = query === undefined ? "" : `?${queryFor(query)}`;
      const hash = fragment === undefined ? "" : `#${wordFor(fragment, "fragment")}`;
      return `${scheme}${hostFor(host)}${port}${pathFor(path)}${search}${hash}`;
    }
    const range = parseAddressRange(text);
    if (range.kind === "range") return rangeFor(range);
    const at = text.lastIndexOf("@");
    if (at > 0 && at < text.length - 1) return `${wordFor(text.slice(0, at), label)}@${hostFor(text.slice(at + 1))}`;
    if (text.startsWith("/")) return pathFor(text);
    return text
      .split("*")
      .map((part) => wordFor(part, label))
      .join("*");
  };
  return {
    textFor,
    ownerFor: (owner) => (owner === "default" ? owner : wordFor(owner, "owner")),
    digestFor(original) {
      const known = digests.get(original) ?? randomBytes(32).toString("hex");
      digests.set(original, known);
      return known;
    },
  };
}
