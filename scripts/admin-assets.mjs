import { readFileSync } from "node:fs";

/** The constants by which the admin interface's files get into the bundle, and into the tests of the sources. */
export function adminAssets() {
  const read = (name) => JSON.stringify(readFileSync(new URL(`../src/admin/assets/${name}`, import.meta.url), "utf8"));
  return { VTB_SETUP_ADMIN_STYLE: read("style.css"), VTB_SETUP_ADMIN_SCRIPT: read("script.js") };
}
