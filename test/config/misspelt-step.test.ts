import { describe, expect, it } from "vitest";
import * as z from "zod";
import { secret as secretField } from "../../src/config/fields.js";
import { defineStep, type StepDiagnostic } from "../../src/config/step.js";
import { createResourceTable, createSetTable } from "../../src/database/create-table.js";
import { type DiagnosticCode, SetupError } from "../../src/errors.js";
import type { StepResource } from "../../src/plan/resource.js";
import { flag, integer, json, reference, sealed, setOf, text } from "../../src/resources/columns.js";
import { group, user } from "../../src/resources/kinds.js";
import { coreKinds } from "../../src/resources/registry.js";
import { defineKind } from "../../src/resources/table-kind.js";
import { Secret } from "../../src/secrets/secret.js";
import { contextOf, validate } from "./from-yaml.js";

const definition = {
  name: "webhook",
  table: "webhooks",
  keyColumn: "name",
  columns: {
    url: text("url"),
    note: text("note", null),
    secret: sealed("secret"),
    events: json<readonly string[]>("events", []),
    active: flag("active", true),
    contact: reference("contact_id", user, null),
    readers: setOf("webhook_readers", { rowColumn: "webhook_id", memberColumn: "user_id", target: user }, []),
  },
} as const;
const webhook = defineKind(definition);

/** Nothing asks it before the mistake is found. */
const noDatabase = {} as never;
const migrate = () => Promise.resolve();
const secret = new Secret("a secret that no message shows");
const path = ["items", 0];
const url = "https://a.example/";
const right = { url, secret };
const parts = {
  title: "Webhooks",
  flag: "webhooks_enable",
  namespace: "webhooks",
  kinds: [webhook],
  schema: z.strictObject({}),
} as const;

/** The mistakes that are told of a step with this `declare` and `review`. */
function mistakesOf(
  declare: () => readonly StepResource<"webhook">[],
  review: () => readonly StepDiagnostic[] = () => [],
): readonly string[] {
  return thrownBy(() => {
    const step = defineStep({ ...parts, declare, review });
    const kinds = new Map([...coreKinds, webhook].map((kind) => [kind.name, kind]));
    validate("webhooks_enable: true\nwebhooks: {}\n", [step], contextOf({}, { kinds }));
  });
}

function thrownBy(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    expect(error.diagnostics.map(({ code }) => code)).toEqual(error.diagnostics.map(() => "STEP_INVALID"));
    expect(JSON.stringify(error.diagnostics)).not.toContain(secret.reveal());
    return error.diagnostics.map(({ message, hint = "" }) => `${message} (${hint.split("\n", 1)[0]})`);
  }
  return [];
}

const ofKind = "the step Webhooks: the kind webhook";
const resource = "the step Webhooks: a resource of the kind webhook";

/** Each is misspelt in one place, which the compiler reports as well. */
const misspelt: readonly (readonly [string, () => readonly string[], readonly string[]])[] = [
  [
    "an attribute",
    () =>
      mistakesOf(() => [
        // @ts-expect-error
        webhook.resource("a", { ...right, notte: "n" }, path),
        // @ts-expect-error
        webhook.resource("b", { ulr: url, secret }, path),
      ]),
    [
      `${ofKind} has no attribute \`notte\` (did you mean \`note\`?)`,
      `${ofKind} has no attribute \`ulr\` (did you mean \`url\`?)`,
      `${resource} has no value for the attribute \`url\` (give it a value; or give its column an initial value, and it may be left out)`,
    ],
  ],
  [
    "a field whose value becomes an attribute",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { url: { url }.ulr, secret }, path)]),
    [
      `${resource} has no value for the attribute \`url\` (give it a value; or give its column an initial value, and it may be left out)`,
    ],
  ],
  [
    "the type of a text",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { ...right, url: 7 }, path)]),
    ["the step Webhooks: the attribute `url` of the kind webhook is a number (give it a text)"],
  ],
  [
    "the type of a secret",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { ...right, secret: secret.reveal() }, path)]),
    [
      "the step Webhooks: the attribute `secret` of the kind webhook is a text (give it a secret, which a field made with `secret()` has)",
    ],
  ],
  [
    "the type of a boolean",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { ...right, active: "yes" }, path)]),
    ["the step Webhooks: the attribute `active` of the kind webhook is a text (give it true or false)"],
  ],
  [
    "a list with a secret in it",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { ...right, events: [secret] }, path)]),
    [
      "the step Webhooks: the attribute `events` of the kind webhook is a list (give it a value that JSON can hold, without secrets)",
    ],
  ],
  [
    "a reference",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { ...right, contact: ["jan"] }, path)]),
    ["the step Webhooks: the attribute `contact` of the kind webhook is a list (give it a text, or null)"],
  ],
  [
    "a set",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { ...right, readers: "jan" }, path)]),
    ["the step Webhooks: the attribute `readers` of the kind webhook is a text (give it a list of texts)"],
  ],
  [
    "the owner",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", { ...right, owner: "shop" }, path)]),
    [`${ofKind} has no attribute \`owner\` (a resource's owner is that of the run: remove it, and use --owner)`],
  ],
  [
    "an attribute among `fields`",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource("a", right, path, { contcat: ["contact"] })]),
    [`${ofKind} has no attribute \`contcat\` (did you mean \`contact\`?)`],
  ],
  [
    "the key and the path",
    // @ts-expect-error
    () => mistakesOf(() => [webhook.resource({ name: "a" }.naem, right)]),
    [
      `${resource} has no key (give it a text: webhook.resource(key, attributes, path))`,
      `${resource} has no path (set it to where the entry is in the namespace, such as ["items", index])`,
    ],
  ],
  [
    "a resource that no kind made",
    // @ts-expect-error
    () => mistakesOf(() => [{ kind: "webhok", key: "a", attributes: right, path }]),
    ["the step Webhooks: it declares a resource of the kind `webhok`, which does not exist (did you mean `webhook`?)"],
  ],
  [
    "a kind that the step does not list",
    // @ts-expect-error
    () => mistakesOf(() => [group.resource("lezers", { permissions: [] }, path)]),
    [
      "the step Webhooks: it declares the kind group, which is not among its `kinds` (add group to the step's `kinds`: pruning looks at these)",
    ],
  ],
  [
    "what `declare` returns",
    // @ts-expect-error
    () => mistakesOf(() => ({ webhooks: [] })),
    ["the step Webhooks: `declare` returns an object (return a list of resources)"],
  ],
  [
    "the code and severity of a diagnostic",
    () =>
      mistakesOf(
        () => [],
        // @ts-expect-error
        () => [{ severity: "warn", code: "WEAK_TOKN", message: "m", path }],
      ),
    [
      "the step Webhooks: `review` gives a diagnostic with an unknown code (did you mean `WEAK_TOKEN`?)",
      "the step Webhooks: `review` gives a diagnostic with an unknown severity (write `error` or `warning`)",
    ],
  ],
  [
    "a property of the step",
    // @ts-expect-error
    () => thrownBy(() => defineStep({ ...parts, delcare: () => [] })),
    [
      "the step Webhooks has no property `delcare` (did you mean `declare`?)",
      "the step Webhooks has no `declare` (give it a function from the parsed configuration to a list of resources)",
    ],
  ],
  [
    "the kinds of the step, as names",
    // @ts-expect-error
    () => thrownBy(() => defineStep({ ...parts, kinds: ["webhook"], declare: () => [] })),
    [
      "`kinds` of the step Webhooks has something else than kinds (list the kinds themselves, as defineKind returned them, and not their names)",
    ],
  ],
  [
    "a property of the kind",
    // @ts-expect-error
    () => thrownBy(() => defineKind({ ...definition, keyColunm: "name" })),
    ["the kind webhook has no property `keyColunm` (did you mean `keyColumn`?)"],
  ],
  [
    "a column",
    // @ts-expect-error
    () => thrownBy(() => defineKind({ ...definition, columns: { url: "url" } })),
    ['the kind webhook: `url` has no column (give it one, such as text("url"))'],
  ],
  [
    "the kind that a reference names",
    // @ts-expect-error
    () => thrownBy(() => defineKind({ ...definition, columns: { contact: reference("contact_id", { user }.usr) } })),
    [
      "the kind webhook: `contact` refers to something that is not a kind (give it a kind: what defineKind returned, or user, group, oidcProvider, oidcClient or apiToken of vtb-setup)",
    ],
  ],
  [
    "the columns of a set",
    // @ts-expect-error
    () => thrownBy(() => setOf("webhook_readers", { rowColum: "webhook_id", memberColumn: "user_id" })),
    [
      "the set webhook_readers has no property `rowColum` (did you mean `rowColumn`?)",
      "the set webhook_readers has no `rowColumn` (give it the column with the id of the resource's row)",
    ],
  ],
  [
    "a migration",
    // @ts-expect-error
    () => thrownBy(() => defineKind({ ...definition, migrations: [{ name: "webhook:0001", upp: migrate }] })),
    ["the kind webhook has a list as its `migrations` (give it a list such as [{ name, up }])"],
  ],
];

describe("a step written in JavaScript", () => {
  it.each(misspelt)("is refused where it misspells %s, which it names", (_, told, expected) => {
    expect(told()).toEqual(expected);
  });

  it("has near twins that are taken: all attributes, without the optional ones, with null, and an absent one", () => {
    const all = { ...right, note: "n", events: ["created"], active: false, contact: "jan", readers: ["jan", "piet"] };
    const declared = mistakesOf(
      () => [
        webhook.resource("a", all, path, { contact: ["contact", "name"] }),
        webhook.resource("b", right, path),
        webhook.resource("c", { ...right, note: null, contact: null, active: undefined }, path),
        webhook.absent("d", path),
      ],
      () => [{ severity: "warning", code: "WEAK_TOKEN" satisfies DiagnosticCode, message: "m", path }],
    );
    expect(declared).toEqual([]);
  });

  it.each([
    // @ts-expect-error
    ["a check of secret()", () => secretField({ tset: () => true, expected: "x" }), "secret() has no property `tset`"],
    // @ts-expect-error
    ["a text of secret()", () => secretField({ test: () => true, expectd: "x" }), "secret() has no property `expectd`"],
    // @ts-expect-error
    ["the type of an initial value", () => integer("port", "993"), "the initial value of the column port is a text"],
  ])("is refused where it misspells %s", (_, work, expected) => {
    expect(thrownBy(work)[0]).toContain(expected);
  });

  it.each([
    // @ts-expect-error
    ["createResourceTable", () => createResourceTable(noDatabase, { name: "a", keyColumn: "b", textz: [] }), "textz"],
    // @ts-expect-error
    ["createSetTable", () => createSetTable(noDatabase, { name: "a", rowTabel: "b" }), "rowTabel"],
  ])("is refused where it misspells a property of %s", (what, work, name) => {
    expect(work).toThrow(new RegExp(`^${what} has no property .${name}.; it has name, `));
  });

  it("is told each mistake once, however many entries have it", () => {
    const many = Array.from({ length: 50 }, (_, index) => `w${index}`);
    // @ts-expect-error
    const told = mistakesOf(() => many.map((key) => webhook.resource(key, { ...right, activ: true }, path)));
    expect(told).toEqual([`${ofKind} has no attribute \`activ\` (did you mean \`active\`?)`]);
  });

  it("has the columns that vtb-setup keeps refused, as attribute and as column, and one column for two", () => {
    const columns = {
      owner: text("shop"),
      made: text("created_at"),
      title: text("name"),
      one: text("x"),
      two: text("x"),
    };
    expect(thrownBy(() => defineKind({ ...definition, columns }))).toEqual([
      expect.stringMatching(/^the kind webhook: `owner` has the name `owner`, which is reserved \(choose another name/),
      expect.stringMatching(/^the kind webhook: `made` has the name `created_at`, which is reserved/),
      "the kind webhook: `title` has the column `name`, which is that of its key (give each its own column)",
      "the kind webhook: `two` has the column `x`, which is that of `one` (give each its own column)",
    ]);
  });

  it.each([
    [
      "a name that does not exist",
      // @ts-expect-error
      () => webhok.resource("a", right, path),
      "`declare` threw ReferenceError: webhok is not defined",
    ],
    [
      "a method that does not exist",
      // @ts-expect-error
      () => webhook.abesnt("a", path),
      "`declare` threw TypeError: webhook.abesnt is not a function",
    ],
    ["a secret in a text", () => Object(null)[secret.reveal()].url, "(reading 'url')"],
    ["a secret as a name", () => (null as unknown as Record<string, string>)[secret.reveal()], "(reading '[secret]')"],
    [
      "an error of its own, which may quote a value",
      () => {
        throw new RangeError(secret.reveal());
      },
      "`declare` threw RangeError, whose text is not shown",
    ],
  ])("names the step where its code has %s", (_, work, expected) => {
    const step = defineStep({
      ...parts,
      schema: z.strictObject({ secret: secretField() }),
      declare: () => [work()] as never,
    });
    const told = thrownBy(() => {
      validate(`webhooks_enable: true\nwebhooks: {secret: ${secret.reveal()}}\n`, [step], contextOf());
    });
    expect(told).toEqual([expect.stringMatching(/^the step Webhooks: .* \(correct it there:\)$/)]);
    expect(told[0]).toContain(expected);
  });
});
