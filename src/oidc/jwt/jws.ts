import { constants, createHmac, createVerify, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import { type Algorithm, isSymmetric } from "./algorithm.js";
import { isOptionalText, type JsonObject, parseJsonObject } from "./json-object.js";

/** The parts of a header that are looked at. Keys that it brings or points to are not among them (RFC 8725 §3.10). */
export interface JoseHeader {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
}

/** A JWT in the compact form of RFC 7515, taken apart and not yet checked. */
export interface CompactJws {
  readonly kind: "jws";
  readonly header: JoseHeader;
  readonly claims: JsonObject;
  /** What the signature is of: two texts of base64url with a dot between them. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

/** Why a text is not one that is accepted, in a word. */
interface JwsFault {
  readonly kind: "fault";
  readonly reason: "too_long" | "malformed" | "malformed_header" | "malformed_payload" | "unsupported_header";
  /** The member of the header that is to blame. */
  readonly member?: string;
}

type ParseJws = (token: string) => CompactJws | JwsFault;

const maxToken = 16 * 1024;
const maxHeader = 4 * 1024;
const maxKid = 1024;
const rememberedHeaders = 64;

// Critical extensions, other payload encodings, compression, encryption, nested tokens: none is supported.
const refusedMembers = ["crit", "b64", "zip", "enc", "p2c", "p2s", "epk", "cty"] as const;

/** Makes a parser. It remembers the last headers, since a key's tokens have the same one. */
export function createJwsParser(): ParseJws {
  const headers = new Map<string, JoseHeader>();
  return (token) => {
    if (token.length > maxToken) return fault("too_long");
    const first = token.indexOf(".");
    const second = token.indexOf(".", first + 1);
    if (first < 1 || second < 0) return fault("malformed");
    const headerText = token.slice(0, first);
    let header = headers.get(headerText);
    if (!header) {
      const parsed = parseHeader(headerText);
      if ("kind" in parsed) return parsed;
      header = parsed;
      if (headers.size >= rememberedHeaders) headers.clear();
      headers.set(headerText, header);
    }
    const payload = decodeBase64url(token.slice(first + 1, second));
    // A third dot is not of the alphabet.
    const signature = decodeBase64url(token.slice(second + 1));
    if (!payload || !signature) return fault("malformed");
    const claims = parseJsonObject(payload);
    if (!claims) return fault("malformed_payload");
    return { kind: "jws", header, claims, signed: token.slice(0, second), signature };
  };
}

function parseHeader(text: string): JoseHeader | JwsFault {
  if (text.length > maxHeader) return fault("malformed_header");
  const bytes = decodeBase64url(text);
  if (!bytes) return fault("malformed");
  const header = parseJsonObject(bytes);
  if (!header) return fault("malformed_header");
  const unsupported = refusedMembers.find((name) => Object.hasOwn(header, name));
  if (unsupported) return { ...fault("unsupported_header"), member: unsupported };
  const { alg, kid, typ } = header;
  if (typeof alg !== "string" || !isOptionalText(kid) || !isOptionalText(typ)) return fault("malformed_header");
  return kid !== undefined && kid.length > maxKid ? fault("malformed_header") : { alg, kid, typ };
}

function fault(reason: JwsFault["reason"]): JwsFault {
  return { kind: "fault", reason };
}

/**
 * The bytes of a canonical base64url text (RFC 7515 §2): no padding, no white space, no other alphabet, no stray bits at the
 * end. Undefined for anything else, and for an empty text.
 */
function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  // Node's decoder forgives nearly everything; writing it again costs less than a regular expression.
  return bytes.length > 0 && bytes.toString("base64url") === text ? bytes : undefined;
}

/** Whether a signature is that of this ASCII text. Never throws. */
export type SignatureCheck = (signed: string, signature: Uint8Array) => boolean;

/** Makes the check for one key, once: what can be prepared is. The key must suit the algorithm. */
export function prepareSignatureCheck(key: KeyObject, algorithm: Algorithm): SignatureCheck {
  const { digest } = algorithm;
  const signatureBytes = algorithm.signatureBytes ?? rsaBytes(key);
  const checkContent = isSymmetric(algorithm) ? macCheck(key, String(digest)) : publicKeyCheck(key, algorithm);
  if (signatureBytes === undefined) return checkContent;
  // OpenSSL itself is less strict about the length of some.
  return (signed, signature) => signature.length === signatureBytes && checkContent(signed, signature);
}

/** As many as the modulus has (RFC 8017 §8.1.2): OpenSSL takes a PSS signature without its leading zeros. */
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
      // The older call takes text, which is faster than making bytes of it; the newer alone can do without a digest.
      return digest === null
        ? verify(null, Buffer.from(signed, "latin1"), how, signature)
        : createVerify(digest).update(signed).verify(how, signature);
    } catch {
      // What OpenSSL can't even read as a signature is none.
      return false;
    }
  };
}
