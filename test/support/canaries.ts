import { randomBytes } from "node:crypto";

/** Made-up secrets, and a search for them in everything that a run leaves behind. */
export interface Canaries {
  /** A unique secret, remembered under its name. */
  readonly make: (name: string) => string;
  /** Remembers a secret whose text matters. */
  readonly add: (name: string, secret: string) => string;
  /** The names of the secrets that occur in what was written, plain or encoded. */
  readonly foundIn: (written: string | Buffer) => readonly string[];
}

/** Most of them begin with it, so that most texts need not be searched for each of them. */
const stem = "kanarie";
const stems = encodings(stem);

export function createCanaries(): Canaries {
  const needles = new Map<string, readonly string[]>();
  const add = (name: string, secret: string): string => {
    needles.set(name, encodings(secret));
    return secret;
  };
  return {
    add,
    make: (name) => add(name, `${stem}-${name}-${randomBytes(16).toString("hex")}`),
    foundIn: (written) => {
      const text = Buffer.from(written).toString("latin1");
      const hasStem = stems.some((form) => text.includes(form));
      return [...needles]
        .filter(([, forms]) => hasStem || !forms[0]?.startsWith(stem))
        .filter(([, forms]) => forms.some((form) => text.includes(form)))
        .map(([name]) => name);
    },
  };
}

function encodings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const plain = [secret, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(secret)];
  return [
    ...plain.map((form) => Buffer.from(form).toString("latin1")),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
    ...[0, 1, 2].flatMap((shift) => base64Inside(bytes, shift)),
  ];
}

/** What base64 of a longer text holds, where the secret begins `shift` bytes into a group of three. */
function base64Inside(bytes: Buffer, shift: number): readonly string[] {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const inside = encoded.slice(Math.ceil((shift * 8) / 6), ((shift + bytes.length) % 3) * -1 || undefined);
  return [inside, inside.replaceAll("+", "-").replaceAll("/", "_")];
}
