// Makes the screenshots of docs/admin.md, with the tests' browser and a database that a file has filled: `npm run screenshots`.

import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { status } = spawnSync(join(root, "node_modules/.bin/vitest"), ["run", "--project", "screenshots"], {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;

const folder = join(root, "docs/images");
for (const name of readdirSync(folder)) {
  console.log(`${name}: ${Math.round(statSync(join(folder, name)).size / 1000)} kB`);
}
