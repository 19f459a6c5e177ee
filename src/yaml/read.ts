import * as fs from "node:fs";
import { promisify } from "node:util";
import { explainAccess } from "../secrets/file-access.js";
import { Secret } from "../secrets/secret.js";
import { type DecodedFile, decodeFile } from "./decode.js";
import type { Document, RawDiagnostic, Source } from "./node.js";
import { parseSimple } from "./parse-simple.js";

interface ReadResult {
  readonly documents: readonly Document[];
  /** Every file that was read, in order, including those that could not be parsed: needed for quoting. */
  readonly sources: readonly Source[];
  readonly diagnostics: readonly RawDiagnostic[];
}

/** A file, a directory, `-` for standard input, or an object that says what a file would. */
export type ConfigSource = string | Readonly<Record<string, unknown>>;

// Those of node:fs/promises load what reads lines as well, which takes longer than reading a small file.
const stat = promisify(fs.stat);
const readdir = promisify(fs.readdir);
const open = promisify(fs.open);
const fstat = promisify(fs.fstat);
const read = promisify(fs.read);
const close = promisify(fs.close);

const maxBytes = 64 * 1024 * 1024;

/**
 * Reads and parses files, directories (their `*.yaml` and `*.yml`, sorted by name), `-` for standard input, and objects. Reads each
 * file once. Names are shown as given; an object's is `<object>`.
 */
export async function readDocuments(given: readonly ConfigSource[], stdin: () => Promise<Buffer>): Promise<ReadResult> {
  const documents: Document[] = [];
  const sources: Source[] = [];
  const diagnostics: RawDiagnostic[] = [];
  const seen = new Set<string>();
  const listed = await Promise.all(
    given.map(async (source) => (typeof source === "string" ? listFiles(source) : [writeObject(source)])),
  );
  for (const found of listed.flat()) {
    const result = found.kind === "path" ? await readPath(found.path, stdin, seen) : found;
    if (result.kind === "failed") {
      diagnostics.push(result.diagnostic);
      continue;
    }
    const parsed = parseSimple(result.decoded) ?? (await import("./parse.js")).parseInFull(result.decoded);
    if (parsed.document) documents.push(parsed.document);
    sources.push(parsed.source);
    for (const diagnostic of parsed.diagnostics) diagnostics.push(diagnostic);
  }
  return { documents, sources, diagnostics };
}

/** The path itself, or a directory's files. */
async function listFiles(path: string): Promise<readonly Listed[]> {
  const isDirectory =
    path !== "-" &&
    (await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    ));
  if (!isDirectory) return [{ kind: "path", path }];
  try {
    const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/i.test(name)).sort();
    if (names.length > 0) return names.map((name) => ({ kind: "path", path: `${path.replace(/\/+$/, "")}/${name}` }));
  } catch (error) {
    return [unreadable(path, error)];
  }
  // Docker creates a folder in place of a missing mounted file.
  if (/\.ya?ml$/.test(path)) {
    const diagnostic = explainAccess("the file", path, "read");
    if (diagnostic) return [failed({ severity: "error", code: "FILE_DENIED", ...diagnostic })];
  }
  return [
    refuse(
      `the directory ${path} has no *.yaml or *.yml file`,
      "name the files themselves, or rename them to end in .yaml or .yml",
    ),
  ];
}

/** A file to read, or why there is none. */
type Listed = { readonly kind: "path"; readonly path: string } | FailedRead;

type Read = ReadFile | FailedRead;

interface FailedRead {
  readonly kind: "failed";
  readonly diagnostic: RawDiagnostic;
}

interface ReadFile {
  readonly kind: "read";
  /** Without its bytes, which are no longer needed. */
  readonly decoded: DecodedFile;
}

/** As JSON, which is YAML: positions, values and everything else are checked as in a file. */
function writeObject(object: object): ReadFile {
  const reveal = function (this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
    const original = this[name];
    return original instanceof Secret ? original.reveal() : value;
  };
  return { kind: "read", decoded: decodeFile("<object>", Buffer.from(JSON.stringify(object, reveal, 2))) };
}

async function readPath(path: string, stdin: () => Promise<Buffer>, seen: Set<string>): Promise<Read> {
  if (path === "-") {
    if (isSeen(seen, path)) return refuse("standard input is passed twice", "pass `-` only once");
    const bytes = await stdin();
    return bytes.length > maxBytes
      ? tooLarge("standard input")
      : { kind: "read", decoded: decodeFile("<stdin>", bytes) };
  }
  try {
    const descriptor = await open(path, "r");
    try {
      const stats = await fstat(descriptor);
      if (stats.isDirectory()) return refuse(`${path} is a directory inside a directory`, "name its files themselves");
      if (isSeen(seen, `${stats.dev}:${stats.ino}`))
        return refuse(`the file ${path} is passed twice`, "pass it only once");
      const bytes = await readBytes(descriptor, stats.size, maxBytes);
      return bytes ? { kind: "read", decoded: decodeFile(path, bytes) } : tooLarge(`the file ${path}`);
    } finally {
      await close(descriptor);
    }
  } catch (error) {
    return unreadable(path, error);
  }
}

function isSeen(seen: Set<string>, identity: string): boolean {
  if (seen.has(identity)) return true;
  seen.add(identity);
  return false;
}

const causes: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  ENOENT: ["does not exist", "check the path; it is relative to the working directory"],
  ENOTDIR: ["does not exist", "check the path; a part of it is a file, not a directory"],
  ENXIO: ["can't be opened", "pass `-` to read standard input"],
};

function unreadable(path: string, error: unknown): FailedRead {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  const diagnostic = /^E(?:ACCES|PERM|ROFS|ISDIR)$/.test(code) ? explainAccess("the file", path, "read") : undefined;
  if (diagnostic) return failed({ severity: "error", code: "FILE_DENIED", ...diagnostic });
  const [message, hint] = causes[code] ?? [`can't be read (${code})`, "check that it is a readable file"];
  return refuse(`the file ${path} ${message}`, hint);
}

function tooLarge(what: string): FailedRead {
  return refuse(`${what} is larger than 64 MiB`, "check that it is the right one; split it into several files");
}

function refuse(message: string, hint: string): FailedRead {
  return failed({ severity: "error", code: "FILE_UNREADABLE", message, hint });
}

function failed(diagnostic: RawDiagnostic): FailedRead {
  return { kind: "failed", diagnostic };
}

/** Reads to the end, or returns undefined beyond `maxBytes`. Pipes and devices report no size. */
async function readBytes(descriptor: number, size: number, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let total = 0;
  for (let room = Math.min(size, maxBytes) + 1; ; room = 65_536) {
    const chunk = Buffer.allocUnsafe(room);
    const { bytesRead } = await read(descriptor, chunk, 0, room, null);
    if (bytesRead === 0) return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, total);
    chunks.push(chunk.subarray(0, bytesRead));
    total += bytesRead;
    if (total > maxBytes) return undefined;
  }
}
