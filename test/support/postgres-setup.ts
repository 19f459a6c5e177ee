import { afterAll, beforeAll, beforeEach, inject } from "vitest";
import { useSchemas } from "./databases.js";
import { type FreshSchemas, freshSchemas } from "./fresh-schemas.js";
import { copiesDropped } from "./migrated-database.js";

// Runs before each test file of the postgres project.
let schemas: FreshSchemas;

beforeAll(async () => {
  schemas = await freshSchemas(inject("postgresUrl"));
  await schemas.refill();
  useSchemas(schemas);
});

beforeEach(() => schemas.refill());

afterAll(async () => {
  useSchemas(undefined);
  await schemas.drop();
  await copiesDropped();
}, 120_000);
