import { createPrivateKey, createPublicKey } from "node:crypto";
import { isJsonObject, parseJson } from "./json-object.js";
import { type IgnoredKeyReason, importWrittenKey, isPrivateJwk, type KeyImport } from "./key-set.js";

/** What an operator wrote where a public key belongs. Some of these occur together, such as quotes and escapes. */
export type KeyForm =
  | Exclude<IgnoredKeyReason, "malformed">
  | "quoted"
  | "escaped_breaks"
  | "blanks_for_breaks"
  | "encoded_pem"
  | "encoded_jwk"
  | "without_begin"
  | "jwks"
  | "broken_json"
  | "broken_pem"
  | "ssh"
  | "url"
  | "path"
  | "other";

export type WrittenKey =
  | Extract<KeyImport, { kind: "usable" }>
  | { readonly kind: "refused"; readonly forms: readonly KeyForm[] };

/** Reads a key that an operator wrote, or classifies a text that is not one. Finds a private key in every wrapping. */
export function readWrittenKey(text: string): WrittenKey {
  if (holdsPrivateKey(text.trim())) return { kind: "refused", forms: ["private"] };
  const imported = importWrittenKey(text);
  if (imported.kind === "usable") return imported;
  return { kind: "refused", forms: imported.reason === "malformed" ? formsOf(text.trim()) : [imported.reason] };
}

/** How many layers of quotes and base64 are removed: one more than occurs by mistake. */
const maxWrappings = 3;

function holdsPrivateKey(text: string, wrappings = 0): boolean {
  if (/PRIVATE[\s_-]*KEY/i.test(text) || isPrivateJson(parseJson(withoutEscapes(text)) ?? parseJson(text))) return true;
  const bytes = fromBase64(text);
  if (bytes && isPrivateDer(bytes)) return true;
  if (wrappings === maxWrappings) return false;
  const inner = [unquote(text), bytes?.toString("latin1").trim()];
  return inner.some((next) => next !== undefined && next !== text && holdsPrivateKey(next, wrappings + 1));
}

function isPrivateJson(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  return (
    isPrivateJwk(value) ||
    (Array.isArray(value.keys) && value.keys.some((key) => isJsonObject(key) && isPrivateJwk(key)))
  );
}

function isPrivateDer(key: Buffer): boolean {
  return (["pkcs8", "pkcs1", "sec1"] as const).some((type) => {
    try {
      createPrivateKey({ key, format: "der", type });
      return true;
    } catch (error) {
      // An encrypted private key.
      return error instanceof Error && "code" in error && error.code === "ERR_MISSING_PASSPHRASE";
    }
  });
}

/** Classifies a malformed key that holds no private one. */
function formsOf(text: string): readonly KeyForm[] {
  const unquoted = unquote(text);
  if (unquoted !== text) return ["quoted", ...(isUsable(unquoted) ? [] : formsOf(unquoted))];
  if (text.startsWith("{")) return [formOfJson(text)];
  if (text.includes("-----BEGIN")) return formsOfPem(text);
  const bytes = fromBase64(text);
  const decoded = bytes?.toString("latin1").trim() ?? "";
  if (decoded.includes("-----BEGIN")) return ["encoded_pem"];
  if (isJsonObject(parseJson(decoded))) return ["encoded_jwk"];
  if (bytes && isPublicDer(bytes)) return ["without_begin"];
  if (/^(?:ssh|ecdsa)-\S+ /.test(text)) return ["ssh"];
  if (/^https?:\/\//i.test(text)) return ["url"];
  return [
    /^(?:\.{0,2}\/)?[\w./-]+\.(?:pem|crt|cer|key|pub|jwk|json)$|^\.{0,2}\/[\w./-]{1,200}$/.test(text)
      ? "path"
      : "other",
  ];
}

function formOfJson(text: string): KeyForm {
  const value = parseJson(text);
  return isJsonObject(value) && Array.isArray(value.keys) ? "jwks" : "broken_json";
}

function formsOfPem(text: string): readonly KeyForm[] {
  if (/\\[nr]/.test(text)) return ["escaped_breaks"];
  const [, label = "", body = ""] = /-----BEGIN ([^-]+)-----([^-]*)-----END/.exec(text) ?? [];
  const hasBlanks = !/-----\s*\n/.test(text) && /\s/.test(text);
  const mended = `-----BEGIN ${label}-----\n${body.replace(/\s+/g, "\n").trim()}\n-----END ${label}-----\n`;
  return [hasBlanks && isUsable(mended) ? "blanks_for_breaks" : "broken_pem"];
}

function isUsable(text: string): boolean {
  return importWrittenKey(text).kind === "usable";
}

function isPublicDer(key: Buffer): boolean {
  return (["spki", "pkcs1"] as const).some((type) => {
    try {
      createPublicKey({ key, format: "der", type });
      return true;
    } catch {
      return false;
    }
  });
}

function unquote(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1).trim() : text;
}

function withoutEscapes(text: string): string {
  return text.replace(/\\(["nr])/g, (_, letter: string) => (letter === '"' ? '"' : "\n"));
}

/** Decodes a text of only base64 or base64url that is long enough to hold a key. */
function fromBase64(text: string): Buffer | undefined {
  const compact = withoutEscapes(text).replace(/\s+/g, "");
  return /^[A-Za-z0-9+/_-]{40,}={0,2}$/.test(compact) ? Buffer.from(compact, "base64") : undefined;
}
