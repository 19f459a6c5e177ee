import { expect, it } from "vitest";
import * as z from "zod";
import { coreKinds, coreSteps } from "../../src/resources/registry.js";

it("lists the steps with their root keys, those first that others depend on", () => {
  expect(coreSteps.map(({ flag, namespace, kinds }) => ({ flag, namespace, kinds }))).toEqual([
    { flag: "groups_config_enable", namespace: "groups_config", kinds: ["group"] },
    { flag: "default_user_configuration_enable", namespace: "default_user_configuration_config", kinds: ["user"] },
    {
      flag: "oidc_db_config_enable",
      namespace: "oidc_db_config_admin_auth",
      kinds: ["oidc_provider", "oidc_client"],
    },
    { flag: "tokenauth_config_enable", namespace: "tokenauth", kinds: ["api_token"] },
  ]);
});

it("declares kinds that exist", () => {
  const known = coreKinds.map((kind) => kind.name);
  for (const step of coreSteps) expect(known).toEqual(expect.arrayContaining([...step.kinds]));
});

it.each(coreSteps.map((step) => [step.title, step] as const))("%s: every field has a description", (_title, step) => {
  const bare: string[] = [];
  collectBare(z.toJSONSchema(step.schema, { io: "input", target: "draft-7", unrepresentable: "any" }), "", bare);
  expect(bare).toEqual([]);
});

it("marks the deprecated fields of a client, and keeps their descriptions", () => {
  const schema = JSON.stringify(
    z.toJSONSchema(coreSteps[2]?.schema ?? z.never(), { io: "input", target: "draft-7", unrepresentable: "any" }),
  );
  // Five provider fields and eight flat options, in the present and in the absent shape.
  expect(schema.match(/"deprecated":true/g)).toHaveLength(26);
  expect(schema).toContain("Deprecated: write it as `options.groups_settings.sync`.");
});

function collectBare(schema: unknown, path: string, bare: string[]): void {
  if (typeof schema !== "object" || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties") {
      for (const [name, field] of Object.entries(value as Record<string, { description?: string }>)) {
        if (!field.description) bare.push(`${path}.${name}`);
        collectBare(field, `${path}.${name}`, bare);
      }
    } else collectBare(value, path, bare);
  }
}
