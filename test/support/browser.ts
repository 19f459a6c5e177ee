import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as driver } from "playwright-core";

const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** What a browser that people use does not do; a single process also ends with the first of its windows. */
const unusual =
  /^--(?:disable-web-security|allow-running-insecure-content|disable-site-isolation-trials|disable-features=.*|single-process)$/;

/** A real Chromium that reaches this machine alone. The caller closes it; where it cannot be started, tests fail. */
export async function startBrowser(): Promise<Browser> {
  const folder = await unpackedBrowser();
  return driver.launch({
    executablePath: join(folder, "chromium"),
    args: [
      ...chromium.args.filter((argument) => !unusual.test(argument)),
      // Other sites' pages request fonts from elsewhere.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
    env: { ...process.env, FONTCONFIG_PATH: join(folder, "fonts") },
  });
}

/** The folder with the package's browser, unpacked once for each version; whole, or not there. */
async function unpackedBrowser(): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(modules, "@sparticuz/chromium/package.json"), "utf8"));
  const folder = join(modules, ".cache", `chromium-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(join(modules, ".cache"), { recursive: true });
  const unpacking = mkdtempSync(`${folder}-`);
  try {
    await unpackTo(unpacking);
    // The package's own looks for the fonts in folders of another machine.
    writeFileSync(
      join(unpacking, "fonts/fonts.conf"),
      `<fontconfig><dir>${join(folder, "fonts/fonts")}</dir><cachedir>${join(folder, "fonts-cache")}</cachedir></fontconfig>\n`,
    );
    renameSync(unpacking, folder);
  } catch (error) {
    // Another test may have been faster.
    rmSync(unpacking, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** In a separate process, since the package unpacks to the folder for temporary files, which is the whole process's. */
async function unpackTo(folder: string): Promise<void> {
  const script = 'import chromium from "@sparticuz/chromium"; await chromium.executablePath();';
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: modules,
    env: { ...process.env, TMPDIR: folder },
  });
}
