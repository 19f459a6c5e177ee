/** A value of every type that JSON has, with those that have broken programs: what claims and metadata may turn out to be. */
export const jsonValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  7,
  -1,
  1e308,
  "",
  "text",
  [],
  ["text"],
  [7],
  [null],
  [["text"]],
  {},
  { text: 1 },
  { toString: 1 },
  { valueOf: 1, toString: 1 },
  { length: 1, 0: "text" },
  { toJSON: 1 },
];

export const isText = (value: unknown): boolean => typeof value === "string";
export const isFilledText = (value: unknown): boolean => isText(value) && value !== "";
export const isTextOrTexts = (value: unknown): boolean =>
  isText(value) || (Array.isArray(value) && value.every(isText));
export const isMissing = (value: unknown): boolean => value === null;
