import { createHash } from "node:crypto";
import { easeForeignDuplicates } from "../config/root-keys.js";
import { upgradeDocuments } from "../config/upgrade.js";
import type { Validation } from "../config/validate.js";
import { type Diagnostic, SetupError } from "../errors.js";
import { coreKinds, coreSteps } from "../resources/registry.js";
import { hideScalars, maskLines, quoteSource } from "../yaml/excerpt.js";
import type { Document } from "../yaml/node.js";
import { parseInFull } from "../yaml/parse.js";
import { readDocuments } from "../yaml/read.js";
import type { LoadOptions } from "./options.js";
import { loadDefaults } from "./run.js";
import { refuseClashes, withSteps } from "./step-modules.js";

/** A file whose deprecated spellings were rewritten. */
export interface UpgradedFile {
  readonly file: string;
  /** Of the file that was read, 64 hex digits. */
  readonly sha256: string;
  /** What the file should hold. */
  readonly bytes: Buffer;
  readonly before: readonly MaskedLine[];
  readonly after: readonly MaskedLine[];
}

/** A line of a file, and the same with what may be secret hidden: the first is for comparing alone. */
export interface MaskedLine {
  readonly written: string;
  readonly masked: string;
}

export interface UpgradeResult {
  readonly files: readonly UpgradedFile[];
  /** What only a person can rewrite. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Rewrites the deprecated spellings of files in memory. It needs no variables and reads no secret files.
 *
 * @throws SetupError (invalid) where a file can't be read or parsed
 */
export async function upgrade(files: readonly string[], given: Partial<LoadOptions> = {}): Promise<UpgradeResult> {
  const options = { ...loadDefaults(), ...given };
  const kinds = [...coreKinds, ...withSteps(options.kinds, options.steps)];
  const steps = [...coreSteps, ...options.steps];
  refuseClashes(steps, kinds);
  const { documents, sources, diagnostics } = await readDocuments(files, options.stdin);
  const errors = easeForeignDuplicates(diagnostics, steps).filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new SetupError("invalid", quoteSource(errors, sources, new Set()));
  const upgraded = upgradeDocuments(documents, steps, {
    // What the files mean must not depend on this machine.
    env: {},
    cwd: options.cwd,
    secretsDir: options.secretsDir,
    noEnv: true,
    declareUnknown: true,
    now: options.now,
    kinds: new Map(kinds.map((kind) => [kind.name, kind])),
    parse: parseInFull,
  });
  const changed = documents.flatMap((document, index): readonly UpgradedFile[] => {
    const after = upgraded.documents[index];
    if (after === undefined || after === document) return [];
    return [
      {
        file: document.file,
        sha256: document.sha256,
        bytes: Buffer.from(markOf(document) + after.text),
        before: masked(document, upgraded.before),
        after: masked(after, upgraded.after),
      },
    ];
  });
  const shown = upgraded.before.visibility();
  const quotable = hideScalars(sources, shown.secretKeys);
  return { files: changed, diagnostics: quoteSource(upgraded.diagnostics, quotable, shown) };
}

/** The byte order mark that the file begins with, if any: reading drops it. */
function markOf({ text, sha256 }: Document): string {
  return createHash("sha256").update(`\ufeff${text}`).digest("hex") === sha256 ? "\ufeff" : "";
}

function masked(document: Document, { visibility }: Validation): readonly MaskedLine[] {
  const shown = visibility();
  const [source = document] = hideScalars([document], shown.secretKeys);
  const lines = document.text.split("\n");
  return maskLines(source, shown).map((line, index) => ({ written: lines[index] ?? "", masked: line }));
}
