import { execFileSync } from "node:child_process";
import { type Document, type MappingNode, type Node, type RawDiagnostic, ScalarNode } from "../../src/yaml/node.js";
import { parseDocument } from "../../src/yaml/parse.js";

export function parse(text: string) {
  return parseDocument("config.yaml", Buffer.from(text));
}

/** A document without any diagnostic. */
export function parsed(text: string): Document & { readonly root: MappingNode } {
  const { document, diagnostics } = parse(text);
  if (diagnostics.length > 0 || !document?.root) throw new Error(`not clean: ${JSON.stringify(diagnostics)}`);
  return { ...document, root: document.root };
}

/** A node as plain values: every scalar as its text, null where it means null. */
export function plain(node: Node | undefined): unknown {
  if (node === undefined) return undefined;
  if (node.kind === "mapping") {
    return Object.fromEntries(Array.from(node.entries, ([key, { value }]) => [key, plain(value)]));
  }
  if (node.kind === "sequence") return node.items.map(plain);
  if (node instanceof ScalarNode) return node.isNull() ? null : node.text();
  return "<unresolved>";
}

/** Code and position of each, such as `DUPLICATE_KEY 2:1`. */
export function summary(diagnostics: readonly RawDiagnostic[]): readonly string[] {
  return diagnostics.map(({ code, range }) => `${code} ${range?.position.line}:${range?.position.column}`);
}

export function makePipe(path: string): void {
  execFileSync("sh", ["-c", 'mkfifo "$1"', "sh", path]);
}
