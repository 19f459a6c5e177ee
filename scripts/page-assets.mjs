import { readFileSync } from "node:fs";

/** The constants by which the files of pages and reports get into the bundle, and into the tests of the sources. */
export function pageAssets() {
  const read = (path) => JSON.stringify(readFileSync(new URL(`../src/${path}`, import.meta.url), "utf8"));
  return {
    VTB_SETUP_ADMIN_STYLE: read("admin/assets/style.css"),
    VTB_SETUP_ADMIN_SCRIPT: read("admin/assets/script.js"),
    VTB_SETUP_REPORT_STYLE: read("report/assets/page.css"),
    VTB_SETUP_REPORT_SCRIPT: read("report/assets/page.js"),
  };
}
