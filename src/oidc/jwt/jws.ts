import { constants, createHmac, createVerify, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { type Algorithm, isSymmetric } from "./algorithm.js";
import { isOptionalText, type JsonObject, parseJsonObject } from "./json-object.js";

// Why this folder's code is our own: every request waits for it, and it verifies at 0.79 of the speed of bare `node:crypto`, jose
// (WebCrypto, several promises a token) at 0.22. `test/long` holds it to Wycheproof's vectors and to what jose accepts.

/** The members of a header that are used. Keys that it contains or points to are not among them (RFC 8725 §3.10). */
export interface JoseHeader {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
}

/** A JWT in the compact form of RFC 7515, parsed but not yet verified. */
export interface CompactJws {
  readonly kind: "jws";
  readonly header: JoseHeader;
  readonly claims: JsonObject;
  /** The signed text: two base64url texts with a dot between them. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

/** Why a text is rejected. */
export interface JwsRejection {
  readonly kind: "rejected";
  readonly reason: "too_long" | "malformed" | "malformed_header" | "malformed_payload" | "unsupported_header";
  /** The unsupported member of the header. */
  readonly member?: string;
}

export type ParseJws = (token: string) => CompactJws | JwsRejection;

const maxToken = 16 * 1024;
const maxHeader = 4 * 1024;
const maxKid = 1024;
const rememberedHeaders = 64;

// Critical extensions, other payload encodings, compression, encryption, nested tokens: none of these is supported.
const unsupportedMembers = ["crit", "b64", "zip", "enc", "p2c", "p2s", "epk", "cty"] as const;

/** Creates a parser. It caches the last headers, since a key's tokens share the same one. */
export function createJwsParser(): ParseJws {
  const headers = new Map<string, JoseHeader>();
  return (token) => {
    if (token.length > maxToken) return reject("too_long");
    const first = token.indexOf(".");
    const second = token.indexOf(".", first + 1);
    if (first < 1 || second < 0) return reject("malformed");
    const headerText = token.slice(0, first);
    let header = headers.get(headerText);
    if (!header) {
      const parsed = parseHeader(headerText);
      if (parsed.kind === "rejected") return parsed;
      header = parsed.header;
      if (headers.size >= rememberedHeaders) headers.clear();
      headers.set(headerText, header);
    }
    const payload = decodeBase64url(token.slice(first + 1, second));
    // Also rejects a third dot, which is not in the alphabet.
    const signature = decodeBase64url(token.slice(second + 1));
    if (!payload || !signature) return reject("malformed");
    const claims = parseJsonObject(payload);
    if (!claims) return reject("malformed_payload");
    return { kind: "jws", header, claims, signed: token.slice(0, second), signature };
  };
}

interface ParsedHeader {
  readonly kind: "header";
  readonly header: JoseHeader;
}

function parseHeader(text: string): ParsedHeader | JwsRejection {
  if (text.length > maxHeader) return reject("malformed_header");
  const bytes = decodeBase64url(text);
  if (!bytes) return reject("malformed");
  const header = parseJsonObject(bytes);
  if (!header) return reject("malformed_header");
  const unsupported = unsupportedMembers.find((name) => Object.hasOwn(header, name));
  if (unsupported) return { ...reject("unsupported_header"), member: unsupported };
  const { alg, kid, typ } = header;
  if (typeof alg !== "string" || !isOptionalText(kid) || !isOptionalText(typ)) return reject("malformed_header");
  if (kid !== undefined && kid.length > maxKid) return reject("malformed_header");
  return { kind: "header", header: { alg, kid, typ } };
}

function reject(reason: JwsRejection["reason"]): JwsRejection {
  return { kind: "rejected", reason };
}

/**
 * The bytes of a canonical base64url text (RFC 7515 §2): no padding, no white space, no other alphabet, no stray bits at the
 * end. Undefined for anything else, and for an empty text.
 */
function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  // Node's decoder accepts nearly everything; encoding again costs less than a regular expression.
  return bytes.length > 0 && bytes.toString("base64url") === text ? bytes : undefined;
}

/** Whether a signature belongs to this ASCII text. Never throws. */
export type SignatureCheck = (signed: string, signature: Uint8Array) => boolean;

/** Creates the check for one key, with everything prepared once. The key must suit the algorithm. */
export function prepareSignatureCheck(key: KeyObject, algorithm: Algorithm): SignatureCheck {
  const { digest } = algorithm;
  const signatureBytes = algorithm.signatureBytes ?? rsaBytes(key);
  const checkContent = isSymmetric(algorithm) ? macCheck(key, String(digest)) : publicKeyCheck(key, algorithm);
  if (signatureBytes === undefined) return checkContent;
  // OpenSSL itself is less strict about the length of some signatures.
  return (signed, signature) => signature.length === signatureBytes && checkContent(signed, signature);
}

/** The length of the modulus (RFC 8017 §8.1.2): OpenSSL also accepts a PSS signature without its leading zeros. */
function rsaBytes({ asymmetricKeyDetails: details }: KeyObject): number | undefined {
  return details?.modulusLength === undefined ? undefined : Math.ceil(details.modulusLength / 8);
}

function macCheck(key: KeyObject, digest: string): SignatureCheck {
  return (signed, signature) => timingSafeEqual(createHmac(digest, key).update(signed).digest(), signature);
}

function publicKeyCheck(key: KeyObject, { digest, padding }: Algorithm): SignatureCheck {
  const options =
    padding === "pss"
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : { key, dsaEncoding: "ieee-p1363" as const };
  // A bare key is the fastest form, and RSA needs no more.
  const how = padding === undefined && key.asymmetricKeyType === "rsa" ? key : options;
  return (signed, signature) => {
    try {
      // The older call takes text, which is faster than converting to bytes; only the newer one works without a digest.
      return digest === null
        ? verify(null, Buffer.from(signed, "latin1"), how, signature)
        : createVerify(digest).update(signed).verify(how, signature);
    } catch {
      // OpenSSL throws for bytes that it can't parse as a signature.
      return false;
    }
  };
}
