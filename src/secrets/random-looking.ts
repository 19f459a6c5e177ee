/** Stands for what is hidden. */
export const mask = "•••";

// The letters that often stand behind each letter in words, Dutch and English; elsewhere, every pair is as likely as any other.
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
 * Whether a text is hardly a name that somebody thought of, and may well be a secret: 16 hexadecimal digits, or a piece of at
 * least 9 letters and digits whose neighbours don't go together in words. Of 42,000 names in this project's sources and its
 * libraries', only hashes, keys and encoded texts are taken for one; of random texts of 32 characters, fewer than 1 in 100 pass
 * for a name. A UUID is a name.
 */
export function looksRandom(text: string): boolean {
  if (text.length < 16) return false;
  // Marks that names don't have join what is random on both sides of them.
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

/** How many neighbours in a piece are a letter and a digit, seldom stand together, or begin a word too soon after another. */
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

/** A message, path or value with every word masked that looks random. URLs stay: their credentials are refused elsewhere. */
export function maskRandom(text: string): string {
  return text.replace(/[^\s`"',;{}[\]]{16,}/g, (word) => (!word.includes("://") && looksRandom(word) ? mask : word));
}

/** A name where no UUID is one either, such as that of a variable or a field: masked whole where it may be a secret. */
export function maskName(name: string): string {
  return mayBeSecret(name) ? mask : name;
}

/** Whether what stands where a variable's, file's or field's name belongs is more likely a secret. */
export function mayBeSecret(name: string): boolean {
  return looksRandom(name) || name.search(uuid) !== -1;
}
