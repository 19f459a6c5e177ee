import { html as escaped } from "hono/html";

/** A piece of a page. Whatever is put into it is escaped, but other pieces. */
export type Html = ReturnType<typeof escaped>;

export const html = escaped;

export const nothing: Html = html``;
