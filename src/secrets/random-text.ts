import * as crypto from "node:crypto";

export const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * A text of that many characters, each with 5.95 random bits.
 *
 * @param random gives that many random bytes
 */
export function randomText(length: number, random: (size: number) => Uint8Array = crypto.randomBytes): string {
  // Bytes from 248 on would make the first eight characters likelier than the others.
  const fair = 256 - (256 % base62.length);
  let characters = "";
  while (characters.length < length) {
    for (const byte of random(length - characters.length)) {
      if (byte < fair) characters += base62.charAt(byte % base62.length);
    }
  }
  return characters;
}
