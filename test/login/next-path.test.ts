import { describe, expect, it } from "vitest";
import { readNextPath } from "../../src/login/same-origin.js";

const callback = new URL("https://beheer.example.nl/oidc/callback");

describe("S79 the path after a login", () => {
  it.each([
    "/",
    "/beheer",
    "/beheer/tokens?page=2&q=a%2Fb#top",
    "/beheer?next=https://elders.example",
    "/caf%C3%A9",
    "/@iemand",
    "/a//b",
    "/oidc/callback2",
    "/a/../b?terug=/oidc/callback",
  ])("may be %s", (path) => {
    const { pathname, search, hash } = new URL(path, callback);
    expect(readNextPath(path, callback)).toBe(pathname + search + hash);
  });

  it.each([
    undefined,
    "",
    "beheer",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/a\\b",
    "/?a=\\",
    "/%2f%2fevil.example",
    "/%2Fevil.example",
    "/%5cevil.example",
    "/%252f%252fevil.example",
    "/%25252fevil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/%2e//evil.example",
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://evil.example",
    "https://beheer.example.nl@evil.example",
    "https://beheer.example.nl/",
    "//beheer.example.nl@evil.example",
    "@evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " /beheer",
    "/beheer ",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/a\r\nSet-Cookie: x=y",
    "/a%0d%0aSet-Cookie:x=y",
    "/a?b=%0aX",
    "/%00",
    "/\u2028//evil.example",
    "/／evil.example",
    "/。evil.example",
    "/oidc/callback",
    "/oidc/callback?code=1&state=2",
    `/${"a".repeat(1024)}`,
  ])("is the home page instead of %j", (wished) => {
    expect(readNextPath(wished, callback)).toBe("/");
  });

  it("has at most 1024 characters", () => {
    expect(readNextPath(`/${"a".repeat(1023)}`, callback)).toHaveLength(1024);
  });
});
