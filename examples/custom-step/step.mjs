// A custom step: who is called when something changes. Used with --steps examples/custom-step/step.mjs

import { createResourceTable, defineKind, defineStep, flag, json, sealed, secret, text } from "vtb-setup";
import * as z from "zod";

/** How webhooks are kept: a row each, the secret sealed. */
const webhook = defineKind({
  name: "webhook",
  table: "webhooks",
  keyColumn: "name",
  columns: {
    url: text("url"),
    secret: sealed("secret"),
    events: json("events", []),
    active: flag("active", true),
  },
  migrations: [
    {
      name: "webhook:0001",
      up: (db) =>
        createResourceTable(db, {
          name: "webhooks",
          keyColumn: "name",
          texts: ["url", "events"],
          optionalTexts: ["secret"],
          integers: ["active"],
        }),
    },
  ],
});

const item = z.strictObject({
  name: z.string().min(1).max(50).describe("The webhook's name, unique among webhooks."),
  url: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).describe("Where to send it."),
  secret: secret({ test: (plain) => plain.length >= 16, expected: "expected at least 16 characters" }).describe(
    "What the calls are signed with.",
  ),
  events: z.array(z.enum(["created", "changed", "deleted"])).describe("What it is called for."),
  active: z.boolean().default(true).describe("Whether it is called."),
});

const webhooks = defineStep({
  flag: "webhooks_config_enable",
  namespace: "webhooks_config",
  title: "Webhooks",
  kinds: [webhook],
  schema: z.strictObject({ items: z.array(item).describe("The webhooks.") }),
  declare: ({ items }) =>
    items.map(({ name, url, secret, events, active }, index) =>
      // In one order, so that writing them in another one changes nothing.
      webhook.resource(name, { url, secret, events: [...new Set(events)].sort(), active }, ["items", index]),
    ),
  review: ({ items }) =>
    items.flatMap(({ url }, index) =>
      url.startsWith("http:")
        ? [
            {
              severity: "warning",
              code: "INSECURE_URL",
              message: "this webhook is called without encryption",
              hint: "write an https URL",
              path: ["items", index, "url"],
            },
          ]
        : [],
    ),
  // How `vtb-setup export` writes a webhook: its secret as the variable that will hold it.
  writers: [
    {
      kind: webhook.name,
      list: "items",
      write: ({ key, attributes: { url, events, active } }, variable) => ({
        name: key,
        url,
        secret: variable("SECRET"),
        events,
        active,
      }),
    },
  ],
});

export const steps = [webhooks];
export const kinds = [webhook];
