import { LineCounter } from "yaml";
import type { Place } from "./node.js";

/** Gives the place of what stands from offset `start` up to `end`. */
export type Locate = (start: number, end: number) => Place;

/** Prepares a file's line starts, so that a look-up is a binary search. */
export function createLocate(file: string, text: string): Locate {
  const lines = new LineCounter();
  for (let start = 0; start !== -1; ) {
    lines.addNewLine(start);
    const lineBreak = text.indexOf("\n", start);
    start = lineBreak === -1 ? -1 : lineBreak + 1;
  }
  return (start, end) => {
    const { line, col } = lines.linePos(start);
    return { position: { file, line, column: col }, start, end };
  };
}
