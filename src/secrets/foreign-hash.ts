import * as crypto from "node:crypto";
import { promisify } from "node:util";
import type { Secret } from "./secret.js";

const pbkdf2 = promisify(crypto.pbkdf2);
const scrypt = promisify<crypto.BinaryLike, crypto.BinaryLike, number, crypto.ScryptOptions, Buffer>(crypto.scrypt);

interface Hash {
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** A password's hash as Django stores it, with what it costs to check. */
export type ForeignHash =
  | (Hash & { readonly scheme: "pbkdf2"; readonly digest: "sha256" | "sha1"; readonly iterations: number })
  | (Hash & {
      readonly scheme: "scrypt";
      readonly cost: number;
      readonly blockSize: number;
      readonly parallelization: number;
    })
  | (Hash & {
      readonly scheme: "argon2id" | "argon2i";
      /** In KiB. */
      readonly memory: number;
      readonly passes: number;
      readonly lanes: number;
    });

// Above what Django has ever used by default, and still no way to occupy a server with one sign-in.
const maxIterations = 5_000_000;
const maxMemoryBytes = 256 * 1024 * 1024;
const maxPasses = 16;
const maxLanes = 64;

const base64 = "[A-Za-z0-9+/]{4,172}={0,2}";
const pbkdf2Form = new RegExp(`^pbkdf2_(sha256|sha1)\\$(\\d{1,8})\\$([^$]{1,128})\\$(${base64})$`);
const scryptForm = new RegExp(`^scrypt\\$(\\d{1,7})\\$([^$]{1,128})\\$(\\d{1,2})\\$(\\d{1,2})\\$(${base64})$`);
const argon2Form = new RegExp(
  `^argon2\\$(argon2id|argon2i)\\$v=19\\$m=(\\d{1,7}),t=(\\d{1,2}),p=(\\d{1,2})\\$(${base64})\\$(${base64})$`,
);

/**
 * A hash of Django's PBKDF2, scrypt and Argon2 hashers. Undefined for any other text, and for one that takes more time or memory
 * than a sign-in may.
 */
export function parseForeignHash(hash: string): ForeignHash | undefined {
  return parsePbkdf2(hash) ?? parseScrypt(hash) ?? parseArgon2(hash);
}

function parsePbkdf2(hash: string): ForeignHash | undefined {
  const [, digest, rounds, salt = "", encoded = ""] = pbkdf2Form.exec(hash) ?? [];
  if (digest !== "sha256" && digest !== "sha1") return undefined;
  const iterations = Number(rounds);
  const key = Buffer.from(encoded, "base64");
  const isWhole = key.length === (digest === "sha256" ? 32 : 20);
  if (!isWhole || iterations < 1 || iterations > maxIterations) return undefined;
  return { scheme: "pbkdf2", digest, iterations, salt: Buffer.from(salt), key };
}

function parseScrypt(hash: string): ForeignHash | undefined {
  const match = scryptForm.exec(hash);
  if (!match) return undefined;
  const [, workFactor, salt = "", size, lanes, encoded = ""] = match;
  const [cost, blockSize, parallelization] = [Number(workFactor), Number(size), Number(lanes)];
  const isPowerOfTwo = cost > 1 && (cost & (cost - 1)) === 0;
  const key = Buffer.from(encoded, "base64");
  if (!isPowerOfTwo || key.length !== 64 || blockSize < 1 || parallelization < 1 || parallelization > maxPasses) {
    return undefined;
  }
  if (128 * cost * blockSize > maxMemoryBytes) return undefined;
  return { scheme: "scrypt", cost, blockSize, parallelization, salt: Buffer.from(salt), key };
}

function parseArgon2(hash: string): ForeignHash | undefined {
  const match = argon2Form.exec(hash);
  if (!match) return undefined;
  const [, scheme, ...rest] = match;
  const [memory, passes, lanes] = rest.slice(0, 3).map(Number) as [number, number, number];
  const [salt, key] = rest.slice(3).map((encoded) => Buffer.from(encoded, "base64")) as [Buffer, Buffer];
  const isCheap = memory * 1024 <= maxMemoryBytes && passes <= maxPasses && lanes <= maxLanes;
  // RFC 9106 §3.1: what these may be.
  const isValid = passes >= 1 && lanes >= 1 && memory >= 8 * lanes && salt.length >= 8 && key.length >= 16;
  if (!isCheap || !isValid) return undefined;
  return { scheme: scheme === "argon2i" ? "argon2i" : "argon2id", memory, passes, lanes, salt, key };
}

/** An empty password is always wrong: an empty field would be one. */
export async function verifyForeignHash(password: Secret, hash: ForeignHash): Promise<boolean> {
  if (password.reveal() === "") return false;
  return crypto.timingSafeEqual(await derive(password.reveal(), hash), hash.key);
}

async function derive(password: string, hash: ForeignHash): Promise<Uint8Array> {
  const { salt, key } = hash;
  if (hash.scheme === "pbkdf2") return pbkdf2(password, salt, hash.iterations, key.length, hash.digest);
  if (hash.scheme === "scrypt") {
    const { cost, blockSize, parallelization } = hash;
    return scrypt(password, salt, key.length, { cost, blockSize, parallelization, maxmem: 2 * maxMemoryBytes });
  }
  // Only Node 24.7 and newer has it built in. It occupies the thread, but only until the user's first sign-in.
  const { argon2i, argon2id } = await import("hash-wasm");
  return (hash.scheme === "argon2i" ? argon2i : argon2id)({
    password,
    salt,
    parallelism: hash.lanes,
    iterations: hash.passes,
    memorySize: hash.memory,
    hashLength: key.length,
    outputType: "binary",
  });
}
