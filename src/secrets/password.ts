import * as crypto from "node:crypto";
import { promisify } from "node:util";
import { type ForeignHash, parseForeignHash, verifyForeignHash } from "./foreign-hash.js";
import { Secret } from "./secret.js";

const scrypt = promisify<crypto.BinaryLike, crypto.BinaryLike, number, crypto.ScryptOptions, Buffer>(crypto.scrypt);

interface Cost {
  /** Binary logarithm of scrypt's N. */
  readonly logCost: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

const cost: Cost = { logCost: 15, blockSize: 8, parallelization: 1 };
const saltBytes = 16;
const keyBytes = 32;
// Node's default of 32 MiB is only as large as scrypt's table.
const maxMemoryBytes = 64 * 1024 * 1024;
const phcForm = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{43})$/;

/**
 * Hashes a password to a PHC string, `$scrypt$ln=15,r=8,p=1$salt$key`, with salt and key in base64 without padding. Takes 32 MiB
 * and some 100 ms on purpose: passwords are short.
 *
 * @param randomBytes generates the salt
 */
export async function hashPassword(
  password: Secret,
  randomBytes: (size: number) => Uint8Array = crypto.randomBytes,
): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await derive(password, salt, cost);
  const { logCost, blockSize, parallelization } = cost;
  return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelization}$${unpadded(salt)}$${unpadded(key)}`;
}

/** `outdated`: right, but hash it again, since the current parameters differ. */
export type PasswordCheck = "right" | "outdated" | "wrong";

/**
 * Checks a password against a hash from {@link hashPassword}, or one that was imported, which is always outdated. Without a hash,
 * or with an unreadable one, it takes as long as with one of ours and is wrong: nobody learns which usernames exist.
 */
export async function verifyPassword(password: Secret, hash: string | null): Promise<PasswordCheck> {
  const stored = parsePasswordHash(hash ?? "");
  if (stored && "scheme" in stored) return (await verifyForeignHash(password, stored)) ? "outdated" : "wrong";
  const key = await derive(password, stored?.salt ?? Buffer.alloc(saltBytes), stored?.cost ?? cost);
  if (!stored || !crypto.timingSafeEqual(key, stored.key)) return "wrong";
  const isCurrent = stored.cost.logCost === cost.logCost && stored.cost.blockSize === cost.blockSize;
  return isCurrent && stored.cost.parallelization === cost.parallelization ? "right" : "outdated";
}

/** A password's hash in the place of the password, for a row that takes it over as it is. */
export class PasswordHash extends Secret {}

interface OwnHash {
  readonly cost: Cost;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** A hash that {@link verifyPassword} accepts; undefined for any other text. */
export function parsePasswordHash(hash: string): OwnHash | ForeignHash | undefined {
  return parseOwnHash(hash) ?? parseForeignHash(hash);
}

function parseOwnHash(hash: string): OwnHash | undefined {
  const [, logCost, blockSize, parallelization, salt, key] = phcForm.exec(hash) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const written = {
    logCost: Number(logCost),
    blockSize: Number(blockSize),
    parallelization: Number(parallelization),
  };
  // Higher costs are not from here, and would take more memory than a sign-in may.
  if (written.logCost < 1 || written.logCost > cost.logCost || written.blockSize < 1) return undefined;
  if (written.blockSize > cost.blockSize || written.parallelization < 1) return undefined;
  return { cost: written, salt: Buffer.from(salt, "base64"), key: Buffer.from(key, "base64") };
}

function derive(password: Secret, salt: Uint8Array, { logCost, blockSize, parallelization }: Cost): Promise<Buffer> {
  const options = { cost: 2 ** logCost, blockSize, parallelization, maxmem: maxMemoryBytes };
  return scrypt(password.reveal(), salt, keyBytes, options);
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
