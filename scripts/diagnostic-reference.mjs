import { readFileSync } from "node:fs";

/** The constant by which the table of codes in docs/diagnostics.md gets into the bundle, and into the tests of the sources. */
export function diagnosticReference() {
  const document = readFileSync(new URL("../docs/diagnostics.md", import.meta.url), "utf8");
  const [, table = ""] = document.split("\n## The codes\n");
  const rows = [...table.matchAll(/^\| `([A-Z_]+)` \| ([a-z, ]+) \| .+? \| (.+) \|$/gm)];
  const codes = rows.map(([, code, severities, remedy]) => [
    code,
    { severities: severities.split(", "), remedy: plain(remedy) },
  ]);
  return { VTB_SETUP_DIAGNOSTICS: JSON.stringify(JSON.stringify(Object.fromEntries(codes))) };
}

/** A link in a document is a page beside it. */
function plain(markdown) {
  return markdown.replace(/\[([^\]]+)\]\(([^)]+)\)/g, (_, text, target) =>
    text === target || target.startsWith(`${text}#`) ? `docs/${target}` : `${text} (docs/${target})`,
  );
}
