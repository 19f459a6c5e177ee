import { existsSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import * as z from "zod";
import {
  createResourceTable,
  defineKind,
  defineStep,
  type StepResource,
  sealed,
  secret,
  text,
} from "../../src/index.js";
import { type TestDatabase, type TestDatabaseOptions, testDatabase, testStep } from "../../src/testing/index.js";
import { createVerifier } from "../../src/verifier/index.js";
import { sealingEnv, temporaryDatabase } from "../support/databases.js";

async function database(
  config: string | Record<string, unknown>,
  options: TestDatabaseOptions = {},
): Promise<TestDatabase> {
  const made = await testDatabase(config, { database: temporaryDatabase(), env: sealingEnv(), ...options });
  onTestFinished(() => made.close());
  return made;
}

const item = { identifier: "tests", contact_person: "Tests", email: "tests@gemeente.example" };

describe("testDatabase", () => {
  it("applies the text of a file, or an object that says the same", async () => {
    const token = "a-token-of-the-tests-0123456789abcdef";
    const made = await database(`
tokenauth_config_enable: true
tokenauth:
  items:
    - identifier: tests
      contact_person: Tests
      email: tests@gemeente.example
      token: ${token}
`);
    const same = { tokenauth_config_enable: true, tokenauth: { items: [{ ...item, token }] } };
    expect(await made.plan(same)).toMatchObject({ outcome: "unchanged" });
    const renamed = { ...same, tokenauth: { items: [{ ...item, token, contact_person: "Others" }] } };
    expect((await made.plan(renamed)).changes).toMatchObject([{ action: "update", key: "tests" }]);
    expect(await made.apply(renamed)).toMatchObject({ outcome: "applied" });
  });

  it("gives the generated token that a verifier takes", async () => {
    const made = await database({
      tokenauth_config_enable: true,
      tokenauth: { items: [{ ...item, token: { generate: true }, permissions: ["taken.view_externetaak"] }] },
    });
    const verifier = await createVerifier({ database: made.url });
    onTestFinished(() => verifier.close());
    const outcome = await verifier.authenticate(`Token ${made.generatedToken("tests")}`);
    expect(outcome.kind === "authenticated" && outcome.principal.hasPermission("taken.view_externetaak")).toBe(true);
    expect(() => made.generatedToken("others")).toThrow("no token was generated for others");
  });

  it("shows where an object is wrong, as in a file", async () => {
    const wrong = {
      tokenauth_config_enable: true,
      tokenauth: { items: [{ ...item, token: "c0ffee7a5b1d42e98f3061d7a4e2b9c85f10", emial: "a@b.nl" }] },
    };
    await expect(database(wrong)).rejects.toMatchObject({
      diagnostics: [
        expect.objectContaining({
          code: "UNKNOWN_FIELD",
          path: "tokenauth.items.0.emial",
          position: expect.objectContaining({ file: "<object>", line: 10 }),
        }),
      ],
    });
  });

  it("deletes its own database when it is closed", async () => {
    const made = await testDatabase({ groups_config_enable: true, groups_config: { items: [{ name: "lezers" }] } });
    const file = made.url.replace("sqlite:", "");
    expect(existsSync(file)).toBe(true);
    await made[Symbol.asyncDispose]();
    expect(existsSync(file)).toBe(false);
  });
});

const webhook = defineKind({
  name: "webhook",
  table: "webhooks",
  keyColumn: "name",
  columns: { url: text("url"), secret: sealed("secret") },
  migrations: [
    {
      name: "webhook:0001",
      up: (db) =>
        createResourceTable(db, { name: "webhooks", keyColumn: "name", texts: ["url"], optionalTexts: ["secret"] }),
    },
  ],
});

const entry = z.strictObject({
  name: z.string(),
  url: z.url(),
  secret: secret({ test: (plain) => plain.length >= 16, expected: "expected at least 16 characters" }),
});

function webhookStep(declare: (config: { items: z.output<typeof entry>[] }) => readonly StepResource<"webhook">[]) {
  return defineStep({
    flag: "webhooks_config_enable",
    namespace: "webhooks_config",
    title: "Webhooks",
    kinds: [webhook],
    schema: z.strictObject({ items: z.array(entry) }),
    declare,
  });
}

describe("testStep", () => {
  const values = { items: [{ name: "archief", url: "https://archief.example/hook", secret: "0123456789abcdef0123" }] };
  const options = () => ({ kinds: [webhook], database: temporaryDatabase(), env: sealingEnv() });

  it("takes entries through plan and apply until nothing is left to change", async () => {
    const step = webhookStep(({ items }) =>
      items.map(({ name, ...attributes }) => webhook.resource(name, attributes, ["items"])),
    );
    const { changes } = await testStep(step, values, options());
    expect(changes).toMatchObject([{ action: "create", kind: "webhook", key: "archief" }]);
    expect(JSON.stringify(changes)).not.toContain("0123456789abcdef");
  });

  it("fails where a step declares something else each time", async () => {
    let calls = 0;
    const step = webhookStep(({ items }) =>
      items.map(({ name, url, secret }) => {
        calls += 1;
        return webhook.resource(name, { url: `${url}?${calls}`, secret }, ["items"]);
      }),
    );
    await expect(testStep(step, values, options())).rejects.toThrow(
      "would change again what it has applied: update webhook archief (url)",
    );
  });

  it("throws the diagnostics of wrong values", async () => {
    const step = webhookStep(() => []);
    await expect(testStep(step, { items: [{ name: "x", url: "no" }] }, options())).rejects.toMatchObject({
      reason: "invalid",
    });
  });
});
