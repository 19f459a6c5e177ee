import { describe, expect, it } from "vitest";
import { createProblems } from "../../src/verifier/problem.js";
import { makeWorld, principalIn, problemIn, token, tokenValue } from "./verifier-world.js";

const both = 'Bearer realm="api", Token realm="api"';

describe("the answer to a rejected client", () => {
  it("S1 asks for a Bearer or a Token, without an error, where there is no Authorization header", async () => {
    const { authenticate } = await makeWorld([]);
    const outcome = await authenticate(undefined);
    expect(outcome.kind).toBe("anonymous");
    expect(problemIn(outcome)).toEqual({
      status: 401,
      headers: {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "WWW-Authenticate": both,
      },
      body: {
        type: "/ref/fouten/NotAuthenticated/",
        code: "not_authenticated",
        title: "Authenticatiegegevens zijn niet opgegeven.",
        status: 401,
        detail: "Authenticatiegegevens zijn niet opgegeven.",
        instance: expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/),
      },
    });
  });

  it("has the members of Django programs in their order, and another instance each time", async () => {
    const { authenticate } = await makeWorld([]);
    const first = problemIn(await authenticate(undefined)).body;
    expect(Object.keys(first)).toEqual(["type", "code", "title", "status", "detail", "instance"]);
    expect(problemIn(await authenticate(undefined)).body.instance).not.toBe(first.instance);
  });

  it.each(["Basic YTpi", "Digest a", "Negotiate YIIB"])(
    "S5 answers %s with the challenges, without the database",
    async (header) => {
      const world = await makeWorld([token("forms", tokenValue)]);
      await world.verifier.close();
      expect(problemIn(await world.authenticate(header)).headers["WWW-Authenticate"]).toBe(both);
      await expect(world.authenticate(`Token ${tokenValue}`)).rejects.toThrow("DATABASE_UNREACHABLE");
    },
  );

  it("names the error at the scheme that was used (RFC 6750 §3.1)", async () => {
    const { authenticate } = await makeWorld([token("forms", tokenValue)]);
    const challenge = async (header: string) => problemIn(await authenticate(header)).headers["WWW-Authenticate"];
    expect(await challenge("Token nobodys")).toBe('Bearer realm="api", Token realm="api", error="invalid_token"');
    expect(await challenge("Bearer a.b.c")).toBe('Bearer realm="api", error="invalid_token", Token realm="api"');
    principalIn(await authenticate(`Token ${tokenValue}`));
  });

  it("S6 escapes the realm, refuses one that can't stand in a header, and echoes nothing of the request", async () => {
    const realm = 'a "b" \\ c';
    const { authenticate } = await makeWorld([], { realm });
    const problem = problemIn(await authenticate("Token c4n4ry"));
    expect(problem.headers["WWW-Authenticate"]).toMatch(/^Bearer realm="a \\"b\\" \\\\ c", Token /);
    expect(JSON.stringify(problem)).not.toContain("c4n4ry");
    expect(() => createProblems("a\r\nSet-Cookie: b", "nl")).toThrow(
      new TypeError("the realm must be printable ASCII"),
    );
  });

  it("S7 is never kept by a cache, and is 403 only for a missing permission", async () => {
    const { verifier, authenticate } = await makeWorld([token("forms", tokenValue)]);
    const refused = await verifier.authorize(`Token ${tokenValue}`, "taken.add_externetaak");
    const problem = refused.kind === "refused" ? refused.problem : undefined;
    expect(problem).toMatchObject({
      status: 403,
      headers: {
        "Cache-Control": "no-store",
        "WWW-Authenticate": 'Bearer realm="api", Token realm="api", error="insufficient_scope"',
      },
      body: { type: "/ref/fouten/PermissionDenied/", code: "permission_denied", status: 403 },
    });
    const bad = problemIn(await authenticate("Token nobodys"));
    expect([bad.status, bad.headers["Cache-Control"]]).toEqual([401, "no-store"]);
    expect((await verifier.authorize(`Token ${tokenValue}`, "taken.view_externetaak")).kind).toBe("allowed");
  });

  it("is in English where the options say so", async () => {
    const { authenticate } = await makeWorld([], { language: "en" });
    expect(problemIn(await authenticate("Token a b")).body).toMatchObject({
      title: "Incorrect authentication credentials.",
      detail: "Invalid token header. Token string should not contain spaces.",
    });
  });
});
