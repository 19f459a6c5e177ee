/**
 * The bytes of a canonical base64url text (RFC 7515 §2): no padding, no white space, no other alphabet, no stray bits at the
 * end. Undefined for anything else, and for an empty text.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  // Node's decoder forgives nearly everything; writing it again costs less than a regular expression.
  return bytes.length > 0 && bytes.toString("base64url") === text ? bytes : undefined;
}
