import { decodeBase64url } from "./base64url.js";
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

export type ParseJws = (token: string) => CompactJws | JwsFault;

const longestToken = 16 * 1024;
const longestHeader = 4 * 1024;
const longestKid = 1024;
const rememberedHeaders = 64;

// Critical extensions, other payload encodings, compression, encryption, nested tokens: none is supported.
const refusedMembers = ["crit", "b64", "zip", "enc", "p2c", "p2s", "epk", "cty"] as const;

/** Makes a parser. It remembers the last headers, since a key's tokens have the same one. */
export function createJwsParser(): ParseJws {
  const headers = new Map<string, JoseHeader>();
  return (token) => {
    if (token.length > longestToken) return fault("too_long");
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
  if (text.length > longestHeader) return fault("malformed_header");
  const bytes = decodeBase64url(text);
  if (!bytes) return fault("malformed");
  const header = parseJsonObject(bytes);
  if (!header) return fault("malformed_header");
  const unsupported = refusedMembers.find((name) => Object.hasOwn(header, name));
  if (unsupported) return { ...fault("unsupported_header"), member: unsupported };
  const { alg, kid, typ } = header;
  if (typeof alg !== "string" || !isOptionalText(kid) || !isOptionalText(typ)) return fault("malformed_header");
  return kid !== undefined && kid.length > longestKid ? fault("malformed_header") : { alg, kid, typ };
}

function fault(reason: JwsFault["reason"]): JwsFault {
  return { kind: "fault", reason };
}
