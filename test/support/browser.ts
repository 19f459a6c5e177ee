import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import chromium from "@sparticuz/chromium";
import { type Browser, chromium as driver } from "playwright-core";

const modules = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** What a browser that people use does not do; a single process also ends with the first of its windows. */
const unusual =
  /^--(?:disable-web-security|allow-running-insecure-content|disable-site-isolation-trials|disable-features=.*|single-process)$/;

/** A real Chromium that reaches this machine alone. Whoever starts it closes it; where it can't be started, tests fail. */
export async function startBrowser(): Promise<Browser> {
  const folder = await unpackedBrowser();
  return driver.launch({
    executablePath: join(folder, "chromium"),
    args: [
      ...chromium.args.filter((argument) => !unusual.test(argument)),
      // Pages of others ask for fonts from elsewhere.
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
  const { TMPDIR } = process.env;
  try {
    // Where the package unpacks to.
    process.env.TMPDIR = unpacking;
    await chromium.executablePath();
    renameSync(unpacking, folder);
  } catch (error) {
    // Another test may have been faster.
    rmSync(unpacking, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
  return folder;
}
