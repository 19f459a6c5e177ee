import { expect, it } from "vitest";
import { findNode } from "../../src/yaml/node.js";
import { parsed, plain } from "./support.js";

it("follows a path to its node and the position of its key", () => {
  const { root } = parsed("a:\n  - b: 1\n    c: 2\n");
  const { node, keyRange, depth } = findNode(root, ["a", 0, "c"]);
  expect([plain(node), depth, keyRange?.position]).toEqual(["2", 3, { file: "config.yaml", line: 3, column: 5 }]);
  expect(findNode(root, ["a", 0]).keyRange).toBeUndefined();
});

it("stops at the deepest node that there is", () => {
  const { root } = parsed("a:\n  - b: 1\n");
  const { node, depth } = findNode(root, ["a", 0, "x", "y"]);
  expect([plain(node), depth]).toEqual([{ b: "1" }, 2]);
  expect(findNode(root, ["a", 7]).depth).toBe(1);
  expect(findNode(root, ["constructor"]).depth).toBe(0);
});
