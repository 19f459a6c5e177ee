import * as crypto from "node:crypto";
import { promisify } from "node:util";
import type { Secret } from "./secret.js";

const scrypt = promisify<crypto.BinaryLike, crypto.BinaryLike, number, crypto.ScryptOptions, Buffer>(crypto.scrypt);

const logCost = 15;
const blockSize = 8;
const parallelization = 1;
const saltBytes = 16;
const keyBytes = 32;
// Node's default, 32 MiB, is what scrypt's table alone takes.
const maxMemoryBytes = 64 * 1024 * 1024;

/**
 * The password as a PHC string, `$scrypt$ln=15,r=8,p=1$salt$key`, both in base64 without padding. Takes 32 MiB and some
 * 100 ms on purpose: passwords are short.
 *
 * @param randomBytes makes the salt
 */
export async function hashPassword(
  password: Secret,
  randomBytes: (size: number) => Uint8Array = crypto.randomBytes,
): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await scrypt(password.reveal(), salt, keyBytes, {
    cost: 2 ** logCost,
    blockSize,
    parallelization,
    maxmem: maxMemoryBytes,
  });
  return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelization}$${unpadded(salt)}$${unpadded(key)}`;
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
