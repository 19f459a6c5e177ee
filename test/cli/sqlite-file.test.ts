import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tokenA, tokenItem, tokens, workplace } from "./outcome.js";

it("exit status 4 is for a file that is no database, and 0 for an empty one", async () => {
  const place = workplace({ "config.yaml": tokens(tokenItem("open-forms", tokenA)) });
  const text = "this is a text, and no database at all; long enough to be looked at\n".repeat(9);
  writeFileSync(join(place.folder, "other.db"), text);
  const apply = () => place.run(["apply", "config.yaml", "--database", "sqlite:other.db"]);
  expect(await apply()).toMatchObject({ status: 4, diagnostics: ["error DATABASE_DAMAGED"] });
  writeFileSync(join(place.folder, "other.db"), "");
  expect((await apply()).status).toBe(0);
});
