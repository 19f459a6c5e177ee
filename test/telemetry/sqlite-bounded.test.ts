import { randomBytes } from "node:crypto";
import { expect, it, onTestFinished } from "vitest";
import { readDocument, tableUnder } from "../docs/markdown.js";
import { encode, makeKey, startIssuer } from "../verifier/bearer/issuer.js";
import { clientOf, providerOf } from "../verifier/bearer/world.js";
import { makeWorld, token, tokenValue } from "../verifier/verifier-world.js";
import { startScraped } from "./scrape.js";

const total = 100_000;

it("100,000 random bad tokens make few series, whose labels are those of the documents", async () => {
  const key = await makeKey("RS256");
  const idp = await startIssuer();
  onTestFinished(() => idp.close());
  idp.keys = [key.jwk];
  const { telemetry, families } = await startScraped();
  const { verifier } = await makeWorld([providerOf(idp), clientOf(), token("a", tokenValue)], { telemetry });
  const random = (bytes = 20) => randomBytes(bytes).toString("hex");
  const now = Math.floor(Date.now() / 1000);
  const jwt = (header: object, claims: object) =>
    `Bearer ${encode({ alg: "RS256", typ: "JWT", ...header })}.${encode({ exp: now + 60, ...claims })}.${random(4)}`;
  const kinds: readonly (() => string)[] = [
    () => `Token ${random()}`,
    () => `Token vtb_${random(23)}`,
    () => `Token ${random()} ${random()}`,
    () => `Bearer ${random()}`,
    () => `Bearer ${random()}.${random()}.${random()}`,
    () => jwt({}, { iss: `https://${random()}.example` }),
    () => jwt({ alg: random(2) }, { iss: idp.issuer, sub: random(), aud: "api" }),
    () => jwt({ kid: random() }, { iss: idp.issuer, sub: random(), aud: "api", scope: random() }),
    () => jwt({ typ: random(3) }, { iss: idp.issuer, sub: random(), aud: random() }),
    () => randomBytes(30).toString("latin1"),
  ];
  for (let done = 0; done < total; done += 1) {
    const { kind } = await verifier.authorize(kinds[done % kinds.length]?.());
    if (kind !== "refused") throw new Error("expected every token to be refused");
  }
  const found = await families();
  const requests = found.find(({ name }) => name === "vtb_setup_verifier_requests_total")?.metrics ?? [];
  expect(requests.reduce((sum, { value }) => sum + Number(value), 0)).toBe(total);
  const document = readDocument("docs/verifier.md");
  const reasons = new Set(
    tableUnder(document, "## Events").flatMap(([names = ""]) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    ),
  );
  const shown = requests.flatMap(({ labels }) => labels?.error_type ?? []);
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.filter((reason) => !reasons.has(reason))).toEqual([]);
  const series = found.reduce((sum, { metrics }) => sum + metrics.length, 0);
  expect(series).toBeLessThan(100);
}, 120_000);
