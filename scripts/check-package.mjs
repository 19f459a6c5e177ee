// Checks what `npm pack` would publish: its manifest, its types, and that the command starts from these files alone.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const maxBytes = 1_450_000;
const maxUnpackedBytes = 5_400_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vtb-setup-package-"));

function check(command, ...args) {
  execFileSync(join(root, "node_modules/.bin", command), args, { cwd: root, stdio: "inherit" });
}

try {
  const options = ["--ignore-scripts", "--json", "--pack-destination", folder];
  const [{ filename, files, size, unpackedSize }] = JSON.parse(
    execFileSync("npm", ["pack", ...options], { cwd: root, encoding: "utf8" }),
  );
  const tarball = join(folder, filename);
  check("publint", "--strict", tarball);
  check("attw", "--profile", "esm-only", tarball);

  execFileSync("tar", ["-xzf", tarball, "-C", folder]);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const started = execFileSync(join(folder, "package/bin/vtb-setup.js"), ["--version"], { encoding: "utf8" }).trim();
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (started !== version) throw new Error(`the packed command says that it is ${started}, not ${version}`);
  console.log(`${files.length} files, ${Math.round(size / 1000)} kB, ${Math.round(unpackedSize / 1000)} kB unpacked`);
  if (size > maxBytes || unpackedSize > maxUnpackedBytes) throw new Error("the package has grown too big");
  const unexpected = files.filter(({ path }) => /^(src|test|scripts)\/|\.(db|key|tgz|png)$/.test(path));
  if (unexpected.length > 0) throw new Error(`not for publishing: ${unexpected.map(({ path }) => path).join(", ")}`);
} finally {
  rmSync(folder, { recursive: true });
}
