/** The fields of the form with a version, as a browser would send them untouched. */
export function fieldsOf(page: string): Readonly<Record<string, string>> {
  const [, form = ""] =
    /(<form method="post" action="[^"]*">\s*(?:(?!<\/form>).)*?name="version".*?<\/form>)/s.exec(page) ?? [];
  const fields: Record<string, string> = {};
  for (const [, tag = ""] of form.matchAll(/<input ([^>]*)>/g)) {
    const { name, type, value = "" } = attributesOf(tag);
    const isSent = !["checkbox", "radio"].includes(type ?? "") || /\schecked(?:\s|$)/.test(tag);
    if (name !== undefined && isSent) fields[name] = value;
  }
  for (const [, tag = "", text = ""] of form.matchAll(/<textarea ([^>]*)>(.*?)<\/textarea>/gs)) {
    const { name } = attributesOf(tag);
    if (name !== undefined) fields[name] = unescaped(text);
  }
  for (const [, tag = "", options = ""] of form.matchAll(/<select ([^>]*)>(.*?)<\/select>/gs)) {
    const { name } = attributesOf(tag);
    const chosen = /<option value="([^"]*)" selected>/.exec(options) ?? /<option value="([^"]*)"/.exec(options);
    if (name !== undefined) fields[name] = unescaped(chosen?.[1] ?? "");
  }
  return fields;
}

function attributesOf(tag: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, unescaped(value)]),
  );
}

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

/** The errors of a form, by its fields; those that are at none have an empty name. */
export function errorsIn(page: string): readonly (readonly [field: string, text: string])[] {
  const [, items = ""] = /id="errors-title".*?<ul>(.*?)<\/ul>/s.exec(page) ?? [];
  return [...items.matchAll(/<li>(?:<a href="#([^"]*)">)?(.*?)(?:<\/a>)?<\/li>/gs)].map(
    ([, field = "", text = ""]) => [field, unescaped(text)] as const,
  );
}
