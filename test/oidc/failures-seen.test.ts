import type { RequestListener } from "node:http";
import { describe, expect, it } from "vitest";
import { fetchMetadata } from "../../src/oidc/discovery.js";
import { createGuardedFetch } from "../../src/oidc/guarded-fetch.js";
import { readDocument } from "../docs/markdown.js";
import { discover, metadata } from "../support/discovery-document.js";
import { always, serve } from "../support/http-server.js";

type Answer = (origin: string) => RequestListener;

const saying =
  (more: object): Answer =>
  (origin) =>
    always(200, { ...metadata(origin), ...more });

/** Each way in which a discovery document is unavailable or unusable. */
const cases: Readonly<Record<string, Answer>> = {
  "an error of the server": () => always(503, ""),
  "a wrong path": () => always(404, ""),
  "a refusal": () => always(401, ""),
  "a redirect elsewhere": () => always(302, "", { location: "https://login.example.nl/realms/vtb" }),
  "a redirect in a circle": () => always(302, "", { location: "/" }),
  "a page": () => always(200, "<html>", { "content-type": "text/html" }),
  "no JSON": () => always(200, "{", { "content-type": "application/json" }),
  "an answer of 600 kB": saying({ pad: "x".repeat(600_000) }),
  "another issuer": saying({ issuer: "https://login.example.nl/realms/vtb" }),
  "no issuer": saying({ issuer: undefined }),
  "no keys": saying({ jwks_uri: undefined }),
  "keys elsewhere": saying({ jwks_uri: "https://keys.example.nl/jwks" }),
  "an endpoint that is no URL": saying({ token_endpoint: "/token" }),
  "a member of another type": saying({ code_challenge_methods_supported: "S256" }),
};

const sentences = new Map(
  readDocument("docs/diagnostics.md")
    .split("\n")
    .flatMap((line) => {
      const [, code, , meaning, remedy] = /^\| `(\w+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/.exec(line) ?? [];
      return code === undefined ? [] : [[code, `${meaning} ${remedy}`] as const];
    }),
);

/** What `apply` and, without it, the verifier's log say of it. */
async function see(what: string, answer: Answer): Promise<string> {
  let listener: RequestListener = always(500, "");
  const { origin, close } = await serve((request, response) => listener(request, response));
  listener = answer(origin);
  const result = await discover(origin);
  const runtime = await fetchMetadata({ discoveryEndpoint: origin }, createGuardedFetch({ timeoutMs: 5000 }));
  await close();
  expect(result.kind).not.toBe("found");
  if (result.kind === "found") return "";
  const code = result.kind === "invalid" ? "DISCOVERY_INVALID" : "DISCOVERY_UNREACHABLE";
  const lines = [
    `# ${what}`,
    `apply  ${code} oidc_provider idp: ${result.message}`,
    `  fix  ${result.hint}`,
    `log    provider_failed: ${runtime.kind === "metadata" ? "nothing" : runtime.message}`,
    `docs   ${sentences.get(code)}`,
  ];
  return lines.join("\n").replaceAll(origin, "https://idp.example.nl");
}

describe("a discovery that fails", () => {
  it("is seen by apply, in the log and in the documentation as the snapshot says", async () => {
    const seen: string[] = [];
    for (const [what, answer] of Object.entries(cases)) seen.push(await see(what, answer));
    await expect(`${seen.join("\n\n")}\n`).toMatchFileSnapshot("failures-seen.txt");
  });
});
