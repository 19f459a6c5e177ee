import { createHash } from "node:crypto";

/** Inserted by the build and by the tests from the files in `assets/`, so that the pages read no file. */
declare const VTB_SETUP_ADMIN_STYLE: string;
declare const VTB_SETUP_ADMIN_SCRIPT: string;

/** A file that pages refer to by a name with its digest, so that browsers may keep it for ever. */
export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

export const assets = {
  style: assetOf("style", "css", "text/css; charset=utf-8", VTB_SETUP_ADMIN_STYLE),
  script: assetOf("script", "js", "text/javascript; charset=utf-8", VTB_SETUP_ADMIN_SCRIPT),
} as const;

function assetOf(name: string, extension: string, type: string, text: string): Asset {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { path: `/assets/${name}.${digest}.${extension}`, type, text };
}
