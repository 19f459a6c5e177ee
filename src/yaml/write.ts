import { Document, isNode, visit } from "yaml";

/**
 * The text of a file, in YAML that means the same in versions 1.1 and 1.2: what could be taken for anything but a text is quoted.
 *
 * @param comment its first lines, without the `#`
 * @param remarks what stands behind a value, by its path in JSON, such as `["tokenauth","items",0,"token"]`
 */
export function writeYaml(
  value: object,
  comment: readonly string[],
  remarks: ReadonlyMap<string, string> = new Map(),
): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (key, node) => {
      if (key === "key" || typeof node.value !== "string") return;
      node.type = isPlain(node.value) ? "PLAIN" : "QUOTE_DOUBLE";
    },
  });
  for (const [path, remark] of remarks) {
    const node = document.getIn(JSON.parse(path) as readonly (string | number)[], true);
    if (isNode(node)) node.comment = ` ${remark}`;
  }
  const lines = comment.map((line) => `#${line === "" ? "" : ` ${line}`}\n`);
  return `${lines.join("")}${document.toString({ lineWidth: 0, indentSeq: true })}`;
}

const otherMeanings = /^(?:true|false|yes|no|on|off|y|n|t|f|null|inf|nan)$/i;

/** Whether a text needs no quotes: names, URLs and addresses do not, words that are booleans or null do. */
export function isPlain(text: string): boolean {
  return /^[a-z](?:[\w./@+-]|:(?=[\w/]))*$/i.test(text) && !otherMeanings.test(text);
}
