import type { ListFormat } from "../report/list-format.js";
import { listText } from "../report/list-format.js";
import type { AdminContext } from "./context.js";
import { type Html, html } from "./html/html.js";
import type { AdminRequest } from "./routes.js";
import { commonTexts } from "./texts.js";
import type { View } from "./view.js";

export type DownloadFormat = "csv" | "json";

const types: Readonly<Record<DownloadFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  json: "application/json; charset=utf-8",
};

/** The format that an address asks for; CSV for anything else. */
export function formatIn(written: string | undefined): DownloadFormat {
  return written === "json" ? "json" : "csv";
}

/**
 * Answers with a list as a file, read and sent page by page. Where it can't be read to its end, the connection breaks, so that nobody
 * takes a part for the whole.
 *
 * @param name of the file, without its ending
 */
export function download<Item>(
  c: AdminRequest,
  { now, report }: AdminContext,
  name: string,
  format: DownloadFormat,
  { pages, as }: { readonly pages: AsyncIterable<readonly Item[]>; readonly as: ListFormat<Item> },
): Response {
  const parts = listText(pages, as);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      try {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      } catch (error) {
        report({ kind: "admin_failed", path: c.req.path, error });
        controller.error(error);
      }
    },
    cancel: async () => void (await parts.return(undefined)),
  });
  const file = `${name}-${new Date(now()).toISOString().slice(0, 10)}.${format}`;
  return c.body(body, 200, {
    "Content-Type": types[format],
    "Content-Disposition": `attachment; filename="${file}"`,
  });
}

/** Links to what a page lists, as files. */
export function downloadLinks(
  view: View,
  path: string,
  query: Readonly<Record<string, string | undefined>> = {},
): Html {
  const t = commonTexts[view.language].download;
  const link = (format: DownloadFormat) =>
    html`<a href="${view.url(path, { ...query, format })}" download>${t[format]}</a>`;
  return html`<p class="actions">${link("csv")} ${link("json")}</p>`;
}
